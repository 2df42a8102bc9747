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
	mask         *G.Node // (batch, steps); nil without lengths
	activations  []Activation
}

// unrolledSteps is the number of steps up to which a recurrence that is no operation of
// its own becomes nodes of the graph: more take longer to build, and less of what a Scan
// takes to begin a step is then left to gain.
const unrolledSteps = 16

// direction runs one over x (batch, steps, n_1, ..., n_d), from a state on or, where
// that is empty, from zeros. It returns h after each step, (batch, steps, hidden), and the
// state at the end.
func (r *run) direction(d *direction, x *G.Node, s State) (states *G.Node, last State) {
	a := r.project(d, x)
	r.Do(func() (*G.Node, error) {
		var err error
		if k := d.kernels(); k != nil && !r.opt.Unroll && (d.dense() || r.forms(d)) {
			states, last, err = r.oneOperation(d, k, a, s)
		} else {
			states, last, err = r.scan(d, a, s)
		}
		return nil, errors.Wrapf(err, "cells: %s", d.name)
	})
	return states, last
}

// dense reports whether U is one core.
func (d *direction) dense() bool {
	return !d.layer.Joint && (d.layer.Recurrent == nil || d.layer.Recurrent == decomp.Format(decomp.Dense{}))
}

// formedSize bounds the values of a U that is formed, those of an LSTM of 128 units. With 256 a tensor train
// of rank 4 takes a tenth less time step by step.
const formedSize = 1 << 16

// forms reports whether a decomposed U is multiplied out, once for all steps, so that the recurrence is
// one operation: where there are many steps and U is small, that takes a fraction of the time.
func (r *run) forms(d *direction) bool {
	return !r.inference && r.steps > unrolledSteps && d.width() <= formedSize/d.layer.Hidden()
}

// formed returns U, (hidden, gates·hidden): the product of the identity with it.
func (r *run) formed(d *direction, like *G.Node) (*G.Node, error) {
	n := d.layer.Hidden()
	p, err := r.product(d.recurrent, decomp.PlanOptions{Rows: n}, like.Graph())
	if err != nil {
		return nil, err
	}
	one, err := ops.Apply(&ops.Op{
		Name: "identity", Shape: tensor.Shape{n, n},
		F32: func(out []float32, _ [][]float32) { identity(out, n) },
		F64: func(out []float64, _ [][]float64) { identity(out, n) },
	}, like)
	if err != nil {
		return nil, err
	}
	u, err := p.plan.Apply(one, p.factors)
	if err != nil {
		return nil, errors.Wrap(err, d.recurrent.role.String())
	}
	return graph.Reshape(u, n, d.width())
}

// identity fills out with the identity of n rows.
func identity[T ops.Float](out []T, n int) {
	clear(out)
	for k := range n {
		out[k*n+k] = 1
	}
}

// product is a plan of a product with its factors.
type product struct {
	plan    *decomp.Plan
	factors G.Nodes
}

// product merges the cores of a matrix, once for all products with it.
func (r *run) product(w weights, opt decomp.PlanOptions, g *G.ExprGraph) (p product, err error) {
	var cores G.Nodes
	for _, c := range w.Cores() {
		cores = append(cores, r.params[w.prefix+c.Name])
	}
	if r.inference {
		opt = decomp.PlanOptions{Rows: opt.Rows, Inference: true}
	}
	p.plan = w.Plan(opt)
	if p.factors, err = p.plan.Merge(cores); err == nil && r.inference {
		p.factors, err = computed(p.factors, g)
	}
	return p, errors.Wrap(err, w.role.String())
}

// project returns x·W, (batch·steps, gates·hidden). All steps go through W at once.
func (r *run) project(d *direction, x *G.Node) *G.Node {
	if p := d.layer.Dropout; r.opt.Training && p > 0 {
		mask := r.Do(func() (*G.Node, error) { return r.opt.mask(p, d.name+".input", x, r.batch, d.input.Rows()) })
		x = r.Binary(scaleSteps, x, mask)
	}
	y := r.Do(func() (*G.Node, error) {
		p, err := r.product(d.input, decomp.PlanOptions{Rows: r.batch * r.steps, InputGradient: !r.first}, x.Graph())
		if err == nil {
			x, err = p.plan.Apply(x, p.factors)
		}
		return x, errors.Wrapf(err, "cells: %s, %s", d.name, d.input.role)
	})
	r.note(d, Projection, nil, y, d.width())
	return y
}

