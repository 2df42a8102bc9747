package graph

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// Reshape returns x with another shape of the same number of elements, in memory of its
// own: upstream's shares x's memory, which elementwise operations then write into (bug 2).
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

// View is Reshape without the copy. It is correct where nothing writes over the memory that
// is shared: x is an input, or only Mul, Transpose, Tensordot and other views read x; and
// only these read the result and its gradient. Compile checks it. Use it where x is as
// large as a batch of frames, and Reshape everywhere else.
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

// Transpose returns x with its axes in another order: axis k of the result is axis perm[k]
// of x. Upstream's is correct too, but walks element by element; this one copies runs.
func Transpose(x *G.Node, perm ...int) (*G.Node, error) {
	if !isPermutation(perm, x.Dims()) {
		return nil, errors.Errorf("graph: %v is not a permutation of the axes of shape %v", perm, x.Shape())
	}
	shape := make(tensor.Shape, len(perm))
	inverse := make([]int, len(perm))
	for k, p := range perm {
		shape[k], inverse[p] = x.Shape()[p], k
	}
	if slices.IsSorted(perm) {
		return x, nil
	}
	w := ops.NewWalk(x.Shape(), perm)
	return ops.Apply(&ops.Op{
		Name:  fmt.Sprintf("transpose %v", perm),
		Shape: shape,
		F32:   func(out []float32, in [][]float32) { ops.Permute(out, in[0], w) },
		F64:   func(out []float64, in [][]float64) { ops.Permute(out, in[0], w) },
		Diff:  []ops.Gradient{func(_ G.Nodes, grad *G.Node) (*G.Node, error) { return Transpose(grad, inverse...) }},
	}, x)
}

func isPermutation(perm []int, n int) bool {
	seen := make([]bool, n)
	for _, p := range perm {
		if p < 0 || p >= n || seen[p] {
			return false
		}
		seen[p] = true
	}
	return len(perm) == n
}
