// Package backend multiplies matrices with the product that the program was
// built with: in Go, of float32 with the vector instructions of amd64 processors
// that have AVX2 (package gemm) and otherwise gonum's, or with -tags openblas the
// system's OpenBLAS. gorgonia's and this module's products go through the same.
//
// A product runs on the core it was asked for on; only gonum spreads large ones.
// Work is spread over cores by whoever has several products to make.
package backend
