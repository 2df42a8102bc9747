// Package backend multiplies matrices with the product that the program was
// built with: in Go, of float32 with the vector instructions of amd64 processors
// that have AVX-512 or AVX2 (package gemm) and otherwise gonum's. With -tags
// openblas the system's OpenBLAS makes the products for which it is faster than
// those, by what each costs, and all of float64. gorgonia's and this module's
// products go through the same.
//
// A product runs on the core it was asked for on; only gonum spreads large ones.
// Work is spread over cores by whoever has several products to make.
package backend
