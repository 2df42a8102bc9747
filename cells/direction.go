package cells

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
)

// run adds directions to a graph.
type run struct {
	params       map[string]*G.Node
	merge        func(w weights, plan *decomp.Plan) (G.Nodes, error) // the factors, in inference; nil in training
	opt          Options
	batch, steps int
	first        bool    // the layer is the first
	masks        G.Nodes // (batch, 1) a step; nil without lengths
	activations  []Activation
}

// direction runs one over x (batch, steps, n_1, ..., n_d), from a state on or, where
// that is empty, from zeros. It returns h after each step, and the state at the end.
func (r *run) direction(d *direction, x *G.Node, s State) (G.Nodes, State, error) {
	pre, err := r.project(d, x)
	if err != nil {
		return nil, s, errors.Wrapf(err, "cells: %s, input-to-hidden", d.name)
	}
	u, err := r.recurrence(d)
	if err != nil {
		return nil, s, errors.Wrapf(err, "cells: %s, hidden-to-hidden", d.name)
	}
	if s.H == nil {
		if s.H, err = graph.Zeros(x, r.batch, d.layer.Hidden()); err != nil {
			return nil, s, err
		}
		s.C = s.H
	}
	if p := d.layer.RecurrentDropout; r.opt.Training && p > 0 && u != nil {
		mask, err := r.opt.dropout(p, d.name+".recurrent").mask(x, r.batch, d.layer.Hidden())
		if err != nil {
			return nil, s, err
		}
		whole := u
		u = func(h *G.Node) (*G.Node, error) {
			if h, err = G.HadamardProd(h, mask); err != nil {
				return nil, err
			}
			return whole(h)
		}
	}
	states := make(G.Nodes, r.steps)
	for k := range r.steps {
		t := d.at(k, r.steps)
		next, gates, err := d.step(pre[t], s, u)
		if err != nil {
			return nil, s, errors.Wrapf(err, "cells: %s, step %d", d.name, t)
		}
		r.note(d, t, gates, next)
		if s, err = r.keep(s, next, t); err != nil {
			return nil, s, err
		}
		states[t] = s.H
	}
	return states, s, nil
}

// at returns the step that is the k-th to be run.
func (d *direction) at(k, steps int) int {
	if d.reverse {
		return steps - 1 - k
	}
	return k
}

// times is a product with a matrix.
type times func(x *G.Node) (*G.Node, error)

// times merges the cores of a matrix, once for all products with it.
func (r *run) times(w weights, opt decomp.PlanOptions) (times, error) {
	if r.merge != nil {
		opt = decomp.PlanOptions{Rows: opt.Rows, Inference: true}
	}
	plan := w.Plan(opt)
	var factors G.Nodes
	var err error
	if r.merge != nil {
		factors, err = r.merge(w, plan)
	} else {
		var cores G.Nodes
		for _, c := range w.Cores() {
			cores = append(cores, r.params[w.prefix+c.Name])
		}
		factors, err = plan.Merge(cores)
	}
	return func(x *G.Node) (*G.Node, error) { return plan.Apply(x, factors) }, err
}

// project returns x·W + b of each step, (batch, gates·hidden). All steps go
// through W at once.
func (r *run) project(d *direction, x *G.Node) (G.Nodes, error) {
	var err error
	if p := d.layer.Dropout; r.opt.Training && p > 0 {
		if x, err = r.opt.dropout(p, d.name+".input").steps(x); err != nil {
			return nil, err
		}
	}
	w, err := r.times(d.input, decomp.PlanOptions{Rows: r.batch * r.steps, InputGradient: !r.first})
	if err != nil {
		return nil, err
	}
	y, err := w(x)
	if err != nil {
		return nil, err
	}
	r.activations = append(r.activations, Activation{Layer: d.name, Name: Projection, Step: -1, Node: y})
	if y, err = G.BroadcastAdd(y, r.params[d.name+biasName], nil, []byte{0}); err != nil {
		return nil, err
	}
	// (batch·steps, width) as (batch, steps·width): one step is a block of columns.
	if y, err = graph.Reshape(y, r.batch, r.steps*d.width()); err != nil {
		return nil, err
	}
	return graph.Split(y, 1, r.steps)
}

// recurrence returns the product with U, and the candidate's bias; nil without a U.
func (r *run) recurrence(d *direction) (times, error) {
	if d.recurrent.Matrix == nil {
		return nil, nil
	}
	u, err := r.times(d.recurrent, decomp.PlanOptions{Rows: r.batch, Uses: r.steps})
	if err != nil || !d.layer.CandidateBias {
		return u, err
	}
	// Among zeros for the other gates, (1, gates·hidden).
	bias := r.params[d.name+candidateBiasName]
	if before := slices.IndexFunc(d.gates, func(g Gate) bool { return g.Reset }); before > 0 {
		zeros, err := graph.Zeros(bias, 1, before*d.layer.Hidden())
		if err != nil {
			return nil, err
		}
		if bias, err = graph.Concat(1, zeros, bias); err != nil {
			return nil, err
		}
	}
	if bias, err = graph.Pad(bias, 1, d.width()); err != nil {
		return nil, err
	}
	return func(h *G.Node) (*G.Node, error) {
		y, err := u(h)
		if err != nil {
			return nil, err
		}
		return G.BroadcastAdd(y, bias, nil, []byte{0})
	}, nil
}

// step adds one step, and checks what the cell makes of it.
func (d *direction) step(a *G.Node, s State, u times) (State, G.Nodes, error) {
	var hu *G.Node
	var err error
	if u != nil {
		if hu, err = u(s.H); err != nil {
			return s, nil, err
		}
	}
	next, gates, err := d.layer.Cell.Step(a, hu, s)
	if err != nil {
		return s, nil, err
	}
	if len(gates) != len(d.gates) {
		return s, nil, errors.Errorf("cell %s has %d gates, but its Step returns %d", d.layer.Cell.Name(), len(d.gates), len(gates))
	}
	values := append(G.Nodes{next.H}, gates...)
	if next.C != nil {
		values = append(values, next.C)
	}
	for _, n := range values {
		if n == nil || !slices.Equal(n.Shape(), s.H.Shape()) {
			return s, nil, errors.Errorf("cell %s returns a state or gate that is not (batch, hidden) = %v", d.layer.Cell.Name(), s.H.Shape())
		}
	}
	return next, gates, nil
}
