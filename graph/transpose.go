package graph

import (
	"fmt"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// Transpose returns x with its axes in another order: axis k of the result is
// axis perm[k] of x. Upstream's is correct too, but walks an iterator element by
// element; this one copies runs. It returns an error when perm is not a
// permutation of x's axes.
func Transpose(x *G.Node, perm ...int) (*G.Node, error) {
	if !isPermutation(perm, x.Dims()) {
		return nil, errors.Errorf("graph: %v is not a permutation of the axes of shape %v", perm, x.Shape())
	}
	shape := make(tensor.Shape, len(perm))
	inverse := make([]int, len(perm))
	identity := true
	for k, p := range perm {
		shape[k], inverse[p] = x.Shape()[p], k
		identity = identity && k == p
	}
	if identity {
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
