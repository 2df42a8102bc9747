package ops

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// Axis is an axis of an operand or of the result of a contraction. Axes of two
// tensors with the same ID are one index.
type Axis struct{ ID, Size int }

func (a Axis) String() string { return fmt.Sprintf("%d:%d", a.ID, a.Size) }

// Tensordot adds the node y = Σ a·b to the operands' graph, summed over the axes
// that both have. The axes of a, b and y say how their values lie, row-major: an
// operand may have any shape of as many elements and is read where it lies, and
// the node has the given shape. Each axis is in two of the three, and in y they may
// have any order.
//
// The gradients are Tensordots in their turn, so that there are gradients of any
// order. It returns an error when the axes don't fit.
func Tensordot(a, b *G.Node, aAxes, bAxes, yAxes []Axis, shape ...int) (*G.Node, error) {
	name := fmt.Sprintf("Tensordot %v, %v -> %v", aAxes, bAxes, yAxes)
	if err := pair(aAxes, bAxes, yAxes); err != nil {
		return nil, errors.Wrap(err, name)
	}
	if Volume(aAxes) != dims.Size(a.Shape()) || Volume(bAxes) != dims.Size(b.Shape()) || Volume(yAxes) != dims.Size(shape) {
		return nil, errors.Errorf("%s of %v and %v as %s", name, a.Shape(), b.Shape(), dims.Dots(shape))
	}
	c := contract(aAxes, bAxes, yAxes, backend.Here(), fromMemory)
	var m32 memory[float32]
	var m64 memory[float64]
	return Apply(&Op{
		Name:  name,
		Shape: shape,
		F32:   func(out []float32, in [][]float32) { compute(&c, &m32, out, in[0], in[1]) },
		F64:   func(out []float64, in [][]float64) { compute(&c, &m64, out, in[0], in[1]) },
		Diff: []Gradient{
			func(in G.Nodes, grad *G.Node) (*G.Node, error) {
				return Tensordot(grad, in[1], yAxes, bAxes, aAxes, in[0].Shape()...)
			},
			func(in G.Nodes, grad *G.Node) (*G.Node, error) {
				return Tensordot(in[0], grad, aAxes, yAxes, bAxes, in[1].Shape()...)
			},
		},
	}, a, b)
}

// Contract returns y = Σ a·b of tensors that Tensordot would make a node of. The axes have to fit.
func Contract[T Float](a, b []T, aAxes, bAxes, yAxes []Axis) []T {
	c := contract(aAxes, bAxes, yAxes, backend.Here(), fromMemory)
	y := make([]T, Volume(yAxes))
	compute(&c, &memory[T]{}, y, a, b)
	return y
}

// pair returns an error unless each axis is in two of the three tensors.
func pair(tensors ...[]Axis) error {
	seen := map[Axis]int{}
	for _, axes := range tensors {
		for k, a := range axes {
			if slices.Contains(axes[:k], a) {
				return errors.Errorf("axis %d twice in a tensor", a.ID)
			}
			seen[a]++
		}
	}
	for a, n := range seen {
		if n != 2 {
			return errors.Errorf("axis %d of size %d is in %d of the three tensors, not in two", a.ID, a.Size, n)
		}
	}
	return nil
}

// index is an axis of a contraction, or several that lie beside each other
// wherever they are, with the distance between neighbours in each tensor; 0 where
// the tensor does not have it.
type index struct{ size, a, b, y int }

// price is that of copying an element along a walk, in nanoseconds, of a, b or the result,
// by their number.
type price func(tensor int, w Walk) float64

func fromMemory(int, Walk) float64 { return 2 }

// contraction is how y = Σ a·b is computed: matrix products of parts of the
// tensors, one or many, where they lie or of copies in another order.
type contraction struct {
	products backend.Products // with the innermost loop
	loops    []index          // around them
	swapped  bool             // b has the rows, and a the columns
	a, b, y  Walk             // what is copied before, and after; straight where nothing is
	cost     float64
}

// contract returns the cheapest way by a cost model. Copies are made
// only where they cost less than the small products without them.
func contract(a, b, y []Axis, costs backend.Model, packing price) contraction {
	return slices.MinFunc(ways(a, b, y, costs, packing), func(c, d contraction) int { return cmp.Compare(c.cost, d.cost) })
}

// ways lists what copies leave to multiply: of none of the tensors, of some, or of all.
func ways(a, b, y []Axis, costs backend.Model, packing price) (list []contraction) {
	for which := range 8 {
		pa, pb, py := a, b, y
		if which&1 != 0 {
			pa = slices.Concat(Both(y, a), Both(b, a))
		}
		if which&2 != 0 {
			pb = slices.Concat(Both(pa, b), Both(y, b))
		}
		if which&4 != 0 {
			py = slices.Concat(Both(pa, y), Both(pb, y))
		}
		c := multiply(fused(pa, pb, py), costs)
		c.a, c.b, c.y = along(a, pa), along(b, pb), along(py, y)
		for k, w := range []Walk{c.a, c.b, c.y} {
			if !w.straight() {
				c.cost += packing(k, w) * float64(Volume([][]Axis{a, b, y}[k]))
			}
		}
		list = append(list, c)
	}
	return list
}

// Both returns the axes that two tensors have, in the order of the first.
func Both(x, y []Axis) []Axis {
	return slices.DeleteFunc(slices.Clone(x), func(a Axis) bool { return !slices.Contains(y, a) })
}

