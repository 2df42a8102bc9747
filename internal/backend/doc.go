// Package backend multiplies matrices with what the program was built with. In
// Go that is package gemm for float32 on amd64 processors with AVX-512 or AVX2,
// and otherwise gonum. With -tags openblas the system's OpenBLAS makes the
// float32 products for which it costs less than those, and all of float64.
// gorgonia's and this module's products go through the same code.
//
// A product runs on the core it was asked for on; only gonum spreads large ones.
// Work is spread over cores by whoever has several products to make.
package backend
