package backend

import (
	"strings"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
	"gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/internal/gemm"
)

// kernel is a way to make products of float32, with what they cost.
type kernel struct {
	name    string
	product func(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, add bool, c []float32, ldc int)
	several func(p Products, a, b, c []float32) // nil: one product after the other
	terms   func(p Products) terms
	bound   func(weights terms, results, inner float64) float64
	weights terms // nanoseconds
}

// Name says, for the program to print, where float32 products come from. Those
// of float64 are gonum's, or OpenBLAS's.
var Name string

func init() {
	var names []string
	for _, k := range kernels {
		names = append(names, k.name)
	}
	Name = strings.Join(names, "+")
	install()
}

// install makes the kernels gorgonia's BLAS. A program that has chosen another keeps
// it.
func install() {
	if _, standard := gorgonia.WhichBLAS().(gonum.Implementation); standard {
		gorgonia.Use(implementation{})
	}
}

// kernelFor chooses the kernel that costs least.
func kernelFor(kernels []*kernel, p Products) *kernel {
	best := kernels[0]
	for _, k := range kernels[1:] {
		if k.cost(p) < best.cost(p) {
			best = k
		}
	}
	return best
}

func (k *kernel) multiply(p Products, a, b, c []float32) {
	if k.several != nil {
		k.several(p, a, b, c)
		return
	}
	lda, ldb, ldc := p.leading()
	for i := range p.Count {
		k.product(p.TransA, p.TransB, p.Rows, p.Cols, p.Inner, a[i*p.StrideA:], lda, b[i*p.StrideB:], ldb, p.adds(i), c[i*p.StrideC:], ldc)
	}
}

// implementation is the BLAS that gorgonia is given, with our choice of kernel.
type implementation struct{ base }

// Sgemm computes C = alpha·op(A)·op(B) + beta·C.
func (i implementation) Sgemm(ta, tb blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	if alpha != 1 || beta != 0 && beta != 1 || min(m, n, k) == 0 {
		i.base.Sgemm(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
		return
	}
	p := Products{Count: 1, Rows: m, Cols: n, Inner: k, TransA: ta != blas.NoTrans, TransB: tb != blas.NoTrans}
	kernelFor(kernels, p).product(p.TransA, p.TransB, m, n, k, a, lda, b, ldb, beta == 1, c, ldc)
}

// least is LeastCost with this kernel.
func (k *kernel) least(results, inner float64) float64 { return k.bound(k.weights, results, inner) }

// The kernels in Go.
var (
	goAVX512 = &kernel{name: "go-avx512", product: gemm.AVX512.Multiply, terms: func(p Products) terms { return goTerms(p, 32) },
		bound:   func(w terms, results, inner float64) float64 { return goLeast(w, 32, results, inner) },
		weights: terms{80, 19, 1.57, 1.25, 1.35, 0, 0.14, 0.21, 0.055, 0.04}}
	goAVX2 = &kernel{name: "go-avx2", product: gemm.AVX2.Multiply, terms: func(p Products) terms { return goTerms(p, 16) },
		bound:   func(w terms, results, inner float64) float64 { return goLeast(w, 16, results, inner) },
		weights: terms{80, 15.5, 1.5, 0, 1.35, 0, 0.14, 0.34, 0.055, 0.045}}
	goNEON = &kernel{name: "go-neon", product: gemm.NEON.Multiply, terms: goAVX2.terms, bound: goAVX2.bound, weights: goAVX2.weights}

	plainGo = &kernel{name: "gonum", product: gonumProduct, terms: gonumTerms, bound: gonumLeast,
		weights: terms{37, 0.44, 0.108, 3.8, 4.4, 3.4}}
)

// fastestGo returns the fastest of those that this processor can run.
func fastestGo() *kernel {
	switch {
	case gemm.AVX512.Available():
		return goAVX512
	case gemm.AVX2.Available():
		return goAVX2
	case gemm.NEON.Available():
		return goNEON
	}
	return plainGo
}

func gonumProduct(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, add bool, c []float32, ldc int) {
	var beta float32
	if add {
		beta = 1
	}
	gonum.Implementation{}.Sgemm(transpose(transA), transpose(transB), m, n, k, 1, a, lda, b, ldb, beta, c, ldc)
}
