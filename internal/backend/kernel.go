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
	name     string
	multiply func(p Products, a, b, c []float32)
	terms    func(p Products) terms
	bound    func(weights terms, results, inner float64) float64
	weights  terms // nanoseconds
}

// The kernels in Go. AVX2's weight of an A that is read transposed, the last but one, lies
// between those fitted on two processors; all others are of one.
var (
	goAVX512 = inGo("go-avx512", gemm.AVX512, 32, terms{80, 19, 1.57, 1.25, 1.35, 0, 0.14, 0.21, 0.055, 0.04})
	goAVX2   = inGo("go-avx2", gemm.AVX2, 16, terms{80, 15.5, 1.5, 0, 1.35, 0, 0.14, 0.34, 0.077, 0.045})
	goNEON   = inGo("go-neon", gemm.NEON, 16, goAVX2.weights) // not fitted on such a processor
	plainGo  = &kernel{"gonum", each(sgemm), gonumTerms, gonumLeast, terms{37, 0.44, 0.108, 3.8, 4.4, 3.4}}
)

// inGo is a kernel of package gemm, whose widest tile has so many columns.
func inGo(name string, k gemm.Kernel, widest int, weights terms) *kernel {
	return &kernel{name, each(k.Multiply), func(p Products) terms { return goTerms(p, widest) },
		func(w terms, results, inner float64) float64 { return goLeast(w, widest, results, inner) }, weights}
}

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

// install makes the kernels gorgonia's BLAS. A program that has chosen another keeps it.
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

// implementation is the BLAS that gorgonia is given, with our choice of kernel.
type implementation struct{ base }

// Sgemm computes C = alpha·op(A)·op(B) + beta·C.
func (i implementation) Sgemm(ta, tb blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	if alpha != 1 || beta != 0 && beta != 1 || min(m, n, k) == 0 {
		i.base.Sgemm(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
		return
	}
	Multiply(Products{Count: 1, Rows: m, Cols: n, Inner: k, TransA: ta != blas.NoTrans, TransB: tb != blas.NoTrans,
		LeadA: lda, LeadB: ldb, LeadC: ldc, Add: beta == 1}, a, b, c)
}

// product computes C = op(A)·op(B), or adds it to C, as BLAS does.
type product[T Float] = func(transA, transB bool, m, n, k int, a []T, lda int, b []T, ldb int, add bool, c []T, ldc int)

// each makes products one after the other.
func each[T Float](multiply product[T]) func(p Products, a, b, c []T) {
	return func(p Products, a, b, c []T) {
		lda, ldb, ldc := p.leading()
		for i := range p.Count {
			add := p.Add || i > 0 && p.StrideC == 0
			multiply(p.TransA, p.TransB, p.Rows, p.Cols, p.Inner, a[i*p.StrideA:], lda, b[i*p.StrideB:], ldb, add, c[i*p.StrideC:], ldc)
		}
	}
}

// sgemm is gonum's.
func sgemm(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, add bool, c []float32, ldc int) {
	gonum.Implementation{}.Sgemm(transpose(transA), transpose(transB), m, n, k, 1, a, lda, b, ldb, float32(when(add, 1)), c, ldc)
}

func transpose(t bool) blas.Transpose {
	if t {
		return blas.Trans
	}
	return blas.NoTrans
}