// Volume is the number of elements of a tensor with the given axes.
func Volume(axes []Axis) int {
	n := 1
	for _, a := range axes {
		n *= a.Size
	}
	return n
}

// along returns the walk through a tensor whose result has its axes in another order.
func along(from, to []Axis) Walk {
	var shape, perm []int
	for _, a := range from {
		shape = append(shape, a.Size)
	}
	for _, a := range to {
		perm = append(perm, slices.Index(from, a))
	}
	return NewWalk(shape, perm)
}

// fused lists the indexes of a contraction, those of size 1 left out, from the
// nearest neighbours to the furthest.
func fused(a, b, y []Axis) []index {
	at := map[int]*index{}
	var all []*index
	for t, axes := range [][]Axis{a, b, y} {
		stride := 1
		for _, axis := range slices.Backward(axes) {
			if axis.Size == 1 {
				continue
			}
			x := at[axis.ID]
			if x == nil {
				x = &index{size: axis.Size}
				at[axis.ID], all = x, append(all, x)
			}
			*[]*int{&x.a, &x.b, &x.y}[t] = stride
			stride *= axis.Size
		}
	}
	slices.SortStableFunc(all, func(p, q *index) int { return max(p.a, p.b, p.y) - max(q.a, q.b, q.y) })
	var list []index
	for _, x := range all {
		k := slices.IndexFunc(list, func(in index) bool { return x.a == in.a*in.size && x.b == in.b*in.size && x.y == in.y*in.size })
		if k >= 0 {
			list[k].size *= x.size
		} else {
			list = append(list, *x)
		}
	}
	return list
}

// multiply chooses the rows, columns and inner index of the products among the
// indexes; the others are loops. The columns lie without gaps in the result.
func multiply(list []index, costs backend.Model) contraction {
	best := contraction{cost: math.Inf(1)}
	one := index{size: 1}
	cols, swapped := one, false
	for _, x := range list {
		if x.y == 1 {
			cols, swapped = x, x.b == 0
		}
	}
	sides := slices.Clone(list) // left is a, and right b
	if swapped {
		cols.a, cols.b = cols.b, cols.a
		for k, x := range sides {
			sides[k].a, sides[k].b = x.b, x.a
		}
	}
	for _, rows := range append([]index{one}, sides...) {
		if rows.size > 1 && (rows.a == 0 || rows.y == 0) {
			continue
		}
		for _, inner := range append([]index{one}, sides...) {
			if inner.size > 1 && inner.y != 0 {
				continue
			}
			p := backend.Products{Count: 1, Rows: rows.size, Cols: cols.size, Inner: inner.size, LeadC: cmp.Or(rows.y, cols.size)}
			p.TransA, p.LeadA = matrix(rows.size, inner.size, rows.a, inner.a)
			p.TransB, p.LeadB = matrix(inner.size, cols.size, inner.b, cols.b)
			if p.LeadA == 0 || p.LeadB == 0 {
				continue
			}
			c := contraction{products: p, swapped: swapped}
			times := 1
			for _, x := range sides {
				if x != rows && x != inner && x != cols {
					c.loops = append(c.loops, x)
					times *= x.size
				}
			}
			if c.cost = float64(times) * costs.Cost(p); c.cost < best.cost {
				best = c
			}
		}
	}
	// The last loop is the products' own: one that adds up, if there is any.
	slices.SortStableFunc(best.loops, func(p, q index) int { return min(q.y, 1) - min(p.y, 1) })
	if n := len(best.loops); n > 0 {
		x := best.loops[n-1]
		best.loops = best.loops[:n-1]
		best.products.Count, best.products.StrideA, best.products.StrideB, best.products.StrideC = x.size, x.a, x.b, x.y
	}
	return best
}

// matrix says how a kernel reads a matrix whose elements are so far apart: whether it lies
// transposed, and the distance between what are rows then; 0 if it cannot.
func matrix(rows, cols, down, across int) (transposed bool, lead int) {
	switch {
	case cols == 1 || across == 1:
		return false, max(down, cols)
	case rows == 1 || down == 1:
		return true, max(across, rows)
	}
	return false, 0
}

// memory is what a contraction copies into.
type memory[T Float] struct{ a, b, y []T }

// compute makes y of a and b. It overwrites y.
func compute[T Float](c *contraction, m *memory[T], y, a, b []T) {
	a, b = packed(&m.a, a, c.a), packed(&m.b, b, c.b)
	if c.swapped {
		a, b = b, a
	}
	if c.y.straight() {
		repeat(c.products, c.loops, a, b, y)
		return
	}
	m.y = slices.Grow(m.y[:0], len(y))[:len(y)]
	repeat(c.products, c.loops, a, b, m.y)
	Permute(y, m.y, c.y)
}

// repeat makes the products at each place of the loops. A loop without a place in
// the result adds to what is there, but for its first turn.
func repeat[T Float](p backend.Products, loops []index, a, b, y []T) {
	if len(loops) == 0 {
		backend.Multiply(p, a, b, y)
		return
	}
	x := loops[0]
	for k := range x.size {
		repeat(p, loops[1:], a[k*x.a:], b[k*x.b:], y[k*x.y:])
		p.Add = p.Add || x.y == 0
	}
}
