package cells

import (
	"fmt"
	"slices"

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

// stepper is a program for one step of a direction without gradients. It takes
// U's merged factors as inputs.
type stepper struct {
	program *graph.Program
	a, h, c []float32 // the inputs' memory: x·W + b (batch, gates·hidden); the state before, each (batch, hidden)
	next    State     // the state after
}

// newProjection merges W's cores, of the given values, and compiles.
func newProjection(d *direction, values map[string]*tensor.Dense, rows int) (*projection, error) {
	b := &inference{g: G.NewGraph(), values: values}
	x, w := b.buffer("x", rows, d.input.Rows()), b.product(d.input, rows)
	w.bias = b.copyOf(d.name + biasName)
	var y *G.Node
	if b.err == nil {
		y, b.err = w.of(x)
	}
	program := b.compile(y)
	if b.err != nil {
		return nil, errors.Wrapf(b.err, "cells: %s, input-to-hidden", d.name)
	}
	return &projection{program: program, x: floats(x), y: y, inputs: d.layer.InputSize(), width: d.input.Rows()}, nil
}

// newStepper merges U's cores, of the given values, and compiles.
func newStepper(d *direction, values map[string]*tensor.Dense, batch int) (*stepper, error) {
	hidden := d.layer.Hidden()
	b := &inference{g: G.NewGraph(), values: values}
	a := b.buffer("a", batch, d.width())
	old := State{H: b.buffer("h", batch, hidden), C: b.buffer("c", batch, hidden)}
	var u *product
	if d.recurrent.Matrix != nil {
		u = b.product(d.recurrent, batch)
	}
	if d.layer.CandidateBias {
		if bias := b.copyOf(d.name + candidateBiasName); b.err == nil {
			u.bias, b.err = d.widen(bias)
		}
	}
	s := &stepper{}
	if b.err == nil {
		s.next, _, b.err = d.step(a, old.H, old, u)
	}
	s.program = b.compile(s.next.H, s.next.C)
	if b.err != nil {
		return nil, errors.Wrapf(b.err, "cells: %s, step", d.name)
	}
	s.a, s.h, s.c = floats(a), floats(old.H), floats(old.C)
	return s, nil
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

func (b *inference) input(name string, v *tensor.Dense) (n *G.Node) {
	if b.err == nil {
		n, b.err = graph.Input(b.g, name, tensor.Float32, v.Shape(), v)
	}
	return n
}

// product adds the factors of a matrix as inputs. Another graph merges them once
// and for all.
func (b *inference) product(w weights, rows int) *product {
	p := &product{plan: w.Plan(decomp.PlanOptions{Rows: rows, Inference: true})}
	values, err := merged(p.plan, w, b.values)
	if b.err == nil {
		b.err = err
	}
	for k, v := range values {
		p.factors = append(p.factors, b.input(fmt.Sprintf("%sfactor%d", w.prefix, k+1), v))
	}
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
	var products G.Nodes
	for _, f := range factors {
		if f.Op() != nil {
			products = append(products, f)
		}
	}
	program := b.compile(products...)
	if program != nil {
		defer program.Close()
		b.err = program.Run()
	}
	if b.err != nil {
		return nil, b.err
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

// compile returns the program of the outputs that there are, and nil if there are
// none.
func (b *inference) compile(outputs ...*G.Node) (p *graph.Program) {
	outputs = slices.DeleteFunc(outputs, func(n *G.Node) bool { return n == nil })
	if b.err == nil && len(outputs) > 0 {
		p, b.err = graph.Compile(outputs, nil, nil)
	}
	return p
}

func floats(n *G.Node) []float32 { return n.Value().Data().([]float32) }
