//go:build openblas

package backend

/*
#cgo LDFLAGS: -lopenblas

enum { row_major = 101, plain = 111, transposed = 112 };

void cblas_sgemm(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int);
void cblas_dgemm(int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *, int);
void openblas_set_num_threads(int);

// A loop in Go would cross to C once a product, which costs as much as a small
// one.
static void multiply32(int count, int ta, int tb, int m, int n, int k, const float *a, int lda, long sa,
		const float *b, int ldb, long sb, float *c, int ldc, long sc) {
	for (long i = 0; i < count; i++)
		cblas_sgemm(row_major, ta ? transposed : plain, tb ? transposed : plain, m, n, k, 1, a + i * sa, lda, b + i * sb, ldb,
			i && !sc, c + i * sc, ldc);
}

static void multiply64(int count, int ta, int tb, int m, int n, int k, const double *a, int lda, long sa,
		const double *b, int ldb, long sb, double *c, int ldc, long sc) {
	for (long i = 0; i < count; i++)
		cblas_dgemm(row_major, ta ? transposed : plain, tb ? transposed : plain, m, n, k, 1, a + i * sa, lda, b + i * sb, ldb,
			i && !sc, c + i * sc, ldc);
}
*/
import "C"

import (
	"gonum.org/v1/netlib/blas/netlib"
	"gorgonia.org/gorgonia"
)

// Name is what the program prints.
var Name = "openblas"

func init() {
	// Its threads would compete with those that share out the batch.
	C.openblas_set_num_threads(1)
	gorgonia.Use(netlib.Implementation{})
}

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

func multiply32(p Products, a, b, c []float32) {
	lda, ldb, ldc := p.leading()
	C.multiply32(C.int(p.Count), flag(p.TransA), flag(p.TransB), C.int(p.Rows), C.int(p.Cols), C.int(p.Inner),
		(*C.float)(&a[0]), C.int(lda), C.long(p.StrideA), (*C.float)(&b[0]), C.int(ldb), C.long(p.StrideB), (*C.float)(&c[0]), C.int(ldc), C.long(p.StrideC))
}

func multiply64(p Products, a, b, c []float64) {
	lda, ldb, ldc := p.leading()
	C.multiply64(C.int(p.Count), flag(p.TransA), flag(p.TransB), C.int(p.Rows), C.int(p.Cols), C.int(p.Inner),
		(*C.double)(&a[0]), C.int(lda), C.long(p.StrideA), (*C.double)(&b[0]), C.int(ldb), C.long(p.StrideB), (*C.double)(&c[0]), C.int(ldc), C.long(p.StrideC))
}

// cost of one product: its multiply-adds, and the elements packed and written.
func cost(_ Products, m, n, k float64) float64 {
	return 68 + 0.0219*m*n*k + 0.243*m*k + 0.173*k*n + 0.099*m*n
}
