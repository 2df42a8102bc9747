//go:build !openblas

package backend

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
	"gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/internal/gemm"
)

// Name is what the program prints: where the products of float32 come from.
// Those of float64 are gonum's.
var Name = "gonum"

// avx2 tells whether products of float32 are package gemm's.
var avx2 = gemm.Available()

func init() {
	if avx2 {
		Name = "go-avx2"
		gorgonia.Use(vectorised{})
	}
}

// vectorised is gonum's BLAS with another product of float32.
type vectorised struct{ gonum.Implementation }

// Sgemm computes C = alpha·op(A)·op(B) + beta·C.
func (v vectorised) Sgemm(ta, tb blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	if alpha != 1 || beta != 0 && beta != 1 || min(m, n, k) == 0 {
		v.Implementation.Sgemm(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
		return
	}
	gemm.Multiply(ta != blas.NoTrans, tb != blas.NoTrans, m, n, k, a, lda, b, ldb, beta == 1, c, ldc)
}

func multiply32(p Products, a, b, c []float32) {
	lda, ldb, ldc := p.leading()
	ta, tb := transpose(p.TransA), transpose(p.TransB)
	for k := range p.Count {
		a, b, c := a[k*p.StrideA:], b[k*p.StrideB:], c[k*p.StrideC:]
		add := k > 0 && p.StrideC == 0
		switch {
		case avx2:
			gemm.Multiply(p.TransA, p.TransB, p.Rows, p.Cols, p.Inner, a, lda, b, ldb, add, c, ldc)
		case add:
			gonum.Implementation{}.Sgemm(ta, tb, p.Rows, p.Cols, p.Inner, 1, a, lda, b, ldb, 1, c, ldc)
		default:
			gonum.Implementation{}.Sgemm(ta, tb, p.Rows, p.Cols, p.Inner, 1, a, lda, b, ldb, 0, c, ldc)
		}
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

// cost of one product.
func cost(p Products, m, n, k float64) float64 {
	if avx2 {
		// Tiles of 6 by 16, and B copied unless it is read in place.
		tiles := math.Ceil(m/6) * math.Ceil(n/16)
		t := 18 + tiles*(18+1.97*k) + 0.115*m*n
		if p.TransB {
			t += 0.74 * k * n
		} else if n > 16 && (m >= 64 || math.Mod(n, 8) != 0) {
			t += 1.2 * k * n
		}
		return t
	}
	// Rows times a number, or rows times rows.
	switch {
	case p.TransA && p.TransB:
		return 21 + 0.446*m*n*k + 4.2*m*k
	case p.TransB:
		return 21 + 0.106*m*n*k + 4.9*m*n
	default:
		return 21 + 0.106*m*n*k + 3.6*m*k
	}
}
