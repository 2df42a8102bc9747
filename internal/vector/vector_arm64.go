package vector

// What many values are computed by.
var sigmoids, tanhs, adams = sigmoidNEON, tanhNEON, adamNEON

var squares func(x *float32, n int, sums *[wide]float64) // one by one

// n is a multiple of 4.

//go:noescape
func sigmoidNEON(dst, src *float32, n int)

//go:noescape
func tanhNEON(dst, src *float32, n int)

//go:noescape
func adamNEON(w, grad, m, v *float32, n int, r *AdamRates)
