package cells

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// Options are the options of one forward graph.
type Options struct {
	// Lengths (batch) holds the number of steps of each sequence, as values of
	// x's type. Later steps are padding: their values change neither the state
	// nor any gradient. Nil means that all sequences have all steps.
	Lengths *G.Node
	// Training turns dropout on.
	Training bool
	// Seed and the number of the run determine dropout: run k of two graphs with
	// the same seed drops the same values. Run points to that number, for a
	// caller who runs several graphs or resumes training; nil makes the graph
	// count its own runs from 0.
	Seed uint64
	Run  *uint64
	// Row is the row of this batch's first sequence in a larger batch that
	// several graphs share out. What is dropped depends on the row there.
	Row int
}

// dropout returns the dropout of one place, which has a seed of its own.
func (o Options) dropout(p float64, place string) dropout {
	return dropout{p: p, seed: o.Seed ^ hash(place), run: o.Run, row: o.Row}
}

// Output is the result of a stack for a batch of sequences.
type Output struct {
	Last  *G.Node // (batch, features): the state after each sequence's last step; of a reverse direction, after its first
	Steps G.Nodes // the last layer's state after each step, each (batch, features); padding repeats the state before it

	// Activations are the values inside the layers, in the order in which they
	// are computed.
	Activations []Activation
}

// Forward adds the stack to x's graph. x is (batch, steps, n_1, ..., n_d), where
// n_1·…·n_d is Inputs; params maps the name of each parameter to a node of its
// shape. It returns an error when a shape does not fit or a parameter is
// missing.
func (s *Stack) Forward(x *G.Node, params map[string]*G.Node, opt Options) (*Output, error) {
	shape := x.Shape()
	if x.Dims() < 3 || dims.Size(shape[2:]) != s.Inputs() {
		return nil, errors.Errorf("cells: layer1 input modes %s, but x has shape %v; want (batch, steps, %d)", s.layers[0].reads(), shape, s.Inputs())
	}
	for _, p := range s.Params() {
		n := params[p.Name]
		if n == nil {
			return nil, errors.Errorf("cells: no node for parameter %s", p.Name)
		}
		if !slices.Equal(p.Shape, n.Shape()) {
			return nil, errors.Errorf("cells: parameter %s has shape %v; want %v", p.Name, n.Shape(), p.Shape)
		}
	}
	r := &run{params: params, opt: opt, batch: shape[0], steps: shape[1]}
	x, err := r.mask(x)
	if err != nil {
		return nil, err
	}
	var out *Output
	for k, both := range s.directions {
		if k > 0 {
			if x, err = graph.Concat(1, out.Steps...); err != nil {
				return nil, err
			}
			if x, err = graph.Reshape(x, r.batch, r.steps, s.layers[k-1].Features()); err != nil {
				return nil, err
			}
		}
		if x, err = padded(x, both[0].input.Rows()); err != nil {
			return nil, err
		}
		r.first = k == 0
		if out, err = r.layer(both, x); err != nil {
			return nil, err
		}
	}
	out.Activations = r.activations
	return out, nil
}

// padded appends zeros to each step of x (batch, steps, n_1, ..., n_d), so that it
// has the given number of values.
func padded(x *G.Node, size int) (*G.Node, error) {
	shape := x.Shape()
	n := dims.Size(shape[2:])
	if n == size {
		return x, nil
	}
	reshape := graph.View
	if x.Op() != nil { // an operation of the caller's may write over its value
		reshape = graph.Reshape
	}
	x, err := reshape(x, shape[0], shape[1], n)
	if err != nil {
		return nil, err
	}
	return graph.Pad(x, 2, size)
}

// run is one Forward under way.
type run struct {
	params       map[string]*G.Node
	opt          Options
	batch, steps int
	first        bool    // the layer is the first
	masks        G.Nodes // (batch, 1) a step; nil without lengths
	activations  []Activation
}

