//go:build !amd64 && !arm64

package vector

var sigmoids, tanhs func(dst, src *float32, n int)

var adams func(w, g, m, v *float32, n int, r *AdamRates)
