package cells

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// Runner runs a stack forward only, in float32 and without a graph: step by step
// through live sequences, carrying the state over, or over whole sequences. The
// cores are merged once, into the factors of plans for inference. A Runner is
// not safe for concurrent use, but different Runners of one stack may run
// concurrently.
type Runner struct {
	stack *Stack
	batch int
	units []unit // by layer, the forward direction first
}

// block is the number of steps that go through W at once where a sequence has as
// many. A dense W is then read once for all of them, which takes a sixth of the
// time or less; decomposed ones gain little. A block of one size, unlike all
// steps at once, does with one plan and one program for sequences of any length.
const block = 8

// maxInput bounds the values of a block of steps: more is a mistake, or does not fit
// into memory where an int has 32 bits.
const maxInput = min(1<<31, math.MaxInt/8)

// unit is one direction of a layer.
type unit struct {
	d            *direction
	one, several *passage  // of a step, and of a block of steps
	h, c         []float32 // the state between steps, each (batch, hidden)
}

// Runner returns a Runner for batch sequences at a time, with copies of the
// parameters' values. It returns an error when batch is not positive or is too
// large, or when a parameter is missing, has the wrong shape or is not float32.
func (s *Stack) Runner(params map[string]*tensor.Dense, batch int) (*Runner, error) {
	if batch < 1 {
		return nil, errors.Errorf("cells: a batch of %d sequences; want at least 1", batch)
	}
	widest := 0
	for _, d := range s.all() {
		widest = max(widest, d.input.Rows(), d.width())
	}
	if batch > maxInput/block/widest {
		return nil, errors.Errorf("cells: a batch of %d sequences with %d values a step; want at most %d sequences", batch, widest, maxInput/block/widest)
	}
	values := map[string]*tensor.Dense{}
	for _, p := range s.Params() {
		v := params[p.Name]
		if v == nil {
			return nil, errors.Errorf("cells: no value for parameter %s", p.Name)
		}
		if !slices.Equal(p.Shape, v.Shape()) || v.Dtype() != tensor.Float32 {
			return nil, errors.Errorf("cells: parameter %s is %v %v; want float32 %v", p.Name, v.Dtype(), v.Shape(), tensor.Shape(p.Shape))
		}
		values[p.Name] = v.Clone().(*tensor.Dense)
	}
	r := &Runner{stack: s, batch: batch}
	for _, d := range s.all() {
		one, err1 := newPassage(d, values, batch, 1)
		several, err2 := newPassage(d, values, batch, block)
		if err := cmp.Or(err1, err2); err != nil {
			return nil, err
		}
		r.units = append(r.units, unit{d: d, one: one, several: several})
	}
	r.Reset()
	return r, nil
}

// Reset forgets the carried state: the next Step is the first of new sequences.
func (r *Runner) Reset() {
	for k := range r.units {
		u := &r.units[k]
		n := r.batch * u.d.layer.Hidden()
		u.h, u.c = make([]float32, n), make([]float32, n)
	}
}

// Step advances each sequence by one step, x (batch, features). It returns the
// last layer's state, (batch, features), in a new slice. It returns an error when
// x has the wrong size, or when a layer is bidirectional: its reverse direction
// would begin at the sequence's end, which is not there yet.
func (r *Runner) Step(x []float32) ([]float32, error) {
	if k := slices.IndexFunc(r.stack.layers, func(l Layer) bool { return l.Bidirectional }); k >= 0 {
		return nil, errors.Errorf("cells: layer%d is bidirectional and reads a sequence from its end too; it runs on whole sequences only, with Sequence", k+1)
	}
	if want := r.batch * r.stack.Inputs(); len(x) != want {
		return nil, errors.Errorf("cells: a step has %d values; want %d, %d sequences of %d", len(x), want, r.batch, r.stack.Inputs())
	}
	return r.over(x, 1, slices.Repeat([]int{1}, r.batch))
}

// Sequence runs whole sequences from their beginning, x (batch, steps, features)
// with lengths (batch) as in Options.Lengths; nil means that all have all steps.
// It returns Output.Last, (batch, features), in a new slice, and leaves the
// carried state alone. It returns an error when x has the wrong size, or a
// length is not from 1 to steps.
func (r *Runner) Sequence(x []float32, steps int, lengths []int) ([]float32, error) {
	inputs := r.stack.Inputs()
	if steps < 1 || len(x)%steps != 0 || len(x)/steps != r.batch*inputs {
		return nil, errors.Errorf("cells: sequences of %d steps have %d values; want %d sequences of steps of %d", steps, len(x), r.batch, inputs)
	}
	if lengths == nil {
		lengths = slices.Repeat([]int{steps}, r.batch)
	}
	if len(lengths) != r.batch {
		return nil, errors.Errorf("cells: %d lengths; want %d, one a sequence", len(lengths), r.batch)
	}
	if b := slices.IndexFunc(lengths, func(n int) bool { return n < 1 || n > steps }); b >= 0 {
		return nil, errors.Errorf("cells: sequence %d has length %d; want 1 to %d", b+1, lengths[b], steps)
	}
	fresh := Runner{r.stack, r.batch, slices.Clone(r.units)}
	fresh.Reset()
	return fresh.over(x, steps, lengths)
}

