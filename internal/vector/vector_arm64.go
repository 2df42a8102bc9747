package vector

// What sigmoid and tanh of many values are computed by.
var sigmoids, tanhs = sigmoidNEON, tanhNEON

var ( // one by one
	adams   func(w, g, m, v *float32, n int, r *AdamRates)
	squares func(x *float32, n int, sums *[wide]float64)
)

// n is a multiple of 4.

//go:noescape
func sigmoidNEON(dst, src *float32, n int)

//go:noescape
func tanhNEON(dst, src *float32, n int)
