package cells

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
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
func (o Options) dropout(p float64, place string) graph.Dropout {
	return graph.Dropout{P: p, Seed: o.Seed ^ hash(place), Run: o.Run, Row: o.Row}
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
	if x.Dims() < 3 || product(shape[2:]) != s.Inputs() {
		return nil, errors.Errorf("cells: layer1 input modes %s, but x has shape %v; want (batch, steps, %d)", s.layers[0].reads(), shape, s.Inputs())
	}
	batch, steps := shape[0], shape[1]
	run := &run{params: params, opt: opt, batch: batch, steps: steps}
	if opt.Lengths != nil {
		if l := opt.Lengths.Shape(); len(l) != 1 || l[0] != batch {
			return nil, errors.Errorf("cells: lengths have shape %v, x %v; want (%d)", l, shape, batch)
		}
		mask, err := graph.Before(opt.Lengths, steps)
		if err != nil {
			return nil, err
		}
		if x, err = graph.Select(x, mask, false); err != nil {
			return nil, err
		}
		if run.masks, err = graph.Split(mask, 1, steps); err != nil {
			return nil, err
		}
	}
	var out *Output
	for k, both := range s.directions {
		if k > 0 {
			var err error
			if x, err = out.sequence(batch, s.layers[k-1].Features()); err != nil {
				return nil, err
			}
		}
		x, err := padded(x, both[0].input.Rows())
		if err != nil {
			return nil, err
		}
		run.first = k == 0
		if out, err = run.layer(both, x); err != nil {
			return nil, err
		}
	}
	out.Activations = run.activations
	return out, nil
}

// padded appends zeros to each step of x (batch, steps, n_1, ..., n_d), so that it
// has the given number of values.
func padded(x *G.Node, size int) (*G.Node, error) {
	shape := x.Shape()
	n := product(shape[2:])
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

// sequence joins the steps to (batch, steps, features).
func (o *Output) sequence(batch, features int) (*G.Node, error) {
	joined, err := graph.Concat(1, o.Steps...)
	if err != nil {
		return nil, err
	}
	return graph.Reshape(joined, batch, len(o.Steps), features)
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
	out, err := r.direction(both[0], x)
	if err != nil || len(both) == 1 {
		return out, err
	}
	back, err := r.direction(both[1], x)
	if err != nil {
		return nil, err
	}
	if out.Last, err = graph.Concat(1, out.Last, back.Last); err != nil {
		return nil, err
	}
	for t := range out.Steps {
		if out.Steps[t], err = graph.Concat(1, out.Steps[t], back.Steps[t]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *run) direction(d *direction, x *G.Node) (*Output, error) {
	pre, err := r.project(d, x)
	if err != nil {
		return nil, err
	}
	recurrent, err := r.nodes(d.recurrent)
	if err != nil {
		return nil, err
	}
	// Cores do not change on the way: they are merged once for all steps.
	plan := d.recurrent.Plan(decomp.PlanOptions{Rows: r.batch, Uses: r.steps})
	factors, err := plan.Merge(recurrent)
	if err != nil {
		return nil, errors.Wrapf(err, "cells: %s, hidden-to-hidden", d.name)
	}
	hidden := d.layer.Hidden()
	var s state
	if s.h, err = graph.Zeros(x, r.batch, hidden); err != nil {
		return nil, err
	}
	s.c = s.h
	drop := func(h *G.Node) (*G.Node, error) { return h, nil }
	if p := d.layer.RecurrentDropout; r.opt.Training && p > 0 {
		mask, err := r.opt.dropout(p, d.name+".recurrent").Mask(x, r.batch, hidden)
		if err != nil {
			return nil, err
		}
		drop = func(h *G.Node) (*G.Node, error) { return G.HadamardProd(h, mask) }
	}
	out := &Output{Steps: make(G.Nodes, r.steps)}
	advance := d.layer.Cell.step()
	for k := range r.steps {
		t := k
		if d.reverse {
			t = r.steps - 1 - k
		}
		h, err := drop(s.h)
		if err != nil {
			return nil, errors.Wrapf(err, "cells: %s, step %d", d.name, t)
		}
		u, err := plan.Apply(h, factors)
		if err != nil {
			return nil, errors.Wrapf(err, "cells: %s, step %d", d.name, t)
		}
		next, gates, err := advance(pre[t], u, s)
		if err != nil {
			return nil, errors.Wrapf(err, "cells: %s, step %d", d.name, t)
		}
		r.note(d, t, gates, next)
		if s, err = r.keep(s, next, t); err != nil {
			return nil, err
		}
		out.Steps[t] = s.h
	}
	out.Last = s.h
	return out, nil
}

// project returns x·W + b of each step, (batch, gates·hidden). All steps go
// through W at once.
func (r *run) project(d *direction, x *G.Node) (G.Nodes, error) {
	var err error
	if p := d.layer.Dropout; r.opt.Training && p > 0 {
		if x, err = r.opt.dropout(p, d.name+".input").Steps(x); err != nil {
			return nil, err
		}
	}
	cores, err := r.nodes(d.input)
	if err != nil {
		return nil, err
	}
	y, err := d.input.Product(x, cores, d.input.Plan(decomp.PlanOptions{Rows: r.batch * r.steps, InputGradient: !r.first}))
	if err != nil {
		return nil, errors.Wrapf(err, "cells: %s, input-to-hidden", d.name)
	}
	r.activations = append(r.activations, Activation{Layer: d.name, Name: Projection, Step: -1, Node: y})
	width := d.layer.Cell.Gates() * d.layer.Hidden()
	bias, err := r.node(d.name+".bias", []int{1, width})
	if err != nil {
		return nil, err
	}
	if y, err = G.BroadcastAdd(y, bias, nil, []byte{0}); err != nil {
		return nil, errors.Wrapf(err, "cells: %s, bias", d.name)
	}
	// (batch·steps, width) as (batch, steps·width): one step is a block of columns.
	if y, err = graph.Reshape(y, r.batch, r.steps*width); err != nil {
		return nil, err
	}
	return graph.Split(y, 1, r.steps)
}

// keep returns the next state, and the old one where step t is padding.
func (r *run) keep(old, next state, t int) (state, error) {
	if r.masks == nil {
		return next, nil
	}
	var err error
	choose := func(was, is *G.Node) *G.Node {
		if err != nil || is == nil {
			return nil
		}
		var a, b *G.Node
		if a, err = graph.Select(is, r.masks[t], false); err != nil {
			return nil
		}
		if b, err = graph.Select(was, r.masks[t], true); err != nil {
			return nil
		}
		var sum *G.Node
		sum, err = G.Add(a, b)
		return sum
	}
	s := state{h: choose(old.h, next.h), c: choose(old.c, next.c)}
	return s, err
}

// nodes returns the nodes of a matrix's cores.
func (r *run) nodes(w weights) (G.Nodes, error) {
	cores := w.Cores()
	nodes := make(G.Nodes, len(cores))
	for k, c := range cores {
		var err error
		if nodes[k], err = r.node(w.prefix+c.Name, c.Shape()); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

func (r *run) node(name string, shape []int) (*G.Node, error) {
	n := r.params[name]
	if n == nil {
		return nil, errors.Errorf("cells: no node for parameter %s", name)
	}
	if !slices.Equal(shape, n.Shape()) {
		return nil, errors.Errorf("cells: parameter %s has shape %v; want %v", name, n.Shape(), shape)
	}
	return n, nil
}
