// Package backend multiplies matrices with the BLAS that the program was built
// with: gonum's, in Go, or with -tags openblas the system's OpenBLAS. gorgonia's
// and this module's products go through the same one.
//
// Each call runs on the core it was made on, OpenBLAS always and gonum for
// results of less than four blocks of 64 x 64: work is spread over cores by
// whoever has several products to make.
package backend
