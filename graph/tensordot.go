package graph

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// Tensordot contracts axes aAxes of a with axes bAxes of b, pair by pair:
//
//	y[free of a..., free of b...] = Σ a[...] b[...]
//
// for any number of axes, of any size, 1 included. With no axes it is the outer
// product; with none left free the result has shape (1). With an order, axis k of
// the result is axis order[k] of the above, which costs nothing where the products
// can write it so.
//
// It returns an error that quotes both shapes when the axes don't pair up, and when
// the order is not a permutation of the free axes.
func Tensordot(aAxes, bAxes []int, a, b *G.Node, order ...int) (*G.Node, error) {
	if err := checkAxes(aAxes, bAxes, a.Shape(), b.Shape()); err != nil {
		return nil, err
	}
	var axes []ops.Axis
	for k, size := range slices.Concat(a.Shape(), b.Shape()) {
		axes = append(axes, ops.Axis{ID: k, Size: size})
	}
	x, y := axes[:a.Dims()], axes[a.Dims():]
	for k, axis := range bAxes {
		y[axis] = x[aAxes[k]]
	}
	free := slices.DeleteFunc(slices.Clone(axes), func(i ops.Axis) bool { return slices.Contains(x, i) && slices.Contains(y, i) })
	result := free
	if order != nil {
		if !isPermutation(order, len(free)) {
			return nil, errors.Errorf("graph: %v is not an order of the %d free axes of %v and %v", order, len(free), a.Shape(), b.Shape())
		}
		result = make([]ops.Axis, len(free))
		for k, j := range order {
			result[k] = free[j]
		}
	}
	var shape []int
	for _, axis := range result {
		shape = append(shape, axis.Size)
	}
	if shape == nil {
		shape = []int{1}
	}
	n, err := ops.Tensordot(a, b, x, y, result, shape...)
	return n, errors.Wrap(err, "graph")
}

func checkAxes(aAxes, bAxes []int, a, b tensor.Shape) error {
	bad := len(aAxes) != len(bAxes)
	for i := 0; !bad && i < len(aAxes); i++ {
		x, y := aAxes[i], bAxes[i]
		bad = x < 0 || x >= len(a) || y < 0 || y >= len(b) || a[x] != b[y] ||
			slices.Contains(aAxes[:i], x) || slices.Contains(bAxes[:i], y)
	}
	if bad {
		return errors.Errorf("graph: axes %v of shape %v do not pair with axes %v of shape %v", aAxes, a, bAxes, b)
	}
	return nil
}

// Sum adds up x along one axis, which goes. Upstream's Sum is wrong for middle axes of 4-D
// and larger tensors (bug 7), so x is seen as (before, axis, after) first. A vector's sum
// has shape (1).
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
	if x.IsScalar() {
		return x, nil
	}
	var e Equations
	x = e.Reshape(x, 1, dims.Size(x.Shape()))
	return e.Do(func() (*G.Node, error) { return G.Sum(x) }), e.Err()
}
