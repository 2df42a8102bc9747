// Package backend multiplies matrices with what the program was built with. In
// Go that is package gemm for float32 on amd64 processors with AVX-512 or AVX2,
// and otherwise gonum. With -tags openblas the system's OpenBLAS makes the
// float32 products for which it costs less than those, and all of float64.
// This package's init makes that gorgonia's BLAS (gorgonia.Use), unless the program
// has chosen another before; a later choice replaces it. Only gorgonia's own products
// (Mul) are then made with it: Tensordot goes on with the kernels here.
//
// A product runs on the core it was asked for on; only gonum spreads large ones.
// Work is spread over cores by whoever has several products to make.
package backend
