package cells

import (
	"cmp"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
)

// run adds directions to a graph.
type run struct {
	params       map[string]*G.Node
	opt          Options
	batch, steps int
	first        bool    // the layer is the first
	masks        G.Nodes // (batch, 1) a step; nil without lengths
	activations  []Activation
	// merge returns a plan for a product and its factors. In training they come from
	// params.
	merge func(w weights, opt decomp.PlanOptions) (*decomp.Plan, G.Nodes, error)
}

// product multiplies with a matrix.
type product func(x *G.Node) (*G.Node, error)

// direction runs one over x (batch, steps, n_1, ..., n_d), from a state on or, where
// that is empty, from zeros. It returns h after each step, and the state at the end.
func (r *run) direction(d *direction, x *G.Node, s State) (G.Nodes, State, error) {
	pre, err := r.project(d, x)
	if err != nil {
		return nil, s, errors.Wrapf(err, "cells: %s, input-to-hidden", d.name)
	}
	u, err := r.recurrence(d, x)
	if err != nil {
		return nil, s, errors.Wrapf(err, "cells: %s, hidden-to-hidden", d.name)
	}
	if s.H == nil {
		if s.H, err = graph.Zeros(x, r.batch, d.layer.Hidden()); err != nil {
			return nil, s, err
		}
		s.C = s.H
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

// inTraining merges cores in the graph, once for all products with them.
func (r *run) inTraining(w weights, opt decomp.PlanOptions) (*decomp.Plan, G.Nodes, error) {
	var cores G.Nodes
	for _, c := range w.Cores() {
		cores = append(cores, r.params[w.prefix+c.Name])
	}
	plan := w.Plan(opt)
	factors, err := plan.Merge(cores)
	return plan, factors, err
}

// project returns x·W + b of each step, (batch, gates·hidden). All steps go
// through W at once.
func (r *run) project(d *direction, x *G.Node) (G.Nodes, error) {
	var e Equations
	if p := d.layer.Dropout; r.opt.Training && p > 0 {
		x = e.unary(func(x *G.Node) (*G.Node, error) { return r.opt.dropSteps(p, d.name+".input", x) }, x)
	}
	plan, factors, err := r.merge(d.input, decomp.PlanOptions{Rows: r.batch * r.steps, InputGradient: !r.first})
	if err != nil {
		return nil, err
	}
	y := e.unary(func(x *G.Node) (*G.Node, error) { return plan.Apply(x, factors) }, x)
	r.activations = append(r.activations, Activation{Layer: d.name, Name: Projection, Step: -1, Node: y})
	y = e.binary(plusRow, y, r.params[d.name+biasName])
	// (batch·steps, width) as (batch, steps·width): one step is a block of columns.
	y = e.unary(func(y *G.Node) (*G.Node, error) { return graph.Reshape(y, r.batch, r.steps*d.width()) }, y)
	return e.Split(y, r.steps), e.Err()
}

// plusRow adds a row to all rows of a matrix.
func plusRow(y, row *G.Node) (*G.Node, error) { return G.BroadcastAdd(y, row, nil, []byte{0}) }

// recurrence returns the product of a state with U, what lies around it included:
// dropout, and the candidate's bias. Without a U it is nil.
func (r *run) recurrence(d *direction, x *G.Node) (product, error) {
	if d.recurrent.Matrix == nil {
		return func(*G.Node) (*G.Node, error) { return nil, nil }, nil
	}
	plan, factors, err := r.merge(d.recurrent, decomp.PlanOptions{Rows: r.batch, Uses: r.steps})
	if err != nil {
		return nil, err
	}
	var e Equations
	var mask, bias *G.Node
	if p := d.layer.RecurrentDropout; r.opt.Training && p > 0 {
		mask = e.unary(func(x *G.Node) (*G.Node, error) {
			return r.opt.mask(p, d.name+".recurrent", x, r.batch, d.layer.Hidden())
		}, x)
	}
	if d.layer.CandidateBias {
		bias = r.params[d.name+candidateBiasName] // among zeros for the other gates, (1, gates·hidden)
		if n := slices.IndexFunc(d.gates, func(g Gate) bool { return g.Reset }) * d.layer.Hidden(); n > 0 {
			zeros := e.unary(func(b *G.Node) (*G.Node, error) { return graph.Zeros(b, 1, n) }, bias)
			bias = e.binary(beside, zeros, bias)
		}
		bias = e.unary(func(b *G.Node) (*G.Node, error) { return graph.Pad(b, 1, d.width()) }, bias)
	}
	return func(h *G.Node) (*G.Node, error) {
		var e Equations
		if mask != nil {
			h = e.Mul(h, mask)
		}
		y := e.unary(func(h *G.Node) (*G.Node, error) { return plan.Apply(h, factors) }, h)
		if bias != nil {
			y = e.binary(plusRow, y, bias)
		}
		return y, e.err
	}, e.err
}

// step adds one step, and checks what the cell makes of it.
func (d *direction) step(a *G.Node, s State, u product) (State, G.Nodes, error) {
	hu, err := u(s.H)
	if err != nil {
		return s, nil, err
	}
	next, gates, err := d.layer.Cell.Step(a, hu, s)
	if err != nil {
		return s, nil, err
	}
	if len(gates) != len(d.gates) {
		return s, nil, errors.Errorf("cell %s has %d gates, but its Step returns %d", d.layer.Cell.Name(), len(d.gates), len(gates))
	}
	for _, n := range append(slices.Clone(gates), next.H, cmp.Or(next.C, next.H)) {
		if n == nil || !slices.Equal(n.Shape(), s.H.Shape()) {
			return s, nil, errors.Errorf("cell %s returns a state or gate that is not (batch, hidden) = %v", d.layer.Cell.Name(), s.H.Shape())
		}
	}
	return next, gates, nil
}