// note keeps a value of all steps, where that is asked for.
func (r *run) note(d *direction, name string, gate *Gate, n *G.Node, width int) {
	if r.opt.Activations {
		r.activations = append(r.activations, Activation{Layer: d.name, Name: name, Gate: gate, Node: r.Reshape(n, r.batch, r.steps, width)})
	}
}

// dropped returns the mask of what U reads, (batch, hidden), nil if that is all.
func (r *run) dropped(d *direction, like *G.Node) *G.Node {
	p := d.layer.RecurrentDropout
	if !r.opt.Training || p == 0 || d.recurrent.Matrix == nil {
		return nil
	}
	return r.Do(func() (*G.Node, error) { return r.opt.mask(p, d.name+".recurrent", like, r.batch, d.layer.Hidden()) })
}

// oneOperation adds a recurrence of a U that is dense or small.
func (r *run) oneOperation(d *direction, k *kernels, a *G.Node, s State) (*G.Node, State, error) {
	of := recurrenceOperands{
		a: a, bias: r.params[d.name+biasName], h: s.H, c: s.C, mask: r.mask, dropout: r.dropped(d, a), candidate: r.params[d.name+candidateBiasName],
	}
	if of.u = r.params[d.recurrent.prefix+d.recurrent.Cores()[0].Name]; !d.dense() {
		of.u = r.Do(func() (*G.Node, error) { return r.formed(d, a) })
	}
	if r.inference {
		of.u = r.Do(func() (*G.Node, error) {
			u, err := computed(G.Nodes{of.u}, a.Graph())
			return u[0], err
		})
	}
	if !k.memory {
		of.c = nil
	} else if s.H != nil {
		if err := r.checkMemory(d, s.C); err != nil {
			return nil, s, err
		}
	}
	if r.Err() != nil {
		return nil, s, r.Err()
	}
	one, err := newRecurrence(d.layer.Cell.Name(), k, of, r.steps, d.reverse, r.opt.Truncate)
	if err != nil {
		return nil, s, err
	}
	if r.opt.Activations {
		for j := range d.gates {
			r.note(d, d.gates[j].Name, &d.gates[j], r.Do(func() (*G.Node, error) { return one.block(j) }), d.layer.Hidden())
		}
		if k.memory {
			r.note(d, Memory, nil, r.Do(one.memories), d.layer.Hidden())
		}
		r.note(d, Hidden, nil, one.node, d.layer.Hidden())
	}
	last := State{H: r.at(one.node, d.last(r.steps))}
	if k.memory {
		last.C = r.Do(one.lastMemory)
	}
	return one.node, last, nil
}

// last is the step that a direction takes at the end.
func (d *direction) last(steps int) int {
	if d.reverse {
		return 0
	}
	return steps - 1
}

// at returns step t of a node (batch, steps, n).
func (r *run) at(n *G.Node, t int) *G.Node {
	n = r.Do(func() (*G.Node, error) { return graph.Slice(n, 1, t, t+1) })
	return r.Do(func() (*G.Node, error) { return graph.Reshape(n, r.batch, n.Shape()[2]) })
}

