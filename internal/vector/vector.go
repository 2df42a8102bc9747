// Package vector computes the functions of gates, steps of rows of an LSTM or a GRU in one
// pass, and Adam, over many float32 at a time, with AVX2, AVX-512 or NEON in assembly where
// the processor has them.
//
// Errors are at most 1e-6 of the result, or 2e-38, about the smallest normal number, where
// that is more. NaN stays NaN.
package vector

import "math"

// wide is how many values a pass of the assembly takes, a multiple of both registers' size.
const wide = 16

// Sigmoid computes dst = 1/(1+exp(-src)), the logistic function. The two may be one
// slice. It panics when dst is shorter than src.
func Sigmoid(dst, src []float32) { apply(dst, src, sigmoids, sigmoid) }

// Tanh computes dst = tanh(src). The two may be one slice. It panics when dst is shorter
// than src.
func Tanh(dst, src []float32) { apply(dst, src, tanhs, tanh) }

// apply calls many, which takes a multiple of wide, or one where the processor has no such
// instructions.
func apply(dst, src []float32, many func(dst, src *float32, n int), one func(x float32) float32) {
	dst = dst[:len(src)]
	if many == nil {
		for i, x := range src {
			dst[i] = one(x)
		}
		return
	}
	whole := len(src) - len(src)%wide
	if whole > 0 {
		many(&dst[0], &src[0], whole)
	}
	if whole < len(src) {
		var rest [wide]float32
		copy(rest[:], src[whole:])
		many(&rest[0], &rest[0], wide)
		copy(dst[whole:], rest[:])
	}
}

// sigmoid and tanh go through float64, where they overflow nowhere.
func sigmoid(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }

func tanh(x float32) float32 {
	if x > -0.1 && x < 0.1 {
		return float32(math.Tanh(float64(x))) // where the difference below would cancel
	}
	return float32(1 - 2/(1+math.Exp(2*float64(x))))
}
