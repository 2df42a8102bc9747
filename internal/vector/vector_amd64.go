package vector

import "golang.org/x/sys/cpu"

// What sigmoid and tanh of many values are computed by; nil means one by one.
var sigmoids, tanhs = choose()

func choose() (sigmoids, tanhs func(dst, src *float32, n int)) {
	switch {
	case cpu.X86.HasAVX512F:
		return sigmoid512, tanh512
	case cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		return sigmoid256, tanh256
	}
	return nil, nil
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