// scan adds the steps of any cell.
func (r *run) scan(d *direction, a *G.Node, s State) (*G.Node, State, error) {
	hidden, memory := d.layer.Hidden(), false
	a = r.Reshape(r.AddRow(a, r.params[d.name+biasName]), r.batch, r.steps, d.width())
	if s.H == nil {
		s.H = r.Do(func() (*G.Node, error) { return graph.Zeros(a, r.batch, hidden) })
		s.C = s.H
	}
	u, shared, err := r.recurrent(d, a)
	if err = cmp.Or(r.Err(), err); err != nil {
		return nil, s, err
	}
	rec := graph.Recurrence{X: G.Nodes{a}, Shared: shared, Mask: r.mask, Reverse: d.reverse, Truncate: r.opt.Truncate, Forward: r.inference, Unroll: r.opt.Unroll || r.steps <= unrolledSteps}
	rec.Step = func(x, state, shared G.Nodes) (next, out G.Nodes, err error) {
		before := State{H: state[0], C: state[len(state)-1]}
		hu, err := u(before.H, shared)
		if err != nil {
			return nil, nil, err
		}
		after, gates, err := d.layer.Cell.Step(x[0], hu, before)
		if err = cmp.Or(err, d.check(after, gates, state[0].Shape())); err != nil {
			return nil, nil, err
		}
		next = G.Nodes{after.H, after.C}
		if memory = after.C != nil; !memory {
			next = next[:1]
		}
		if r.opt.Activations { // the states as they are before padding is undone
			out = slices.Concat(gates, next)
		}
		return next, out, nil
	}
	// Whether the cell has a memory is seen from a step.
	if err := d.try(rec, s); err != nil {
		return nil, s, err
	}
	if rec.State = (G.Nodes{s.H}); memory {
		if err := r.checkMemory(d, s.C); err != nil {
			return nil, s, err
		}
		rec.State = append(rec.State, s.C)
	}
	scanned, err := graph.Scan(rec)
	if err != nil {
		return nil, s, err
	}
	for k, n := range scanned.Out {
		switch gates := len(d.gates); {
		case k < gates:
			r.note(d, d.gates[k].Name, &d.gates[k], n, hidden)
		case k == gates:
			defer r.note(d, Hidden, nil, n, hidden)
		default:
			r.note(d, Memory, nil, n, hidden)
		}
	}
	last := State{H: scanned.Last[0]}
	if memory {
		last.C = scanned.Last[1]
	}
	return scanned.States[0], last, nil
}

// try takes a step in a graph that is not used again.
func (d *direction) try(rec graph.Recurrence, s State) error {
	g := G.NewGraph()
	var e graph.Equations
	input := func(name string, like *G.Node, shape ...int) *G.Node {
		return e.Do(func() (*G.Node, error) { return graph.Input(g, name, like.Dtype(), shape, nil) })
	}
	hidden := d.layer.Hidden()
	batch := s.H.Shape()[0]
	x, h, c := input("x", s.H, batch, d.width()), input("h", s.H, batch, hidden), input("c", s.H, batch, hidden)
	var shared G.Nodes
	for _, n := range rec.Shared {
		shared = append(shared, input("shared "+string(rune('a'+len(shared))), n, n.Shape()...))
	}
	if e.Err() != nil {
		return e.Err()
	}
	_, _, err := rec.Step(G.Nodes{x}, G.Nodes{h, c}, shared)
	return err
}

// recurrent returns the product of a state with U, what lies around it included:
// dropout, and the candidate's bias; and what it shares between steps. Without a U the
// product is nil.
func (r *run) recurrent(d *direction, like *G.Node) (u func(h *G.Node, shared G.Nodes) (*G.Node, error), shared G.Nodes, err error) {
	if d.recurrent.Matrix == nil {
		return func(*G.Node, G.Nodes) (*G.Node, error) { return nil, nil }, nil, nil
	}
	p, err := r.product(d.recurrent, decomp.PlanOptions{Rows: r.batch, Uses: r.steps}, like.Graph())
	if err != nil {
		return nil, nil, err
	}
	factors := len(p.factors)
	shared = slices.Clone(p.factors)
	mask := r.dropped(d, like)
	if mask != nil {
		shared = append(shared, mask)
	}
	if d.layer.CandidateBias {
		zeros := r.Do(func() (*G.Node, error) { return graph.Zeros(like, 1, d.layer.Hidden()) })
		all := slices.Repeat(G.Nodes{zeros}, len(d.gates))
		all[slices.IndexFunc(d.gates, func(g Gate) bool { return g.Reset })] = r.params[d.name+candidateBiasName]
		shared = append(shared, r.Do(func() (*G.Node, error) { return graph.Concat(1, all...) }))
	}
	return func(h *G.Node, shared G.Nodes) (*G.Node, error) {
		var e graph.Equations
		if mask != nil {
			h = e.Mul(h, shared[factors])
		}
		h = e.Do(func() (*G.Node, error) { return p.plan.Apply(h, shared[:factors]) })
		if d.layer.CandidateBias {
			h = e.AddRow(h, shared[len(shared)-1])
		}
		return h, errors.Wrap(e.Err(), d.recurrent.role.String())
	}, shared, r.Err()
}

// check returns an error when a step does not end in gates and a state of the right
// number and shape.
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

func selected(x, mask *G.Node) (*G.Node, error) { return graph.Select(x, mask, false) }

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
