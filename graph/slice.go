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

// Slice returns x[..., lo:hi, ...] along an axis, with the axis kept even when
// hi-lo is 1. Any bounds are correct; upstream merges slices whose bounds agree
// mod 256 (bug 1). It returns an error when the bounds don't fit the axis.
func Slice(x *G.Node, axis, lo, hi int) (*G.Node, error) {
	if axis < 0 || axis >= x.Dims() || lo < 0 || hi <= lo || hi > x.Shape()[axis] {
		return nil, errors.Errorf("graph: slice %d:%d of axis %d does not fit shape %v", lo, hi, axis, x.Shape())
	}
	if lo == 0 && hi == x.Shape()[axis] {
		return x, nil
	}
	return window(x, axis, lo, hi, x.Shape()[axis], false)
}

// Pad returns x with zeros appended along an axis, which is then of the given
// size. It returns an error when the axis is longer than that.
func Pad(x *G.Node, axis, size int) (*G.Node, error) {
	if axis < 0 || axis >= x.Dims() || size < x.Shape()[axis] {
		return nil, errors.Errorf("graph: cannot pad axis %d of shape %v to %d", axis, x.Shape(), size)
	}
	if size == x.Shape()[axis] {
		return x, nil
	}
	return window(x, axis, 0, x.Shape()[axis], size, true)
}

// window cuts lo:hi out of an axis of the given size or, as its transpose, puts x there
// with zeros around it.
func window(x *G.Node, axis, lo, hi, size int, put bool) (*G.Node, error) {
	shape, name := x.Shape().Clone(), "slice"
	shape[axis] = size
	b := blocksAlong(shape, axis)
	if put {
		name = "pad"
	} else {
		shape[axis] = hi - lo
	}
	return ops.Apply(&ops.Op{
		Name:  fmt.Sprintf("%s axis %d %d:%d of %d", name, axis, lo, hi, size),
		Shape: shape,
		F32:   func(out []float32, in [][]float32) { moveBlocks(out, in[0], b, lo, hi, put) },
		F64:   func(out []float64, in [][]float64) { moveBlocks(out, in[0], b, lo, hi, put) },
		Diff:  []ops.Gradient{func(_ G.Nodes, grad *G.Node) (*G.Node, error) { return window(grad, axis, lo, hi, size, !put) }},
	}, x)
}

// Split cuts x into n equal parts along an axis; the axis is kept, also when a
// part is 1 long. It cuts by halves: the gradient of each cut is as large as
// what was cut, so that n parts cost log2(n) times x and not n times x. It
// returns an error when n does not divide the axis.
func Split(x *G.Node, axis, n int) (G.Nodes, error) {
	if axis < 0 || axis >= x.Dims() || n < 1 || x.Shape()[axis]%n != 0 {
		return nil, errors.Errorf("graph: axis %d of shape %v does not split into %d equal parts", axis, x.Shape(), n)
	}
	if n == 1 {
		return G.Nodes{x}, nil
	}
	part := x.Shape()[axis] / n
	cut := n / 2 * part
	var e Equations
	left := e.split(e.Do(func() (*G.Node, error) { return Slice(x, axis, 0, cut) }), axis, n/2)
	right := e.split(e.Do(func() (*G.Node, error) { return Slice(x, axis, cut, n*part) }), axis, n-n/2)
	return append(left, right...), e.Err()
}

// Concat joins nodes along an axis. Its gradient is Slice; upstream's slices
// with bounds that merge (bug 1). It returns an error when the other axes
// differ.
func Concat(axis int, xs ...*G.Node) (*G.Node, error) {
	if len(xs) == 0 || axis < 0 || axis >= xs[0].Dims() {
		return nil, errors.Errorf("graph: cannot join %d nodes along axis %d", len(xs), axis)
	}
	if len(xs) == 1 {
		return xs[0], nil
	}
	shape := xs[0].Shape().Clone()
	ends := make([]int, len(xs)) // where each operand ends along the axis
	diff := make([]ops.Gradient, len(xs))
	for i, x := range xs {
		s := x.Shape().Clone()
		if len(s) == len(shape) {
			ends[i] = s[axis]
			if i > 0 {
				ends[i] += ends[i-1]
			}
			diff[i] = func(_ G.Nodes, grad *G.Node) (*G.Node, error) {
				return Slice(grad, axis, ends[i]-x.Shape()[axis], ends[i])
			}
			s[axis] = shape[axis]
		}
		if !slices.Equal(s, shape) {
			return nil, errors.Errorf("graph: cannot join shape %v to %v along axis %d", x.Shape(), xs[0].Shape(), axis)
		}
	}
	shape[axis] = ends[len(ends)-1]
	b := blocksAlong(shape, axis)
	return ops.Apply(&ops.Op{
		Name:  fmt.Sprintf("concat axis %d ends %v", axis, ends),
		Shape: shape,
		F32:   func(out []float32, in [][]float32) { joinBlocks(out, in, b, ends) },
		F64:   func(out []float64, in [][]float64) { joinBlocks(out, in, b, ends) },
		Diff:  diff,
	}, xs...)
}

// blocks sees a row-major tensor as outer rows of size elements of inner
// values each, size being the length of one axis.
type blocks struct{ outer, size, inner int }

func blocksAlong(s tensor.Shape, axis int) blocks {
	return blocks{outer: dims.Size(s[:axis]), size: s[axis], inner: dims.Size(s[axis+1:])}
}

func moveBlocks[T ops.Float](dst, src []T, b blocks, lo, hi int, put bool) {
	if put {
		clear(dst)
		putBlocks(dst, src, b, lo, hi)
		return
	}
	n := (hi - lo) * b.inner
	for o := range b.outer {
		copy(dst[o*n:(o+1)*n], src[(o*b.size+lo)*b.inner:])
	}
}

func putBlocks[T ops.Float](dst, src []T, b blocks, lo, hi int) {
	n := (hi - lo) * b.inner
	for o := range b.outer {
		copy(dst[(o*b.size+lo)*b.inner:], src[o*n:(o+1)*n])
	}
}

func joinBlocks[T ops.Float](dst []T, srcs [][]T, b blocks, ends []int) {
	lo := 0
	for i, hi := range ends {
		putBlocks(dst, srcs[i], b, lo, hi)
		lo = hi
	}
}
