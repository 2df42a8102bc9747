package graph

import (
	"fmt"
	"math"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// Contraction sums over one axis, or several neighbours, of a large row-major
// tensor x that share an axis with a small matrix m (Shared, Free), and puts the
// matrix's other axis in their place or at the other side of some neighbours:
//
//	x (Outer, Shared, Rest) or, with SharedLast, (Outer, Rest, Shared)
//	y (Outer, Free, Rest)   or, with FreeLast,   (Outer, Rest, Free)
//
// All four are matrix products, Outer of them; none moves x. Rest may be 1.
type Contraction struct {
	Outer, Rest, Shared, Free int
	SharedLast, FreeLast      bool
	Transposed                bool // m is (Free, Shared)
}

// Products are the matrix products that compute y.
func (c Contraction) Products() backend.Products {
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
func (c Contraction) back() Contraction {
	c.Shared, c.Free = c.Free, c.Shared
	c.SharedLast, c.FreeLast = c.FreeLast, c.SharedLast
	c.Transposed = !c.Transposed
	return c
}

// Gradients are the products that compute the gradients of x and of m.
func (c Contraction) Gradients() (x, m backend.Products) {
	return c.back().Products(), c.correlation()
}

// correlation are the products of x and y, summed over Outer, that give a matrix
// of m's shape.
func (c Contraction) correlation() backend.Products {
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

// Simplify returns the same contraction as one large product, where the small
// ones lie in a row, unless no int holds its size.
func (c Contraction) Simplify() Contraction {
	if c.Rest == 1 {
		c.SharedLast, c.FreeLast = true, true
	}
	if c.SharedLast && c.FreeLast && c.Outer <= math.MaxInt/c.Rest {
		c.Outer, c.Rest = 1, c.Outer*c.Rest
	}
	return c
}

// Contract adds the contraction of x with m to their graph; x may have any shape
// of as many elements and is read where it lies, y has two axes. It returns an
// error when a number of elements does not fit.
func Contract(x, m *G.Node, c Contraction) (*G.Node, error) {
	c = c.Simplify()
	if c.FreeLast {
		return c.apply(x, m, c.Outer*c.Rest, c.Free)
	}
	return c.apply(x, m, c.Outer*c.Free, c.Rest)
}

// apply gives y another shape.
func (c Contraction) apply(x, m *G.Node, shape ...int) (*G.Node, error) {
	c = c.Simplify()
	if min(c.Outer, c.Rest, c.Shared, c.Free) < 1 ||
		dims.Size(x.Shape()) != c.Outer*c.Rest*c.Shared || dims.Size(m.Shape()) != c.Shared*c.Free {
		return nil, errors.Errorf("graph: contraction %+v of %v and %v", c, x.Shape(), m.Shape())
	}
	p := c.Products()
	return ops.Apply(&ops.Op{
		Name:  fmt.Sprintf("contract %+v", c),
		Shape: tensor.Shape(shape).Clone(),
		F32:   func(out []float32, in [][]float32) { contract(out, in[0], in[1], c, p) },
		F64:   func(out []float64, in [][]float64) { contract(out, in[0], in[1], c, p) },
		WRT:   []bool{true, true},
		Diff: func(inputs G.Nodes, grad *G.Node) (G.Nodes, error) {
			x, m := inputs[0], inputs[1]
			dx, err := c.back().apply(grad, m, x.Shape()...)
			if err != nil {
				return nil, err
			}
			dm, err := c.correlate(x, grad, m.Shape()...)
			return G.Nodes{dx, dm}, err
		},
	}, x, m)
}

func contract[T ops.Float](out, x, m []T, c Contraction, p backend.Products) {
	if c.FreeLast {
		backend.Multiply(p, x, m, out)
	} else {
		backend.Multiply(p, m, x, out)
	}
}

// correlate returns the matrix of m's shape that x and y make, the gradient of m.
// It has no gradient of its own.
func (c Contraction) correlate(x, y *G.Node, shape ...int) (*G.Node, error) {
	p := c.correlation()
	return ops.Apply(&ops.Op{
		Name:  fmt.Sprintf("correlate %+v", c),
		Shape: tensor.Shape(shape).Clone(),
		F32:   func(out []float32, in [][]float32) { correlation(out, in[0], in[1], c, p) },
		F64:   func(out []float64, in [][]float64) { correlation(out, in[0], in[1], c, p) },
		WRT:   []bool{false, false},
		Diff:  func(G.Nodes, *G.Node) (G.Nodes, error) { return G.Nodes{nil, nil}, nil },
	}, x, y)
}

func correlation[T ops.Float](out, x, y []T, c Contraction, p backend.Products) {
	if c.Transposed {
		backend.Multiply(p, y, x, out)
	} else {
		backend.Multiply(p, x, y, out)
	}
}
