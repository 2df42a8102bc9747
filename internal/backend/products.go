package backend

import (
	"cmp"
	"fmt"

	"gonum.org/v1/gonum/blas"
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

// check panics when the matrices don't fit into their slices: memory beyond
// would be written.
func (p Products) check(a, b, c int) {
	last := p.Count - 1
	leadA, leadB, leadC := p.leading()
	rowsA, colsA, rowsB, colsB := p.Rows, p.Inner, p.Inner, p.Cols
	if p.TransA {
		rowsA, colsA = colsA, rowsA
	}
	if p.TransB {
		rowsB, colsB = colsB, rowsB
	}
	if p.Count < 1 || p.Rows < 1 || p.Cols < 1 || p.Inner < 1 || p.StrideA < 0 || p.StrideB < 0 || p.StrideC < 0 ||
		leadA < colsA || leadB < colsB || leadC < p.Cols ||
		last*p.StrideA+(rowsA-1)*leadA+colsA > a || last*p.StrideB+(rowsB-1)*leadB+colsB > b || last*p.StrideC+(p.Rows-1)*leadC+p.Cols > c {
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

// adds reports whether the k-th product is added to what is there.
func (p Products) adds(k int) bool { return p.Add || k > 0 && p.StrideC == 0 }

func transpose(t bool) blas.Transpose {
	if t {
		return blas.Trans
	}
	return blas.NoTrans
}
