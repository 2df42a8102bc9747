package graph

import (
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
	b := blocksAlong(x.Shape(), axis)
	var rest []int
	rest = append(append(rest, x.Shape()[:axis]...), x.Shape()[axis+1:]...)
	if len(rest) == 0 {
		rest = []int{1}
	}
	if b.size == 1 {
		return Reshape(x, rest...)
	}
	var e Equations
	x = e.Reshape(x, b.outer, b.size, b.inner)
	x = e.Do(func() (*G.Node, error) { return G.Sum(x, 1) })
	return e.Reshape(x, rest...), e.Err()
}

// SumAll adds up all of x to a scalar.
func SumAll(x *G.Node) (*G.Node, error) {
	var e Equations
	x = e.Reshape(x, 1, dims.Size(x.Shape()))
	return e.Do(func() (*G.Node, error) { return G.Sum(x) }), e.Err()
}
