//go:build !openblas

package backend

import "gonum.org/v1/gonum/blas/gonum"

type base = gonum.Implementation

// kernels are those that products are chosen from.
var kernels = []*kernel{fastestGo()}

var multiply64 = each(func(transA, transB bool, m, n, k int, a []float64, lda int, b []float64, ldb int, add bool, c []float64, ldc int) {
	base{}.Dgemm(transpose(transA), transpose(transB), m, n, k, 1, a, lda, b, ldb, when(add, 1), c, ldc)
})
