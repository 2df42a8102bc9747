//go:build !openblas

package backend

import "gonum.org/v1/gonum/blas/gonum"

type base = gonum.Implementation

// kernels are those that products are chosen from.
var kernels = []*kernel{fastestGo()}

func multiply64(p Products, a, b, c []float64) {
	lda, ldb, ldc := p.leading()
	for k := range p.Count {
		beta := 0.0
		if p.adds(k) {
			beta = 1
		}
		gonum.Implementation{}.Dgemm(transpose(p.TransA), transpose(p.TransB), p.Rows, p.Cols, p.Inner, 1, a[k*p.StrideA:], lda, b[k*p.StrideB:], ldb, beta, c[k*p.StrideC:], ldc)
	}
}
