//go:build openblas

package backend

/*
#cgo LDFLAGS: -lopenblas

enum { row_major = 101, plain = 111, transposed = 112 };

void cblas_sgemm(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int);
void cblas_dgemm(int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *, int);
void openblas_set_num_threads(int);
char *openblas_get_corename(void);

// A loop in Go would cross to C once a product, which costs as much as a small one.
#define MULTIPLY(name, number, gemm) \
static void name(int count, int ta, int tb, int m, int n, int k, const number *a, int lda, long sa, \
		const number *b, int ldb, long sb, number *c, int ldc, long sc, int add) { \
	for (long i = 0; i < count; i++) \
		gemm(row_major, ta ? transposed : plain, tb ? transposed : plain, m, n, k, 1, a + i * sa, lda, b + i * sb, ldb, \
			add || (i && !sc), c + i * sc, ldc); \
}
MULTIPLY(multiply32, float, cblas_sgemm)
MULTIPLY(multiply64, double, cblas_dgemm)
*/
import "C"

import (
	"math"

	"gonum.org/v1/netlib/blas/netlib"
)

type base = netlib.Implementation

// kernels are those that products are chosen from: OpenBLAS is faster for large
// ones, unless it does not know the processor; ours for small ones.
var kernels = withOpenBLAS()

// withOpenBLAS has weights for OpenBLAS where it uses AVX2, and where it uses AVX-512.
func withOpenBLAS() []*kernel {
	// Its threads would compete with those that share out the batch.
	C.openblas_set_num_threads(1)
	weights := terms{103, 0.0182, 0.205, 0.17, 0.085}
	switch C.GoString(C.openblas_get_corename()) {
	case "SkylakeX", "Cooperlake", "SapphireRapids":
		weights = terms{36, 0.0119, 0.05, 0.03, 0.042}
	}
	list := []*kernel{{"openblas", multiply32, openblasTerms, openblasLeast, weights}}
	if g := fastestGo(); g != plainGo {
		list = append(list, g)
	}
	return list
}

func multiply32(p Products, a, b, c []float32) {
	lda, ldb, ldc := p.leading()
	C.multiply32(C.int(p.Count), flag(p.TransA), flag(p.TransB), C.int(p.Rows), C.int(p.Cols), C.int(p.Inner),
		(*C.float)(&a[0]), C.int(lda), C.long(p.StrideA), (*C.float)(&b[0]), C.int(ldb), C.long(p.StrideB), (*C.float)(&c[0]), C.int(ldc), C.long(p.StrideC), flag(p.Add))
}

func multiply64(p Products, a, b, c []float64) {
	lda, ldb, ldc := p.leading()
	C.multiply64(C.int(p.Count), flag(p.TransA), flag(p.TransB), C.int(p.Rows), C.int(p.Cols), C.int(p.Inner),
		(*C.double)(&a[0]), C.int(lda), C.long(p.StrideA), (*C.double)(&b[0]), C.int(ldb), C.long(p.StrideB), (*C.double)(&c[0]), C.int(ldc), C.long(p.StrideC), flag(p.Add))
}

func flag(b bool) C.int { return C.int(when(b, 1)) }

// openblasTerms: multiply-adds, the elements packed, and those written.
func openblasTerms(p Products) terms {
	m, n, k := sizes(p)
	return terms{1, m * n * k, m * k, k * n, m * n}
}

// openblasLeast is a bound of what the weights make of them. However results are
// laid out as matrices of m by n, w2·m + w3·n is at least 2·√(w2·w3·m·n), and more
// for several products than for one.
func openblasLeast(w terms, results, inner float64) float64 {
	return w[0] + w[1]*results*inner + 2*math.Sqrt(w[2]*w[3]*results)*inner + w[4]*results
}
