package backend

import (
	"fmt"

	"gonum.org/v1/gonum/blas"
)

// Products are count matrix products of one shape,
//
//	C_b = A_b·B_b    (Rows, Cols) = (Rows, Inner)·(Inner, Cols),    b < Count,
//
// of row-major matrices. A transposed operand lies in memory as its transpose.
// The strides are the distances between the matrices of neighbouring products; 0
// means one matrix for all, which for C is the sum over b.
type Products struct {
	Count             int
	Rows, Cols, Inner int
	TransA, TransB    bool
	StrideA, StrideB  int
	StrideC           int
}

// Float is the element type of the matrices.
type Float interface{ float32 | float64 }

// Multiply computes the products into c. It overwrites c.
func Multiply[T Float](p Products, a, b, c []T) {
	p.check(len(a), len(b), len(c))
	switch a := any(a).(type) {
	case []float32:
		kernelFor(kernels, p).multiply(p, a, any(b).([]float32), any(c).([]float32))
	case []float64:
		multiply64(p, a, any(b).([]float64), any(c).([]float64))
	}
}

// check panics when the matrices don't fit into their slices: memory beyond
// would be written.
func (p Products) check(a, b, c int) {
	last := p.Count - 1
	if p.Count < 1 || p.Rows < 1 || p.Cols < 1 || p.Inner < 1 || p.StrideA < 0 || p.StrideB < 0 || p.StrideC < 0 ||
		last*p.StrideA+p.Rows*p.Inner > a || last*p.StrideB+p.Inner*p.Cols > b || last*p.StrideC+p.Rows*p.Cols > c {
		panic(fmt.Sprintf("backend: %+v of %d, %d and %d elements", p, a, b, c))
	}
}

// leading returns the distances between rows in memory.
func (p Products) leading() (a, b, c int) {
	a, b, c = p.Inner, p.Cols, p.Cols
	if p.TransA {
		a = p.Rows
	}
	if p.TransB {
		b = p.Inner
	}
	return a, b, c
}

func transpose(t bool) blas.Transpose {
	if t {
		return blas.Trans
	}
	return blas.NoTrans
}
