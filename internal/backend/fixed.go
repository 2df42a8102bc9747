package backend

import "github.com/tensorzoo/tensorzoo/internal/gemm"

// Fixed is a matrix that many others are multiplied with, such as the weights of a
// recurrence. It is packed once where the kernel for float32 in Go makes the products.
type Fixed[T Float] struct {
	trans       bool
	inner, cols int
	values      []T
	packed      *gemm.Packed
}

// Set makes f op(b), (inner, cols). b may not change while f is used.
func (f *Fixed[T]) Set(trans bool, inner, cols int, b []T) {
	f.trans, f.inner, f.cols, f.values = trans, inner, cols, b
	b32, is32 := any(b).([]float32)
	if fastest := fastestTile(); is32 && fastest.Available() {
		ldb := cols
		if trans {
			ldb = inner
		}
		f.packed = fastest.Pack(f.packed, trans, inner, cols, b32, ldb)
	}
}

func fastestTile() gemm.Kernel {
	for _, k := range []gemm.Kernel{gemm.AVX512, gemm.NEON} {
		if k.Available() {
			return k
		}
	}
	return gemm.AVX2
}

// Multiply computes c = a·f, or adds it to c, where a is (rows, inner), with rows that lie
// lead apart, and c is (rows, cols), without gaps.
func (f *Fixed[T]) Multiply(rows int, a []T, lead int, add bool, c []T) {
	if f.packed != nil {
		f.packed.Multiply(rows, any(a).([]float32), lead, add, any(c).([]float32), f.cols)
		return
	}
	Multiply(Products{Count: 1, Rows: rows, Inner: f.inner, Cols: f.cols, TransB: f.trans, LeadA: lead, Add: add}, a, f.values, c)
}