// over runs all layers, from the carried states on, and returns those of the last.
func (r *Runner) over(x []float32, steps int, lengths []int) ([]float32, error) {
	y, last := x, []float32(nil)
	for _, u := range r.units {
		hidden, features, column := u.d.layer.Hidden(), u.d.layer.Features(), u.d.layer.Hidden()
		if !u.d.reverse { // another layer
			x, y, last, column = y, make([]float32, r.batch*steps*features), make([]float32, r.batch*features), 0
		}
		for done := 0; done < steps; {
			p := u.one
			if steps-done >= block {
				p = u.several
			}
			from := done
			if u.d.reverse {
				from = steps - done - p.steps
			}
			if err := u.run(p, x[from*u.d.layer.InputSize():], steps, from, lengths); err != nil {
				return nil, errors.Wrapf(err, "cells: %s", u.d.name)
			}
			for b := range r.batch {
				ops.CopyRows(p.steps, hidden, y[(b*steps+from)*features+column:], features, p.value(p.states)[b*p.steps*hidden:], hidden)
			}
			done += p.steps
		}
		ops.CopyRows(r.batch, hidden, last[column:], features, u.h, hidden)
	}
	return last, nil
}

// Close releases the programs.
func (r *Runner) Close() (err error) {
	for _, u := range r.units {
		err = cmp.Or(err, u.one.program.Close(), u.several.program.Close())
	}
	return err
}

// passage is a program for some steps of a direction, without gradients. It takes
// the merged factors of W and U as inputs.
type passage struct {
	steps            int
	program          *graph.Program
	x, lengths, h, c *G.Node // inputs: (batch, steps, width), (batch), and the state before, each (batch, hidden)
	states           *G.Node // (batch, steps, hidden), after each step
	last             State
}

// newPassage merges the cores, of the given values, and compiles.
func newPassage(d *direction, values map[string]*tensor.Dense, batch, steps int) (*passage, error) {
	g, cores, hidden := G.NewGraph(), G.NewGraph(), d.layer.Hidden()
	buffer := func(name string, shape ...int) *G.Node {
		return input(g, name, tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...)))
	}
	p := &passage{
		steps: steps, x: buffer("x", batch, steps, d.input.Rows()), lengths: buffer("lengths", batch),
		h: buffer("h", batch, hidden), c: buffer("c", batch, hidden),
	}
	r := &run{params: map[string]*G.Node{}, inference: true, batch: batch, steps: steps}
	for _, v := range d.params() {
		of := cores
		if v.Role == Bias {
			of = g
		}
		r.params[v.Name] = input(of, v.Name, values[v.Name])
	}
	r.mask = r.Do(func() (*G.Node, error) { return before(p.lengths, steps) })
	if p.states, p.last = r.direction(d, p.x, State{H: p.h, C: p.c}); r.Err() != nil {
		return nil, r.Err()
	}
	var err error
	p.program, err = graph.Compile(G.Nodes{p.last.H, cmp.Or(p.last.C, p.last.H), p.states}, nil, nil)
	return p, err
}

// input adds one with a header of its own: a product transposes it for a moment. Names
// and values are ours, and so are their mistakes.
func input(g *G.ExprGraph, name string, v G.Value) *G.Node {
	header := tensor.New(tensor.WithShape(v.Shape()...), tensor.WithBacking(v.Data()))
	return G.Must(graph.Input(g, name, tensor.Float32, v.Shape(), header))
}

// computed returns nodes as inputs of another graph, with the values that they have in
// their own. If all are inputs there too, they share the memory.
func computed(nodes G.Nodes, g *G.ExprGraph) (G.Nodes, error) {
	value := (*G.Node).Value
	if slices.ContainsFunc(nodes, func(n *G.Node) bool { return n.Op() != nil }) {
		program, err := graph.Compile(nodes, nil, nil)
		if err != nil {
			return nil, err
		}
		defer program.Close()
		if err := program.Run(); err != nil {
			return nil, err
		}
		value = program.Value
	}
	inputs := make(G.Nodes, len(nodes))
	for k, n := range nodes {
		inputs[k] = input(g, fmt.Sprintf("factor%d", len(g.AllNodes())), value(n))
	}
	return inputs, nil
}

// run advances the state by a passage over sequences of some lengths, all of them as
// long as the longest in memory: x (batch, all, inputs) begins with the step from which
// the passage goes on.
func (u *unit) run(p *passage, x []float32, all, from int, lengths []int) error {
	batch, inputs, width := len(lengths), u.d.layer.InputSize(), u.d.input.Rows()
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
