package graph

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// Slice returns x[..., lo:hi, ...] along an axis, with the axis kept even when hi-lo is 1.
// Any bounds are correct; upstream merges slices whose bounds agree mod 256 (bug 1).
func Slice(x *G.Node, axis, lo, hi int) (*G.Node, error) {
	if axis < 0 || axis >= x.Dims() || lo < 0 || hi <= lo || hi > x.Shape()[axis] {
		return nil, errors.Errorf("graph: slice %d:%d of axis %d does not fit shape %v", lo, hi, axis, x.Shape())
	}
	if lo == 0 && hi == x.Shape()[axis] {
		return x, nil
	}
	return window(x, axis, lo, hi, x.Shape()[axis], false)
}

// Pad returns x with zeros appended along an axis, which is then of the given size.
func Pad(x *G.Node, axis, size int) (*G.Node, error) {
	if axis < 0 || axis >= x.Dims() || size < x.Shape()[axis] {
		return nil, errors.Errorf("graph: cannot pad axis %d of shape %v to %d", axis, x.Shape(), size)
	}
	if size == x.Shape()[axis] {
		return x, nil
	}
	return window(x, axis, 0, x.Shape()[axis], size, true)
}

// window cuts lo:hi out of an axis of the given size or, as its transpose, puts x there with zeros around it.
func window(x *G.Node, axis, lo, hi, size int, put bool) (*G.Node, error) {
	shape, name := x.Shape().Clone(), "slice"
	shape[axis] = size
	outer, _, inner := dims.Around(shape, axis)
	if put {
		name = "pad"
	} else {
		shape[axis] = hi - lo
	}
	var owner any
	if put {
		owner = ops.Put{Of: x, Axis: axis, At: lo}
	}
	return ops.Apply(&ops.Op{
		Owner: owner,
		Name:  fmt.Sprintf("%s axis %d %d:%d of %d", name, axis, lo, hi, size),
		Shape: shape,
		Rows:  outer,
		F32:   func(out []float32, in [][]float32) { move(out, in[0], lo*inner, put) },
		F64:   func(out []float64, in [][]float64) { move(out, in[0], lo*inner, put) },
		Diff:  []ops.Gradient{func(_ G.Nodes, grad *G.Node) (*G.Node, error) { return window(grad, axis, lo, hi, size, !put) }},
	}, x)
}

// Split cuts x into n equal parts along an axis; the axis is kept, also when a part is 1
// long. It cuts by halves: the gradient of each cut is as large as what was cut, so that n
// parts cost log2(n) times x and not n times x.
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

// Concat joins nodes along an axis. Its gradient is Slice; upstream's slices with bounds
// that merge (bug 1).
func Concat(axis int, xs ...*G.Node) (*G.Node, error) {
	if len(xs) == 0 || axis < 0 || axis >= xs[0].Dims() {
		return nil, errors.Errorf("graph: cannot join %d nodes along axis %d", len(xs), axis)
	}
	if len(xs) == 1 {
		return xs[0], nil
	}
	shape := xs[0].Shape().Clone()
	var ends []int // where each operand ends along the axis
	var diff []ops.Gradient
	end := 0
	for _, x := range xs {
		s := x.Shape().Clone()
		if len(s) == len(shape) {
			lo, hi := end, end+s[axis]
			ends, diff = append(ends, hi), append(diff, func(_ G.Nodes, grad *G.Node) (*G.Node, error) { return Slice(grad, axis, lo, hi) })
			s[axis], end = shape[axis], hi
		}
		if !slices.Equal(s, shape) {
			return nil, errors.Errorf("graph: cannot join shape %v to %v along axis %d", x.Shape(), xs[0].Shape(), axis)
		}
	}
	shape[axis] = end
	return ops.Apply(&ops.Op{
		Name:  fmt.Sprintf("concat axis %d ends %v", axis, ends),
		Shape: shape,
		Rows:  dims.Size(shape[:axis]),
		F32:   join[float32],
		F64:   join[float64],
		Diff:  diff,
	}, xs...)
}

func move[T ops.Float](dst, src []T, at int, put bool) {
	if put {
		clear(dst)
		copy(dst[at:], src)
	} else {
		copy(dst, src[at:])
	}
}

func join[T ops.Float](dst []T, srcs [][]T) {
	for _, src := range srcs {
		dst = dst[copy(dst, src):]
	}
}

// Select returns x where mask is not 0 and zero elsewhere, or with invert where it is 0.
// mask's shape is a prefix of x's, sizes of 1 at its end aside: (batch, steps) selects steps
// of (batch, steps, n_1, ..., n_d), (batch, 1) rows of (batch, hidden). What is not selected
// has no influence, NaN and Inf included, which a product with zeros would keep. The mask
// has no gradient.
func Select(x, mask *G.Node, invert bool) (*G.Node, error) {
	m := mask.Shape()
	for len(m) > 1 && m[len(m)-1] == 1 {
		m = m[:len(m)-1]
	}
	if len(m) > x.Dims() || !slices.Equal(m, x.Shape()[:len(m)]) {
		return nil, errors.Errorf("graph: mask of shape %v does not start shape %v", mask.Shape(), x.Shape())
	}
	return ops.Apply(&ops.Op{
		Name: fmt.Sprintf("select invert=%t", invert),
		Rows: dims.Size(m),
		F32:  func(out []float32, in [][]float32) { choose(out, in[0], in[1][0] != 0 != invert) },
		F64:  func(out []float64, in [][]float64) { choose(out, in[0], in[1][0] != 0 != invert) },
		Diff: []ops.Gradient{func(in G.Nodes, grad *G.Node) (*G.Node, error) { return Select(grad, in[1], invert) }},
	}, x, mask)
}

func choose[T ops.Float](out, x []T, chosen bool) {
	if chosen {
		copy(out, x)
	} else {
		clear(out)
	}
}
