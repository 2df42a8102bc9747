package cells

import (
	"cmp"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
)

// run adds directions to a graph.
type run struct {
	params       map[string]*G.Node
	values       map[string]*tensor.Dense // of the parameters, for inference; nil in training
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
		t := k
		if d.reverse {
			t = r.steps - 1 - k
		}
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

// merge returns a plan for products with a matrix, and its factors, which are merged
// once for all of them.
func (r *run) merge(w weights, opt decomp.PlanOptions, g *G.ExprGraph) (*decomp.Plan, G.Nodes, error) {
	if r.values != nil {
		return mergedBefore(w, opt.Rows, g, r.values)
	}
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
	var e graph.Equations
	if p := d.layer.Dropout; r.opt.Training && p > 0 {
		mask := e.Do(func() (*G.Node, error) { return r.opt.mask(p, d.name+".input", x, r.batch, d.input.Rows()) })
		x = e.Binary(scaleSteps, x, mask)
	}
	plan, factors, err := r.merge(d.input, decomp.PlanOptions{Rows: r.batch * r.steps, InputGradient: !r.first}, x.Graph())
	if err != nil {
		return nil, err
	}
	y := e.Do(func() (*G.Node, error) { return plan.Apply(x, factors) })
	r.activations = append(r.activations, Activation{Layer: d.name, Name: Projection, Step: -1, Node: y})
	y = e.AddRow(y, r.params[d.name+biasName])
	// (batch·steps, width) as (batch, steps·width): one step is a block of columns.
	return e.Split(e.Reshape(y, r.batch, r.steps*d.width()), r.steps), e.Err()
}

// recurrence returns the product of a state with U, what lies around it included:
// dropout, and the candidate's bias. Without a U it is nil.
func (r *run) recurrence(d *direction, x *G.Node) (func(h *G.Node) (*G.Node, error), error) {
	if d.recurrent.Matrix == nil {
		return func(*G.Node) (*G.Node, error) { return nil, nil }, nil
	}
	plan, factors, err := r.merge(d.recurrent, decomp.PlanOptions{Rows: r.batch, Uses: r.steps}, x.Graph())
	if err != nil {
		return nil, err
	}
	var e graph.Equations
	var mask, bias *G.Node
	if p := d.layer.RecurrentDropout; r.opt.Training && p > 0 {
		mask = e.Do(func() (*G.Node, error) { return r.opt.mask(p, d.name+".recurrent", x, r.batch, d.layer.Hidden()) })
	}
	if d.layer.CandidateBias {
		zeros := e.Do(func() (*G.Node, error) { return graph.Zeros(x, 1, d.layer.Hidden()) })
		all := slices.Repeat(G.Nodes{zeros}, len(d.gates))
		all[slices.IndexFunc(d.gates, func(g Gate) bool { return g.Reset })] = r.params[d.name+candidateBiasName]
		bias = e.Do(func() (*G.Node, error) { return graph.Concat(1, all...) })
	}
	return func(h *G.Node) (*G.Node, error) {
		var e graph.Equations
		if mask != nil {
			h = e.Mul(h, mask)
		}
		y := e.Do(func() (*G.Node, error) { return plan.Apply(h, factors) })
		if bias != nil {
			y = e.AddRow(y, bias)
		}
		return y, e.Err()
	}, e.Err()
}

// step adds one step, and checks what the cell makes of it.
func (d *direction) step(a *G.Node, s State, u func(h *G.Node) (*G.Node, error)) (State, G.Nodes, error) {
	var next State
	var gates G.Nodes
	hu, err := u(s.H)
	if err == nil {
		next, gates, err = d.layer.Cell.Step(a, hu, s)
	}
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
