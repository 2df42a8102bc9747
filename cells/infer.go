package cells

import (
	"fmt"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
)

// projection is a program for y = x·W + b without gradients, of a fixed number
// of rows. It takes W's merged factors as inputs.
type projection struct {
	program *graph.Program
	x       []float32 // (rows, width): the input's memory
	y       *G.Node   // (rows, gates·hidden)
	// inputs is the number of features; there are zeros after them up to width.
	inputs, width int
}

// recurrence is a program for one step of a direction without gradients. It
// takes U's merged factors as inputs.
type recurrence struct {
	program *graph.Program
	a, h, c []float32 // the inputs' memory: x·W + b (batch, gates·hidden); the state before, each (batch, hidden)
	next    state     // the state after
}

// newProjection merges W's cores, of the given values, and compiles.
func newProjection(d *direction, values map[string]*tensor.Dense, rows int) (*projection, error) {
	b := &inference{g: G.NewGraph(), values: values}
	x := b.buffer("x", rows, d.input.Rows())
	y := b.product(x, d.input, rows)
	bias := b.copyOf(d.name + ".bias")
	if b.err == nil {
		y, b.err = G.BroadcastAdd(y, bias, nil, []byte{0})
	}
	program := b.compile(G.Nodes{y})
	if b.err != nil {
		return nil, errors.Wrapf(b.err, "cells: %s, input-to-hidden", d.name)
	}
	return &projection{program: program, x: memory(x), y: y, inputs: d.layer.InputSize(), width: d.input.Rows()}, nil
}

// newRecurrence merges U's cores, of the given values, and compiles.
func newRecurrence(d *direction, values map[string]*tensor.Dense, batch int) (*recurrence, error) {
	hidden := d.layer.Hidden()
	b := &inference{g: G.NewGraph(), values: values}
	a := b.buffer("a", batch, d.layer.Cell.Gates()*hidden)
	old := state{h: b.buffer("h", batch, hidden), c: b.buffer("c", batch, hidden)}
	u := b.product(old.h, d.recurrent, batch)
	r := &recurrence{}
	if b.err == nil {
		r.next, _, b.err = d.layer.Cell.step()(a, u, old)
	}
	outputs := G.Nodes{r.next.h}
	if r.next.c != nil {
		outputs = append(outputs, r.next.c)
	}
	r.program = b.compile(outputs)
	if b.err != nil {
		return nil, errors.Wrapf(b.err, "cells: %s, step", d.name)
	}
	r.a, r.h, r.c = memory(a), memory(old.h), memory(old.c)
	return r, nil
}

// inference is a graph without gradients under way. It keeps the first error.
type inference struct {
	g      *G.ExprGraph
	values map[string]*tensor.Dense // of the parameters, in memory that nobody writes
	err    error
}

// buffer adds an input with memory of its own.
func (b *inference) buffer(name string, shape ...int) *G.Node {
	return b.input(name, tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...)))
}

// copyOf adds an input with a parameter's value. Each graph has its own header:
// a product transposes it for a moment.
func (b *inference) copyOf(name string) *G.Node {
	v := b.values[name]
	return b.input(name, tensor.New(tensor.WithShape(v.Shape()...), tensor.WithBacking(v.Data())))
}

func (b *inference) input(name string, v *tensor.Dense) *G.Node {
	if b.err != nil {
		return nil
	}
	var n *G.Node
	n, b.err = graph.Input(b.g, name, tensor.Float32, v.Shape(), v)
	return n
}

// product adds x·W, whose factors another graph merges once and for all.
func (b *inference) product(x *G.Node, w weights, rows int) *G.Node {
	if b.err != nil {
		return nil
	}
	plan := w.Plan(decomp.PlanOptions{Rows: rows, Inference: true})
	values, err := merged(plan, w, b.values)
	if err != nil {
		b.err = err
		return nil
	}
	var factors G.Nodes
	for k, v := range values {
		factors = append(factors, b.input(fmt.Sprintf("%sfactor%d", w.prefix, k+1), v))
	}
	if b.err != nil {
		return nil
	}
	var y *G.Node
	y, b.err = plan.Apply(x, factors)
	return y
}

func (b *inference) compile(outputs G.Nodes) *graph.Program {
	if b.err != nil {
		return nil
	}
	var p *graph.Program
	p, b.err = graph.Compile(outputs, nil, nil)
	return p
}

// merged returns the values of a plan's factors. A factor that is a core as it
// stands shares the core's memory.
func merged(plan *decomp.Plan, w weights, values map[string]*tensor.Dense) ([]*tensor.Dense, error) {
	b := &inference{g: G.NewGraph(), values: values}
	var cores G.Nodes
	for _, c := range w.Cores() {
		cores = append(cores, b.copyOf(w.prefix+c.Name))
	}
	if b.err != nil {
		return nil, b.err
	}
	factors, err := plan.Merge(cores)
	if err != nil {
		return nil, err
	}
	var outputs G.Nodes
	for _, f := range factors {
		if f.Op() != nil {
			outputs = append(outputs, f)
		}
	}
	var program *graph.Program
	if len(outputs) > 0 {
		if program, err = graph.Compile(outputs, nil, nil); err != nil {
			return nil, err
		}
		defer program.Close()
		if err := program.Run(); err != nil {
			return nil, err
		}
	}
	list := make([]*tensor.Dense, len(factors))
	for k, f := range factors {
		v := f.Value()
		if f.Op() != nil {
			v = program.Value(f)
		}
		list[k] = tensor.New(tensor.WithShape(f.Shape()...), tensor.WithBacking(v.Data()))
	}
	return list, nil
}

func memory(n *G.Node) []float32 { return n.Value().Data().([]float32) }
