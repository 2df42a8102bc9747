package graph

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// Tensordot contracts axes aAxes of a with axes bAxes of b, pair by pair:
//
//	y[free of a..., free of b...] = Σ a[...] b[...]
//
// for any number of axes, of any size, 1 included. With no axes it is the outer
// product; with none left free the result has shape (1).
//
// The node is an operation of our own: upstream's is wrong for some numbers of axes
// (bugs 3 to 6 and 8), and how append grows a slice decides for which ones. The
// gradients are Tensordots in their turn. It returns an error that quotes both
// shapes when the axes don't pair up.
func Tensordot(aAxes, bAxes []int, a, b *G.Node) (*G.Node, error) {
	freeA, freeB, err := freeAxes(aAxes, bAxes, a.Shape(), b.Shape())
	if err != nil {
		return nil, err
	}
	shape := slices.Concat(pick(a.Shape(), freeA), pick(b.Shape(), freeB))
	p := backend.Products{Count: 1, Rows: dims.Size(pick(a.Shape(), freeA)), Cols: dims.Size(pick(b.Shape(), freeB)), Inner: dims.Size(pick(a.Shape(), aAxes))}
	if len(shape) == 0 {
		shape = []int{1}
	}
	wa := planWalk(a.Shape(), slices.Concat(freeA, aAxes))
	wb := planWalk(b.Shape(), slices.Concat(bAxes, freeB))
	return ops.Apply(&ops.Op{
		Name:  fmt.Sprintf("Tensordot %v %v", aAxes, bAxes),
		Shape: shape,
		F32:   tensordot[float32](p, wa, wb),
		F64:   tensordot[float64](p, wa, wb),
		WRT:   []bool{true, true},
		Diff: func(inputs G.Nodes, grad *G.Node) (G.Nodes, error) {
			a, b := inputs[0], inputs[1]
			ofA, ofB := axesFrom(0, len(freeA)), axesFrom(len(freeA), len(freeB)) // of grad
			// Both have the contracted axes in the order in which the other operand has them.
			da, err := Tensordot(ofB, freeB, grad, b)
			if err != nil {
				return nil, err
			}
			db, err := Tensordot(freeA, ofA, a, grad)
			if err != nil {
				return nil, err
			}
			if da, err = restore(da, slices.Concat(freeA, paired(bAxes, aAxes)), a.Shape()); err != nil {
				return nil, err
			}
			db, err = restore(db, slices.Concat(paired(aAxes, bAxes), freeB), b.Shape())
			return G.Nodes{da, db}, err
		},
	}, a, b)
}

// tensordot returns the product of two operands that are walked along as
// matrices.
func tensordot[T ops.Float](p backend.Products, wa, wb walk) func(out []T, in [][]T) {
	var a, b []T // memory of the copies, if any
	return func(out []T, in [][]T) {
		a, b = arrange(a, in[0], wa), arrange(b, in[1], wb)
		backend.Multiply(p, a, b, out)
	}
}

// arrange returns src's elements in the order of the walk: where they lie in that
// order already src itself, otherwise a copy in the given memory or in new one.
func arrange[T ops.Float](memory, src []T, w walk) []T {
	if len(w.sizes) == 0 || len(w.sizes) == 1 && w.strides[0] == 1 {
		return src
	}
	memory = slices.Grow(memory[:0], len(src))[:len(src)]
	permute(memory, src, w)
	return memory
}

// restore puts the axes of x, which are those of a tensor of this shape in the
// given order, back into their own.
func restore(x *G.Node, order []int, shape tensor.Shape) (*G.Node, error) {
	x, err := Reshape(x, pick(shape, order)...) // a full contraction has left a 1
	if err != nil {
		return nil, err
	}
	perm := make([]int, len(order))
	for k, axis := range order {
		perm[axis] = k
	}
	return Transpose(x, perm...)
}

// paired returns the axes that are paired with those of by, in the order in which
// the latter lie.
func paired(by, axes []int) []int {
	var all []int
	for _, k := range slices.Sorted(slices.Values(by)) {
		all = append(all, axes[slices.Index(by, k)])
	}
	return all
}

func freeAxes(aAxes, bAxes []int, a, b tensor.Shape) (freeA, freeB []int, err error) {
	bad := len(aAxes) != len(bAxes)
	for i := 0; !bad && i < len(aAxes); i++ {
		x, y := aAxes[i], bAxes[i]
		bad = x < 0 || x >= len(a) || y < 0 || y >= len(b) || a[x] != b[y] ||
			slices.Contains(aAxes[:i], x) || slices.Contains(bAxes[:i], y)
	}
	if bad {
		return nil, nil, errors.Errorf("graph: axes %v of shape %v do not pair with axes %v of shape %v", aAxes, a, bAxes, b)
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

// axesFrom returns n axes from the first one on.
func axesFrom(first, n int) []int {
	axes := make([]int, n)
	for k := range axes {
		axes[k] = first + k
	}
	return axes
}
