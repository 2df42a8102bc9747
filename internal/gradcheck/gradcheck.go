// Package gradcheck compares the gradients of an expression graph with central
// differences in float64. Only tests import it.
package gradcheck

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// Input is one differentiable input of the function under test.
type Input struct {
	Shape []int
	Data  []float64
}

// Random returns an input of standard normal values.
func Random(rng *rand.Rand, shape ...int) Input {
	in := Input{Shape: shape, Data: make([]float64, dims.Size(shape))}
	for i := range in.Data {
		in.Data[i] = rng.NormFloat64()
	}
	return in
}

// Build adds the function under test to a graph: from one node per input to one
// node of any shape.
type Build func(g *G.ExprGraph, in G.Nodes) (*G.Node, error)

// Forward runs the function once and returns its result.
func Forward(build Build, inputs ...Input) ([]float64, error) {
	f, err := compile(build, inputs, nil, false)
	if err != nil {
		return nil, err
	}
	return f.run()
}

// Constant adds an input that the function under test reads besides the
// differentiable ones.
func Constant(g *G.ExprGraph, name string, shape []int, data []float64) (*G.Node, error) {
	return graph.Input(g, name, tensor.Float64, shape, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data)))
}

// Gradients returns the gradient of Σ f(inputs) with respect to each input.
func Gradients(build Build, inputs ...Input) ([][]float64, error) {
	f, err := compile(build, inputs, nil, true)
	if err != nil {
		return nil, err
	}
	return f.gradients()
}

func (f *function) gradients() ([][]float64, error) {
	if _, err := f.run(); err != nil {
		return nil, err
	}
	grads := make([][]float64, len(f.nodes))
	for i, n := range f.nodes {
		v, err := n.Grad()
		if err != nil {
			return nil, errors.Wrapf(err, "gradient of input %d", i)
		}
		grads[i] = append(grads[i], v.Data().([]float64)...)
	}
	return grads, nil
}

// Check returns an error when the gradient of Σ r·f(inputs), for random r, with
// respect to any input differs from central differences by more than rtol of
// the larger of the two (and of the largest entry of that input's gradient).
// Every entry of an input is compared up to most entries, and as many random
// ones of a larger input.
func Check(rng *rand.Rand, build Build, most int, rtol float64, inputs ...Input) error {
	f, err := compile(build, inputs, rng, true)
	if err != nil {
		return err
	}
	grads, err := f.gradients()
	if err != nil {
		return err
	}
	const h = 1e-5
	for i, in := range inputs {
		largest := 0.0
		for _, g := range grads[i] {
			largest = math.Max(largest, math.Abs(g))
		}
		for k, j := range rng.Perm(len(in.Data)) {
			if k == most {
				break
			}
			x, old := &f.data[i][j], f.data[i][j]
			*x = old + h
			up, err1 := f.loss()
			*x = old - h
			down, err2 := f.loss()
			*x = old
			if err := cmp.Or(err1, err2); err != nil {
				return err
			}
			want, got := (up-down)/(2*h), grads[i][j]
			scale := math.Max(math.Max(math.Abs(want), math.Abs(got)), math.Max(largest, 1e-3))
			if !(math.Abs(want-got) <= rtol*scale) {
				return errors.Errorf("input %d %v, entry %d: gradient %g, central difference %g", i, in.Shape, j, got, want)
			}
		}
	}
	return nil
}

type function struct {
	nodes   G.Nodes
	data    [][]float64 // backing memory of the nodes
	out     *G.Node
	sum     *G.Node
	program *graph.Program
}

// compile builds the function's program. Nodes whose hashes are equal by chance are
// refused, which happens once in some ten thousand graphs: other names of the inputs
// then give others.
func compile(build Build, inputs []Input, rng *rand.Rand, grad bool) (f *function, err error) {
	for _, prefix := range []string{"", "again ", "once more "} {
		if f, err = compileNamed(prefix, build, inputs, rng, grad); err == nil || !strings.Contains(err.Error(), "rename an input") {
			break
		}
	}
	return f, err
}

func compileNamed(prefix string, build Build, inputs []Input, rng *rand.Rand, grad bool) (*function, error) {
	g := G.NewGraph()
	f := &function{}
	for i, in := range inputs {
		data := append([]float64{}, in.Data...)
		n, err := Constant(g, prefix+string(rune('a'+i)), in.Shape, data)
		if err != nil {
			return nil, err
		}
		f.nodes, f.data = append(f.nodes, n), append(f.data, data)
	}
	var err error
	if f.out, err = build(g, f.nodes); err != nil {
		return nil, err
	}
	if !grad {
		f.program, err = graph.Compile(G.Nodes{f.out}, nil, nil)
		return f, err
	}
	if f.sum, err = weightedSum(g, "weights", f.out, rng); err != nil {
		return nil, err
	}
	grads, err := graph.Grad(f.sum, f.nodes...)
	if err != nil {
		return nil, err
	}
	f.program, err = graph.Compile(G.Nodes{f.out, f.sum}, grads, f.nodes)
	return f, err
}

// weightedSum returns Σ r·x for random r, or for ones without a generator.
func weightedSum(g *G.ExprGraph, name string, x *G.Node, rng *rand.Rand) (*G.Node, error) {
	shape := x.Shape().Clone()
	if len(shape) == 0 {
		return x, nil
	}
	r := make([]float64, shape.TotalSize())
	for k := range r {
		r[k] = 1
		if rng != nil {
			r[k] = rng.NormFloat64()
		}
	}
	var e graph.Equations
	weights := e.Do(func() (*G.Node, error) { return Constant(g, name, shape, r) })
	return e.Unary(graph.SumAll, e.Mul(weights, x)), e.Err()
}

// CheckSecond is Check of the function's derivative along a random direction, whose
// gradient is the product of the second derivatives with that direction.
func CheckSecond(rng *rand.Rand, build Build, most int, rtol float64, inputs ...Input) error {
	along := func(g *G.ExprGraph, in G.Nodes) (along *G.Node, err error) {
		var e graph.Equations
		sum := func(name string, x *G.Node) *G.Node {
			return e.Do(func() (*G.Node, error) { return weightedSum(g, name, x, rng) })
		}
		first := sum("weights of the first", e.Do(func() (*G.Node, error) { return build(g, in) }))
		if e.Err() != nil {
			return nil, e.Err()
		}
		grads, err := graph.Grad(first, in...)
		for k, grad := range grads {
			if part := sum(fmt.Sprintf("direction %d", k), grad); along == nil {
				along = part
			} else {
				along = e.Add(along, part)
			}
		}
		return along, cmp.Or(err, e.Err())
	}
	return Check(rng, along, most, rtol, inputs...)
}

func (f *function) run() ([]float64, error) {
	if err := f.program.Run(); err != nil {
		return nil, err
	}
	v := f.program.Value(f.out)
	if s, ok := v.Data().(float64); ok {
		return []float64{s}, nil
	}
	return append([]float64{}, v.Data().([]float64)...), nil
}

func (f *function) loss() (float64, error) {
	if err := f.program.Run(); err != nil {
		return 0, err
	}
	return f.program.Scalar(f.sum)
}
