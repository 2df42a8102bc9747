package cells

import (
	"cmp"
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/ops"
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
	g, hidden := G.NewGraph(), d.layer.Hidden()
	buffer := func(name string, shape ...int) *G.Node {
		return input(g, name, tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...)))
	}
	p := &passage{
		d: d, steps: steps, x: buffer("x", batch, steps, d.input.Rows()), lengths: buffer("lengths", batch),
		h: buffer("h", batch, hidden), c: buffer("c", batch, hidden),
	}
	r := &run{params: map[string]*G.Node{}, values: values, batch: batch, steps: steps}
	for _, b := range d.biases() {
		r.params[b.Name] = input(g, b.Name, values[b.Name])
	}
	r.mask(p.lengths)
	if p.states, p.last = r.direction(d, p.x, State{H: p.h, C: p.c}); r.Err() != nil {
		return nil, r.Err()
	}
	var err error
	p.program, err = graph.Compile(append(G.Nodes{p.last.H, cmp.Or(p.last.C, p.last.H)}, p.states...), nil, nil)
	return p, err
}

// input adds one with a header of its own: a product transposes it for a moment. Names
// and values are ours, and so are their mistakes.
func input(g *G.ExprGraph, name string, v G.Value) *G.Node {
	header := tensor.New(tensor.WithShape(v.Shape()...), tensor.WithBacking(v.Data()))
	return G.Must(graph.Input(g, name, tensor.Float32, v.Shape(), header))
}

// mergedBefore returns a plan's factors as inputs of a graph: another one merges them
// once and for all. If all are cores as they stand, they share the cores' memory.
func mergedBefore(w weights, rows int, g *G.ExprGraph, values map[string]*tensor.Dense) (*decomp.Plan, G.Nodes, error) {
	var cores G.Nodes
	once := G.NewGraph()
	for _, c := range w.Cores() {
		cores = append(cores, input(once, c.Name, values[w.prefix+c.Name]))
	}
	plan := w.Plan(decomp.PlanOptions{Rows: rows, Inference: true})
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
		value = program.Value
	}
	for k, f := range factors {
		factors[k] = input(g, fmt.Sprintf("factor%d", len(g.AllNodes())), value(f))
	}
	return plan, factors, nil
}

// run advances the state of u over steps of sequences of some lengths, all of them
// as long as the longest in memory: x (batch, all, inputs) begins with the one from
// which the passage goes on.
func (p *passage) run(x []float32, all, from int, lengths []int, u *unit) error {
	batch, inputs, width := len(lengths), p.d.layer.InputSize(), p.d.input.Rows()
	for j := range p.steps {
		ops.CopyRows(batch, inputs, memory(p.x)[j*width:], p.steps*width, x[j*inputs:], all*inputs)
	}
	for b, n := range lengths {
		memory(p.lengths)[b] = float32(n - from)
	}
	copy(memory(p.h), u.h)
	copy(memory(p.c), u.c)
	if err := p.program.Run(); err != nil {
		return err
	}
	copy(u.h, p.value(p.last.H))
	if p.last.C != nil {
		copy(u.c, p.value(p.last.C))
	}
	return nil
}

func (p *passage) value(output *G.Node) []float32 { return p.program.Value(output).Data().([]float32) }

func memory(input *G.Node) []float32 { return input.Value().Data().([]float32) }
