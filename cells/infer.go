package cells

import (
	"cmp"
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
)

// passage is a program for some steps of a direction, without gradients. It takes
// the merged factors of W and U as inputs.
type passage struct {
	d                *direction
	steps            int
	program          *graph.Program
	x, lengths, h, c *G.Node // inputs: (batch, steps, width), (batch), and the state before, each (batch, hidden)
	states           G.Nodes // after each step
	last             State
}

// newPassage merges the cores, of the given values, and compiles.
func newPassage(d *direction, values map[string]*tensor.Dense, batch, steps int) (*passage, error) {
	in := &inference{g: G.NewGraph(), values: values}
	buffer := func(name string, shape ...int) *G.Node {
		return in.input(name, tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...)))
	}
	hidden := d.layer.Hidden()
	p := &passage{
		d: d, steps: steps, x: buffer("x", batch, steps, d.input.Rows()), lengths: buffer("lengths", batch),
		h: buffer("h", batch, hidden), c: buffer("c", batch, hidden),
	}
	r := &run{merge: in.merge, params: map[string]*G.Node{}, batch: batch, steps: steps}
	for _, b := range d.biases() {
		r.params[b.Name] = in.input(b.Name, values[b.Name])
	}
	err := in.err
	if err == nil {
		_, err = r.mask(p.lengths)
	}
	if err == nil {
		p.states, p.last, err = r.direction(d, p.x, State{H: p.h, C: p.c})
	}
	if err == nil {
		outputs := append(G.Nodes{p.last.H, cmp.Or(p.last.C, p.last.H)}, p.states...)
		p.program, err = graph.Compile(outputs, nil, nil)
	}
	return p, err
}

// inference is a graph without gradients under way. It keeps the first error of an
// input.
type inference struct {
	g       *G.ExprGraph
	values  map[string]*tensor.Dense // of the parameters, in memory that nobody writes
	factors int                      // inputs so far
	err     error
}

// input adds one with a header of its own: a product transposes it for a moment.
func (in *inference) input(name string, v G.Value) *G.Node {
	header := tensor.New(tensor.WithShape(v.Shape()...), tensor.WithBacking(v.Data()))
	n, err := graph.Input(in.g, name, tensor.Float32, v.Shape(), header)
	in.err = cmp.Or(in.err, err)
	return n
}

// merge returns a plan's factors as inputs: another graph merges them once and for
// all. Those that are all cores as they stand share the cores' memory.
func (in *inference) merge(w weights, opt decomp.PlanOptions) (*decomp.Plan, G.Nodes, error) {
	plan := w.Plan(decomp.PlanOptions{Rows: opt.Rows, Inference: true})
	once := &inference{g: G.NewGraph()}
	var cores G.Nodes
	for _, c := range w.Cores() {
		cores = append(cores, once.input(c.Name, in.values[w.prefix+c.Name]))
	}
	factors, err := plan.Merge(cores)
	if err != nil {
		return nil, nil, err
	}
	value := (*G.Node).Value
	if slices.ContainsFunc(factors, func(f *G.Node) bool { return f.Op() != nil }) {
		program, err := graph.Compile(factors, nil, nil)
		if err != nil {
			return nil, nil, err
		}
		defer program.Close()
		if err := program.Run(); err != nil {
			return nil, nil, err
		}
		value = func(f *G.Node) G.Value { return program.Value(f) }
	}
	for k, f := range factors {
		in.factors++
		factors[k] = in.input(fmt.Sprintf("factor%d", in.factors), value(f))
	}
	return plan, factors, in.err
}

// run advances the state in m over the steps of x (batch, all, inputs) from one on,
// of sequences of some lengths, and puts that after each into y (batch, all,
// features), where its direction has the columns from one on.
func (p *passage) run(from, all int, x []float32, lengths []int, m memo, y []float32, features, column int) error {
	batch, hidden, inputs, width := len(lengths), p.d.layer.Hidden(), p.d.layer.InputSize(), p.d.input.Rows()
	for j := range p.steps {
		copyRows(batch, inputs, memory(p.x)[j*width:], p.steps*width, x[(from+j)*inputs:], all*inputs)
	}
	for b, n := range lengths {
		memory(p.lengths)[b] = float32(n - from)
	}
	copy(memory(p.h), m.h)
	copy(memory(p.c), m.c)
	if err := p.program.Run(); err != nil {
		return err
	}
	value := func(n *G.Node) []float32 { return p.program.Value(n).Data().([]float32) }
	for j, n := range p.states {
		copyRows(batch, hidden, y[(from+j)*features+column:], all*features, value(n), hidden)
	}
	copy(m.h, value(p.last.H))
	if p.last.C != nil {
		copy(m.c, value(p.last.C))
	}
	return nil
}

// copyRows copies rows of a width to where they are other distances apart.
func copyRows(rows, width int, to []float32, apart int, from []float32, fromApart int) {
	for k := range rows {
		copy(to[k*apart:][:width], from[k*fromApart:])
	}
}

func memory(input *G.Node) []float32 { return input.Value().Data().([]float32) }
