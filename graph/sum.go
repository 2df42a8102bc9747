package graph

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// Sum adds up x along one axis, which goes. Upstream's Sum is wrong for middle
// axes of 4-D and larger tensors (bug 7), so x is seen as (before, axis, after)
// first. A vector's sum has shape (1). It returns an error when x has no such
// axis.
func Sum(x *G.Node, axis int) (*G.Node, error) {
	if axis < 0 || axis >= x.Dims() {
		return nil, errors.Errorf("graph: shape %v has no axis %d to sum", x.Shape(), axis)
	}
	outer, size, inner := dims.Around(x.Shape(), axis)
	rest := slices.Delete(x.Shape().Clone(), axis, axis+1)
	if len(rest) == 0 {
		rest = []int{1}
	}
	if size == 1 {
		return Reshape(x, rest...)
	}
	var e Equations
	x = e.Reshape(x, outer, size, inner)
	x = e.Do(func() (*G.Node, error) { return G.Sum(x, 1) })
	return e.Reshape(x, rest...), e.Err()
}

// SumAll adds up all of x to a scalar.
func SumAll(x *G.Node) (*G.Node, error) {
	var e Equations
	x = e.Reshape(x, 1, dims.Size(x.Shape()))
	return e.Do(func() (*G.Node, error) { return G.Sum(x) }), e.Err()
}
