//go:build !amd64 && !arm64

package vector

var (
	sigmoids, tanhs func(dst, src *float32, n int)
	adams           func(w, g, m, v *float32, n int, r *AdamRates)
	squares         func(x *float32, n int, sums *[wide]float64)
)