// layer runs a layer's directions over x and joins their outputs.
func (r *run) layer(both []*direction, x *G.Node) (*Output, error) {
	steps, err := r.direction(both[0], x)
	if err != nil {
		return nil, err
	}
	out := &Output{Last: steps[r.steps-1], Steps: steps}
	if len(both) == 1 {
		return out, nil
	}
	back, err := r.direction(both[1], x)
	if err != nil {
		return nil, err
	}
	if out.Last, err = graph.Concat(1, out.Last, back[0]); err != nil {
		return nil, err
	}
	for t := range steps {
		if steps[t], err = graph.Concat(1, steps[t], back[t]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// direction returns the states after each step.
func (r *run) direction(d *direction, x *G.Node) (G.Nodes, error) {
	pre, err := r.project(d, x)
	if err != nil {
		return nil, err
	}
	u, err := r.recurrence(d)
	if err != nil {
		return nil, errors.Wrapf(err, "cells: %s, hidden-to-hidden", d.name)
	}
	hidden := d.layer.Hidden()
	zeros, err := graph.Zeros(x, r.batch, hidden)
	if err != nil {
		return nil, err
	}
	drop := func(h *G.Node) (*G.Node, error) { return h, nil }
	if p := d.layer.RecurrentDropout; r.opt.Training && p > 0 && u != nil {
		mask, err := r.opt.dropout(p, d.name+".recurrent").mask(x, r.batch, hidden)
		if err != nil {
			return nil, err
		}
		drop = func(h *G.Node) (*G.Node, error) { return G.HadamardProd(h, mask) }
	}
	states, s := make(G.Nodes, r.steps), State{H: zeros, C: zeros}
	for k := range r.steps {
		t := d.at(k, r.steps)
		h, err := drop(s.H)
		if err != nil {
			return nil, errors.Wrapf(err, "cells: %s, step %d", d.name, t)
		}
		next, gates, err := d.step(pre[t], h, s, u)
		if err != nil {
			return nil, errors.Wrapf(err, "cells: %s, step %d", d.name, t)
		}
		r.note(d, t, gates, next)
		if s, err = r.keep(s, next, t); err != nil {
			return nil, err
		}
		states[t] = s.H
	}
	return states, nil
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
	plan := d.input.Plan(decomp.PlanOptions{Rows: r.batch * r.steps, InputGradient: !r.first})
	y, err := d.input.Product(x, r.cores(d.input), plan)
	if err != nil {
		return nil, errors.Wrapf(err, "cells: %s, input-to-hidden", d.name)
	}
	r.activations = append(r.activations, Activation{Layer: d.name, Name: Projection, Step: -1, Node: y})
	if y, err = G.BroadcastAdd(y, r.params[d.name+biasName], nil, []byte{0}); err != nil {
		return nil, errors.Wrapf(err, "cells: %s, bias", d.name)
	}
	// (batch·steps, width) as (batch, steps·width): one step is a block of columns.
	if y, err = graph.Reshape(y, r.batch, r.steps*d.width()); err != nil {
		return nil, err
	}
	return graph.Split(y, 1, r.steps)
}

// recurrence merges U's cores: they do not change on the way from step to step.
func (r *run) recurrence(d *direction) (*product, error) {
	if d.recurrent.Matrix == nil {
		return nil, nil
	}
	u := &product{plan: d.recurrent.Plan(decomp.PlanOptions{Rows: r.batch, Uses: r.steps})}
	var err error
	if u.factors, err = u.plan.Merge(r.cores(d.recurrent)); err == nil && d.layer.CandidateBias {
		u.bias, err = d.widen(r.params[d.name+candidateBiasName])
	}
	return u, err
}

// cores returns the nodes of a matrix's cores.
func (r *run) cores(w weights) G.Nodes {
	var nodes G.Nodes
	for _, c := range w.Cores() {
		nodes = append(nodes, r.params[w.prefix+c.Name])
	}
	return nodes
}
