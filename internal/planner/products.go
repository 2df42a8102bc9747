package planner

import (
	"math"

	"github.com/tensorzoo/tensorzoo/internal/backend"
)

// contraction sums over one axis, or several neighbours, of a large row-major
// tensor x that share an axis with a small matrix m (Shared, Free), and puts the
// matrix's other axis in their place or at the other side of some neighbours:
//
//	x (Outer, Shared, Rest) or, with SharedLast, (Outer, Rest, Shared)
//	y (Outer, Free, Rest)   or, with FreeLast,   (Outer, Rest, Free)
//
// All four are matrix products, Outer of them; none moves x. Rest may be 1.
type contraction struct {
	Outer, Rest, Shared, Free int
	SharedLast, FreeLast      bool
	Transposed                bool // m is (Free, Shared)
}

// forward are the matrix products that compute y.
func (c contraction) forward() backend.Products {
	p := backend.Products{Count: c.Outer, Rows: c.Rest, Cols: c.Free, Inner: c.Shared, TransA: !c.SharedLast, TransB: c.Transposed}
	x, y := c.Rest*c.Shared, c.Rest*c.Free
	if c.FreeLast {
		p.StrideA, p.StrideC = x, y
		return p
	}
	// The transpose of the above.
	p.Rows, p.Cols = p.Cols, p.Rows
	p.TransA, p.TransB = !p.TransB, !p.TransA
	p.StrideB, p.StrideC = x, y
	return p
}

// back is the contraction of y with m that gives the gradient of x.
func (c contraction) back() contraction {
	c.Shared, c.Free = c.Free, c.Shared
	c.SharedLast, c.FreeLast = c.FreeLast, c.SharedLast
	c.Transposed = !c.Transposed
	return c
}

// gradients are the products that compute the gradients of x and of m.
func (c contraction) gradients() (x, m backend.Products) {
	return c.back().forward(), c.correlation()
}

// correlation are the products of x and y, summed over Outer, that give a matrix
// of m's shape.
func (c contraction) correlation() backend.Products {
	p := backend.Products{
		Count: c.Outer, Rows: c.Shared, Cols: c.Free, Inner: c.Rest,
		TransA: c.SharedLast, TransB: !c.FreeLast, StrideA: c.Rest * c.Shared, StrideB: c.Rest * c.Free,
	}
	if c.Transposed {
		p.Rows, p.Cols = p.Cols, p.Rows
		p.TransA, p.TransB = !p.TransB, !p.TransA
		p.StrideA, p.StrideB = p.StrideB, p.StrideA
	}
	return p
}

// simplify returns the same contraction as one large product, where the small
// ones lie in a row, unless no int holds its size.
func (c contraction) simplify() contraction {
	if c.Rest == 1 {
		c.SharedLast, c.FreeLast = true, true
	}
	if c.SharedLast && c.FreeLast && c.Outer <= math.MaxInt/c.Rest {
		c.Outer, c.Rest = 1, c.Outer*c.Rest
	}
	return c
}
