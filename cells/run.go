package cells

import (
	"cmp"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// run adds directions to a graph. After an error its nodes are nil.
type run struct {
	graph.Equations
	params       map[string]*G.Node
	opt          Options
	batch, steps int
	first        bool    // the layer is the first
	inference    bool    // cores are of a graph of their own, and merged before
	masks        G.Nodes // (batch, 1) a step; nil without lengths
	activations  []Activation
}

// direction runs one over x (batch, steps, n_1, ..., n_d), from a state on or, where
// that is empty, from zeros. It returns h after each step, and the state at the end.
func (r *run) direction(d *direction, x *G.Node, s State) (G.Nodes, State) {
	pre, product := r.project(d, x), r.recurrence(d, x)
	if s.H == nil {
		s.H = r.Do(func() (*G.Node, error) { return graph.Zeros(x, r.batch, d.layer.Hidden()) })
		s.C = s.H
	}
	states := make(G.Nodes, r.steps)
	for k := range r.steps {
		t := k
		if d.reverse {
			t = r.steps - 1 - k
		}
		s = r.keep(s, r.step(d, t, pre[t], product(s.H), s), t)
		states[t] = s.H
	}
	return states, s
}

// product returns the product with a matrix, whose plan has its cores merged once for all of them.
func (r *run) product(d *direction, w weights, opt decomp.PlanOptions, g *G.ExprGraph) func(x *G.Node) *G.Node {
	var plan *decomp.Plan
	var factors G.Nodes
	r.Do(func() (_ *G.Node, err error) {
		var cores G.Nodes
		for _, c := range w.Cores() {
			cores = append(cores, r.params[w.prefix+c.Name])
		}
		if r.inference {
			opt = decomp.PlanOptions{Rows: opt.Rows, Inference: true}
		}
		plan = w.Plan(opt)
		if factors, err = plan.Merge(cores); err == nil && r.inference {
			factors, err = computed(factors, g)
		}
		return nil, errors.Wrapf(err, "cells: %s, %s", d.name, w.role)
	})
	return func(x *G.Node) *G.Node {
		return r.Do(func() (*G.Node, error) {
			y, err := plan.Apply(x, factors)
			return y, errors.Wrapf(err, "cells: %s, %s", d.name, w.role)
		})
	}
}

// project returns x·W + b of each step, (batch, gates·hidden). All steps go through W at once.
func (r *run) project(d *direction, x *G.Node) G.Nodes {
	g := x.Graph()
	if p := d.layer.Dropout; r.opt.Training && p > 0 {
		mask := r.Do(func() (*G.Node, error) { return r.opt.mask(p, d.name+".input", x, r.batch, d.input.Rows()) })
		x = r.Binary(scaleSteps, x, mask)
	}
	y := r.product(d, d.input, decomp.PlanOptions{Rows: r.batch * r.steps, InputGradient: !r.first}, g)(x)
	r.activations = append(r.activations, Activation{Layer: d.name, Name: Projection, Step: -1, Node: y})
	y = r.AddRow(y, r.params[d.name+biasName])
	// (batch·steps, width) as (batch, steps·width): one step is a block of columns.
	return r.Split(r.Reshape(y, r.batch, r.steps*d.width()), r.steps)
}

// recurrence returns the product of a state with U, what lies around it included:
// dropout, and the candidate's bias. Without a U it is nil.
func (r *run) recurrence(d *direction, x *G.Node) func(h *G.Node) *G.Node {
	if d.recurrent.Matrix == nil {
		return func(*G.Node) *G.Node { return nil }
	}
	product := r.product(d, d.recurrent, decomp.PlanOptions{Rows: r.batch, Uses: r.steps}, x.Graph())
	var mask, bias *G.Node
	if p := d.layer.RecurrentDropout; r.opt.Training && p > 0 {
		mask = r.Do(func() (*G.Node, error) { return r.opt.mask(p, d.name+".recurrent", x, r.batch, d.layer.Hidden()) })
	}
	if d.layer.CandidateBias {
		zeros := r.Do(func() (*G.Node, error) { return graph.Zeros(x, 1, d.layer.Hidden()) })
		all := slices.Repeat(G.Nodes{zeros}, len(d.gates))
		all[slices.IndexFunc(d.gates, func(g Gate) bool { return g.Reset })] = r.params[d.name+candidateBiasName]
		bias = r.Do(func() (*G.Node, error) { return graph.Concat(1, all...) })
	}
	return func(h *G.Node) *G.Node {
		if mask != nil {
			h = r.Mul(h, mask)
		}
		if h = product(h); bias != nil {
			h = r.AddRow(h, bias)
		}
		return h
	}
}

// step adds one step, and checks what the cell makes of it.
func (r *run) step(d *direction, t int, a, u *G.Node, s State) (next State) {
	r.Do(func() (*G.Node, error) {
		after, gates, err := d.layer.Cell.Step(a, u, s)
		if err = cmp.Or(err, d.check(after, gates, s.H.Shape())); err == nil {
			r.note(d, t, gates, after)
			next = after
		}
		return next.H, errors.Wrapf(err, "cells: %s, step %d", d.name, t)
	})
	return next
}

// check returns an error when a step does not end in gates and a state of the right number and shape.
func (d *direction) check(s State, gates G.Nodes, shape tensor.Shape) error {
	if len(gates) != len(d.gates) {
		return errors.Errorf("cell %s has %d gates, but its Step returns %d", d.layer.Cell.Name(), len(d.gates), len(gates))
	}
	for _, n := range append(slices.Clone(gates), s.H, cmp.Or(s.C, s.H)) {
		if n == nil || !slices.Equal(n.Shape(), shape) {
			return errors.Errorf("cell %s returns a state or gate that is not (batch, hidden) = %v", d.layer.Cell.Name(), shape)
		}
	}
	return nil
}

// note keeps what a step computed. The states are those before padding is undone.
func (r *run) note(d *direction, step int, gates G.Nodes, s State) {
	add := func(name string, gate *Gate, n *G.Node) {
		r.activations = append(r.activations, Activation{Layer: d.name, Name: name, Gate: gate, Step: step, Node: n})
	}
	for k := range d.gates {
		add(d.gates[k].Name, &d.gates[k], gates[k])
	}
	if s.C != nil {
		add(Memory, nil, s.C)
	}
	add(Hidden, nil, s.H)
}

// mask makes the masks of the steps, and returns them together, (batch, steps).
func (r *run) mask(lengths *G.Node) *G.Node {
	all := r.Do(func() (*G.Node, error) { return before(lengths, r.steps) })
	r.masks = r.Split(all, r.steps)
	return all
}

func selected(x, mask *G.Node) (*G.Node, error) { return graph.Select(x, mask, false) }
func rejected(x, mask *G.Node) (*G.Node, error) { return graph.Select(x, mask, true) }

// before returns the mask (batch, steps) that is 1 at the steps before each
// sequence's length, given as (batch), and 0 in the padding after it.
func before(lengths *G.Node, steps int) (*G.Node, error) {
	return ops.Apply(&ops.Op{
		Name:  "before",
		Shape: tensor.Shape{lengths.Shape()[0], steps},
		Rows:  lengths.Shape()[0],
		F32:   stepsBefore[float32],
		F64:   stepsBefore[float64],
	}, lengths)
}

func stepsBefore[T ops.Float](out []T, length [][]T) {
	for t := range out {
		if out[t] = 0; T(t) < length[0][0] {
			out[t] = 1
		}
	}
}

// keep returns the next state, and the old one where step t is padding.
func (r *run) keep(old, next State, t int) State {
	if r.masks == nil {
		return next
	}
	choose := func(old, next *G.Node) *G.Node {
		return r.Add(r.Binary(selected, next, r.masks[t]), r.Binary(rejected, old, r.masks[t]))
	}
	kept := State{H: choose(old.H, next.H)}
	if next.C != nil {
		kept.C = choose(old.C, next.C)
	}
	return kept
}
