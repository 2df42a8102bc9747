// Package gradcheck compares the gradients of an expression graph with central
// differences in float64. Only tests import it.
package gradcheck

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

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

// Build adds the function under test to a graph: from one node per input to one node of any shape.
type Build func(g *G.ExprGraph, in G.Nodes) (*G.Node, error)

// Constant adds an input that the function under test reads besides the differentiable ones.
func Constant(g *G.ExprGraph, name string, shape []int, data []float64) (*G.Node, error) {
	return graph.Input(g, name, tensor.Float64, shape, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data)))
}

// Forward runs the function once and returns its result.
func Forward(build Build, inputs ...Input) ([]float64, error) {
	f, err := compile(build, inputs, nil, false)
	if err == nil {
		err = f.program.Run()
	}
	if err != nil {
		return nil, err
	}
	if y, ok := f.program.Value(f.y).Data().([]float64); ok {
		return slices.Clone(y), nil
	}
	y, err := f.program.Scalar(f.y)
	return []float64{y}, err
}

// Gradients returns the gradient of Σ f(inputs) with respect to each input.
func Gradients(build Build, inputs ...Input) ([][]float64, error) {
	_, grads, err := differentiated(build, inputs, nil)
	return grads, err
}

// Check returns an error when the gradient of Σ r·f(inputs), for random r, with
// respect to any input differs from central differences by more than rtol of
// the larger of the two (and of the largest entry of that input's gradient).
// Every entry of an input is compared up to most entries, and as many random
// ones of a larger input.
func Check(rng *rand.Rand, build Build, most int, rtol float64, inputs ...Input) error {
	f, grads, err := differentiated(build, inputs, rng)
	if err != nil {
		return err
	}
	const h = 1e-5
	for i, in := range inputs {
		largest := max(slices.Max(grads[i]), -slices.Min(grads[i]), 1e-3)
		for k, j := range rng.Perm(len(in.Data)) {
			if k == most {
				break
			}
			x, old := &f.data[i][j], f.data[i][j]
			*x = old + h
			up, err1 := f.sum()
			*x = old - h
			down, err2 := f.sum()
			*x = old
			if err := cmp.Or(err1, err2); err != nil {
				return err
			}
			want, got := (up-down)/(2*h), grads[i][j]
			if !(math.Abs(want-got) <= rtol*max(math.Abs(want), largest)) {
				return errors.Errorf("input %d %v, entry %d: gradient %g, central difference %g", i, in.Shape, j, got, want)
			}
		}
	}
	return nil
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

type function struct {
	nodes   G.Nodes
	data    [][]float64 // backing memory of the nodes
	y       *G.Node     // f(inputs), or Σ r·f(inputs)
	program *graph.Program
}

// compile builds the program of the function or, with gradients, of its sum.
func compile(build Build, inputs []Input, rng *rand.Rand, gradients bool) (f *function, err error) {
	g := G.NewGraph()
	f = &function{}
	var e graph.Equations
	for i, in := range inputs {
		data := slices.Clone(in.Data)
		n := e.Do(func() (*G.Node, error) { return Constant(g, string(rune('a'+i)), in.Shape, data) })
		f.nodes, f.data = append(f.nodes, n), append(f.data, data)
	}
	f.y = e.Do(func() (*G.Node, error) { return build(g, f.nodes) })
	var grads, params G.Nodes
	if gradients {
		f.y, params = e.Do(func() (*G.Node, error) { return weightedSum(g, "weights", f.y, rng) }), f.nodes
		e.Do(func() (*G.Node, error) {
			grads, err = graph.Grad(f.y, params...)
			return nil, err
		})
	}
	e.Do(func() (*G.Node, error) {
		f.program, err = graph.Compile(G.Nodes{f.y}, grads, params)
		return nil, err
	})
	return f, e.Err()
}

// differentiated is a function that has run once, and its gradients.
func differentiated(build Build, inputs []Input, rng *rand.Rand) (f *function, grads [][]float64, err error) {
	if f, err = compile(build, inputs, rng, true); err != nil {
		return nil, nil, err
	}
	if _, err = f.sum(); err != nil {
		return nil, nil, err
	}
	for i, n := range f.nodes {
		v, err := n.Grad()
		if err != nil {
			return nil, nil, errors.Wrapf(err, "gradient of input %d", i)
		}
		grads = append(grads, slices.Clone(v.Data().([]float64)))
	}
	return f, grads, nil
}

// sum runs a program of gradients.
func (f *function) sum() (float64, error) {
	if err := f.program.Run(); err != nil {
		return 0, err
	}
	return f.program.Scalar(f.y)
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
