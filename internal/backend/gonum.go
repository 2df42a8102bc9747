//go:build !openblas

package backend

import "gonum.org/v1/gonum/blas/gonum"

// Name is what the program prints.
const Name = "gonum"

var measured = costs{call: 21, mulAdd: 0.106, vector: 3.6, dot: 4.9, bothTrans: 0.446}

func multiply32(p Products, a, b, c []float32) {
	lda, ldb, ldc := p.leading()
	ta, tb := transpose(p.TransA), transpose(p.TransB)
	for k := range p.Count {
		beta := float32(0)
		if k > 0 && p.StrideC == 0 {
			beta = 1
		}
		gonum.Implementation{}.Sgemm(ta, tb, p.Rows, p.Cols, p.Inner, 1, a[k*p.StrideA:], lda, b[k*p.StrideB:], ldb, beta, c[k*p.StrideC:], ldc)
	}
}

func multiply64(p Products, a, b, c []float64) {
	lda, ldb, ldc := p.leading()
	ta, tb := transpose(p.TransA), transpose(p.TransB)
	for k := range p.Count {
		beta := 0.0
		if k > 0 && p.StrideC == 0 {
			beta = 1
		}
		gonum.Implementation{}.Dgemm(ta, tb, p.Rows, p.Cols, p.Inner, 1, a[k*p.StrideA:], lda, b[k*p.StrideB:], ldb, beta, c[k*p.StrideC:], ldc)
	}
}
