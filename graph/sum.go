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
	x3, err := Reshape(x, b.outer, b.size, b.inner)
	if err != nil {
		return nil, err
	}
	s, err := G.Sum(x3, 1)
	if err != nil {
		return nil, errors.Wrapf(err, "graph: sum of %v along axis %d", x.Shape(), axis)
	}
	return Reshape(s, rest...)
}

// SumAll adds up all of x to a scalar.
func SumAll(x *G.Node) (*G.Node, error) {
	v, err := Reshape(x, 1, dims.Size(x.Shape()))
	if err != nil {
		return nil, err
	}
	s, err := G.Sum(v)
	return s, errors.Wrapf(err, "graph: sum of all of %v", x.Shape())
}
