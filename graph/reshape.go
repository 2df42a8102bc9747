package graph

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// Reshape returns x with another shape of the same number of elements, in
// memory of its own: upstream's Reshape shares x's memory, which elementwise
// operations then write into (bug 2). It returns an error when the number of
// elements differs.
func Reshape(x *G.Node, shape ...int) (*G.Node, error) {
	if err := checkReshape(x, shape); err != nil {
		return nil, err
	}
	if slices.Equal(x.Shape(), shape) {
		return x, nil
	}
	return ops.Apply(&ops.Op{
		Name:  "reshape",
		Shape: shape,
		F32:   func(out []float32, in [][]float32) { copy(out, in[0]) },
		F64:   func(out []float64, in [][]float64) { copy(out, in[0]) },
		Diff:  []ops.Gradient{func(in G.Nodes, grad *G.Node) (*G.Node, error) { return Reshape(grad, in[0].Shape()...) }},
	}, x)
}

// View is Reshape without the copy: the result shares x's memory. It is correct
// where nothing writes over that memory: x is an input, or only Mul, Transpose,
// Tensordot and other views read x; and only these read the result and its
// gradient. Compile checks it. Use it where x is as large as a batch of frames,
// and Reshape everywhere else.
func View(x *G.Node, shape ...int) (*G.Node, error) {
	if err := checkReshape(x, shape); err != nil {
		return nil, err
	}
	if slices.Equal(x.Shape(), shape) {
		return x, nil
	}
	v, err := G.Reshape(x, shape)
	return v, errors.Wrapf(err, "graph: view of %v as %v", x.Shape(), shape)
}

func checkReshape(x *G.Node, shape []int) error {
	if dims.Size(x.Shape()) != dims.Size(shape) || slices.ContainsFunc(shape, func(n int) bool { return n < 1 }) {
		return errors.Errorf("graph: cannot reshape %v (%d elements) to %v (%d elements)",
			x.Shape(), dims.Size(x.Shape()), tensor.Shape(shape), dims.Size(shape))
	}
	return nil
}
