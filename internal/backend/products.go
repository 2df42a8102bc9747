// Package backend multiplies matrices with what the program was built with. In
// Go that is package gemm for float32 on amd64 processors with AVX-512 or AVX2,
// and otherwise gonum. With -tags openblas the system's OpenBLAS makes the
// float32 products for which it costs less than those, and all of float64.
// This package's init makes that gorgonia's BLAS (gorgonia.Use), unless the program
// has chosen another before; a later choice replaces it. Only gorgonia's own products
// (Mul) are then made with it: Tensordot goes on with the kernels here.
//
// A product runs on the core it was asked for on; only gonum spreads large ones.
// Work is spread over cores by whoever has several products to make.
package backend

import (
	"cmp"
	"fmt"
)

// Products are count matrix products of one shape,
//
//	C_b = A_b·B_b    (Rows, Cols) = (Rows, Inner)·(Inner, Cols),    b < Count,
//
// of row-major matrices. A transposed operand lies in memory as its transpose.
type Products struct {
	Count             int
	Rows, Cols, Inner int
	TransA, TransB    bool
	// Strides are the distances between the matrices of neighbouring products; 0
	// means one matrix for all, which for C is the sum over b.
	StrideA, StrideB, StrideC int
	// Leads are the distances between rows in memory; 0 means rows without gaps.
	LeadA, LeadB, LeadC int
	Add                 bool // to what is in C
}

// Float is the element type of the matrices.
type Float interface{ float32 | float64 }

// Multiply computes the products into c, or adds them to it.
func Multiply[T Float](p Products, a, b, c []T) {
	p.check(len(a), len(b), len(c))
	switch a := any(a).(type) {
	case []float32:
		kernelFor(kernels, p).multiply(p, a, any(b).([]float32), any(c).([]float32))
	case []float64:
		multiply64(p, a, any(b).([]float64), any(c).([]float64))
	}
}

// check panics when the matrices don't fit into their slices: memory beyond would be written.
func (p Products) check(a, b, c int) {
	fits := func(elements, stride, rows, cols, lead int, transposed bool) bool {
		if transposed {
			rows, cols = cols, rows
		}
		return min(rows, cols) >= 1 && stride >= 0 && lead >= cols && (p.Count-1)*stride+(rows-1)*lead+cols <= elements
	}
	leadA, leadB, leadC := p.leading()
	if p.Count < 1 || !fits(a, p.StrideA, p.Rows, p.Inner, leadA, p.TransA) || !fits(b, p.StrideB, p.Inner, p.Cols, leadB, p.TransB) ||
		!fits(c, p.StrideC, p.Rows, p.Cols, leadC, false) {
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
	return cmp.Or(p.LeadA, a), cmp.Or(p.LeadB, b), cmp.Or(p.LeadC, c)
}
