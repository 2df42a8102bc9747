package safe

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Tensordot contracts axes aAxes of a with axes bAxes of b, pair by pair:
//
//	y[free of a..., free of b...] = Σ a[...] b[...]
//
// for any number of axes, of any size, 1 included. With no axes it is the outer
// product; with none left free the result has shape (1).
//
// The node is an upstream Tensordot where that and its gradient are right, and
// Transpose, Reshape and Mul elsewhere (bugs 3 to 6 and 8). It returns an error
// that quotes both shapes when the axes don't pair up.
func Tensordot(aAxes, bAxes []int, a, b *G.Node) (*G.Node, error) {
	freeA, freeB, err := freeAxes(aAxes, bAxes, a.Shape(), b.Shape())
	if err != nil {
		return nil, err
	}
	if upstreamIsRight(len(freeA), len(aAxes), len(freeB), a.Shape(), b.Shape()) {
		y, err := G.Tensordot(aAxes, bAxes, a, b)
		return y, errors.Wrapf(err, "safe: Tensordot of %v and %v over axes %v and %v", a.Shape(), b.Shape(), aAxes, bAxes)
	}
	sizesA, sizesB := pick(a.Shape(), freeA), pick(b.Shape(), freeB)
	k := product(pick(a.Shape(), aAxes))
	am, err := matrix(a, slices.Concat(freeA, aAxes), product(sizesA), k)
	if err != nil {
		return nil, err
	}
	bm, err := matrix(b, slices.Concat(bAxes, freeB), k, product(sizesB))
	if err != nil {
		return nil, err
	}
	y, err := G.Mul(am, bm)
	if err != nil {
		return nil, errors.Wrapf(err, "safe: product of %v and %v", am.Shape(), bm.Shape())
	}
	shape := slices.Concat(sizesA, sizesB)
	if len(shape) == 0 {
		shape = []int{1}
	}
	return Reshape(y, shape...)
}

// upstreamIsRight tells whether upstream's Tensordot and the Tensordots of its
// gradient are right. The gradient contracts the result with either operand, so
// that each of the three groups of axes takes a turn as the free axes of a
// first operand; 1, 2 and 4 of them are right, and only with sizes above 1.
func upstreamIsRight(freeA, contracted, freeB int, a, b tensor.Shape) bool {
	for _, n := range []int{freeA, contracted, freeB} {
		if n != 1 && n != 2 && n != 4 {
			return false
		}
	}
	return !slices.Contains(a, 1) && !slices.Contains(b, 1)
}

// matrix returns x with its axes in the given order, as rows x cols.
func matrix(x *G.Node, order []int, rows, cols int) (*G.Node, error) {
	t, err := Transpose(x, order...)
	if err != nil {
		return nil, err
	}
	return Reshape(t, rows, cols)
}

func freeAxes(aAxes, bAxes []int, a, b tensor.Shape) (freeA, freeB []int, err error) {
	bad := len(aAxes) != len(bAxes)
	for i := 0; !bad && i < len(aAxes); i++ {
		x, y := aAxes[i], bAxes[i]
		bad = x < 0 || x >= len(a) || y < 0 || y >= len(b) || a[x] != b[y] ||
			slices.Contains(aAxes[:i], x) || slices.Contains(bAxes[:i], y)
	}
	if bad {
		return nil, nil, errors.Errorf("safe: axes %v of shape %v do not pair with axes %v of shape %v", aAxes, a, bAxes, b)
	}
	return without(len(a), aAxes), without(len(b), bAxes), nil
}

// without returns 0..n-1 less the given axes.
func without(n int, axes []int) []int {
	var rest []int
	for k := range n {
		if !slices.Contains(axes, k) {
			rest = append(rest, k)
		}
	}
	return rest
}

func pick(shape tensor.Shape, axes []int) []int {
	sizes := make([]int, len(axes))
	for i, k := range axes {
		sizes[i] = shape[k]
	}
	return sizes
}
