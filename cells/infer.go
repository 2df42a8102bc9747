package cells

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
)

// passage is a program for some steps of a direction, without gradients. It takes
// the merged factors of W and U as inputs.
type passage struct {
	d       *direction
	steps   int
	program *graph.Program
	// The inputs' memory: x (batch, steps, width), lengths (batch), and the state
	// before, each (batch, hidden).
	x, lengths, h, c []float32
	states           G.Nodes // after each step
	last             State
}

// newPassage merges the cores, of the given values, and compiles.
func newPassage(d *direction, values map[string]*tensor.Dense, batch, steps int) (*passage, error) {
	p := &passage{d: d, steps: steps}
	in := &inference{g: G.NewGraph(), values: values}
	r := &run{merge: in.merge, params: map[string]*G.Node{}, batch: batch, steps: steps}
	for _, b := range d.biases() {
		r.params[b.Name] = in.copyOf(b.Name)
	}
	x, lengths := in.buffer("x", &p.x, batch, steps, d.input.Rows()), in.buffer("lengths", &p.lengths, batch)
	s := State{H: in.buffer("h", &p.h, batch, d.layer.Hidden()), C: in.buffer("c", &p.c, batch, d.layer.Hidden())}
	err := in.err
	if err == nil {
		_, err = r.mask(lengths)
	}
	if err == nil {
		p.states, p.last, err = r.direction(d, x, s)
	}
	if err == nil {
		outputs := append(G.Nodes{p.last.H}, p.states...)
		if p.last.C != nil {
			outputs = append(outputs, p.last.C)
		}
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

// buffer adds an input with memory of its own.
func (in *inference) buffer(name string, memory *[]float32, shape ...int) *G.Node {
	v := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...))
	*memory = v.Data().([]float32)
	return in.input(name, v)
}

// copyOf adds an input with a parameter's value.
func (in *inference) copyOf(name string) *G.Node { return in.input(name, in.values[name]) }

// input adds one with a header of its own: a product transposes it for a moment.
func (in *inference) input(name string, v G.Value) *G.Node {
	header := tensor.New(tensor.WithShape(v.Shape()...), tensor.WithBacking(v.Data()))
	n, err := graph.Input(in.g, name, tensor.Float32, v.Shape(), header)
	if in.err == nil {
		in.err = err
	}
	return n
}

// merge returns a plan's factors as inputs: another graph merges them once and for
// all. A factor that is a core as it stands shares the core's memory.
func (in *inference) merge(w weights, plan *decomp.Plan) (G.Nodes, error) {
	once := &inference{g: G.NewGraph(), values: in.values}
	var cores, products G.Nodes
	for _, c := range w.Cores() {
		cores = append(cores, once.copyOf(w.prefix+c.Name))
	}
	factors, err := plan.Merge(cores)
	if err != nil {
		return nil, err
	}
	for _, f := range factors {
		if f.Op() != nil {
			products = append(products, f)
		}
	}
	var program *graph.Program
	if len(products) > 0 {
		if program, err = graph.Compile(products, nil, nil); err != nil {
			return nil, err
		}
		defer program.Close()
		if err := program.Run(); err != nil {
			return nil, err
		}
	}
	for k, f := range factors {
		v := f.Value()
		if f.Op() != nil {
			v = program.Value(f)
		}
		in.factors++
		factors[k] = in.input(fmt.Sprintf("factor%d", in.factors), v)
	}
	return factors, in.err
}

// run advances the state in m over the steps of x (batch, all, inputs) from one on,
// of sequences of some lengths, and puts that after each into y (batch, all,
// features), where its direction has the columns from one on.
func (p *passage) run(from, all int, x []float32, lengths []int, m memo, y []float32, features, column int) error {
	batch, hidden, inputs, width := len(p.lengths), p.d.layer.Hidden(), p.d.layer.InputSize(), p.d.input.Rows()
	for j := range p.steps {
		copyRows(batch, inputs, p.x[j*width:], p.steps*width, x[(from+j)*inputs:], all*inputs)
	}
	for b, n := range lengths {
		p.lengths[b] = float32(n - from)
	}
	copy(p.h, m.h)
	copy(p.c, m.c)
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
