package vector

// What sigmoid and tanh of many values are computed by.
var sigmoids, tanhs = sigmoidNEON, tanhNEON

var adams func(w, g, m, v *float32, n int, r *AdamRates) // one by one

// n is a multiple of 4.

//go:noescape
func sigmoidNEON(dst, src *float32, n int)

//go:noescape
func tanhNEON(dst, src *float32, n int)
