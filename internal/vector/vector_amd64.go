package vector

import "golang.org/x/sys/cpu"

// What many values are computed by; nil means one by one.
var (
	sigmoids, tanhs func(dst, src *float32, n int)
	adams           func(w, grad, m, v *float32, n int, r *AdamRates)
	squares         func(x *float32, n int, sums *[wide]float64)
)

func init() {
	avx2 := cpu.X86.HasAVX2 && cpu.X86.HasFMA
	if avx2 { // which keeps up with memory
		squares = squares256
	}
	switch {
	case cpu.X86.HasAVX512F:
		sigmoids, tanhs, adams = sigmoid512, tanh512, adam512
	case avx2:
		sigmoids, tanhs, adams = sigmoid256, tanh256, adam256
	}
}

// n is a multiple of 16.

//go:noescape
func sigmoid256(dst, src *float32, n int)

//go:noescape
func tanh256(dst, src *float32, n int)

//go:noescape
func sigmoid512(dst, src *float32, n int)

//go:noescape
func tanh512(dst, src *float32, n int)

//go:noescape
func adam256(w, grad, m, v *float32, n int, r *AdamRates)

//go:noescape
func adam512(w, grad, m, v *float32, n int, r *AdamRates)

//go:noescape
func squares256(x *float32, n int, sums *[wide]float64)
