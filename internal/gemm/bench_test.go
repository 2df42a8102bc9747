package gemm

import (
	"fmt"
	"testing"
)

// BenchmarkMultiply measures products that the zoo's contractions are made of.
func BenchmarkMultiply(b *testing.B) {
	for _, s := range []struct {
		name    string
		m, n, k int
		ta, tb  bool
	}{
		{"TT-forward", 15360, 64, 360, false, false},
		{"TT-gradient", 360, 64, 15360, true, false},
		{"HT-forward", 7680, 80, 720, false, false},
		{"HT-gradient", 720, 80, 7680, true, false},
		{"TR-forward", 3840, 25, 1440, false, false},
		{"BT-first", 16, 360, 20, false, false},
		{"BT-second", 16, 16, 20, false, false},
		{"BT-backward", 64, 16, 1440, true, false},
		{"recurrent", 16, 1024, 256, false, false},
		{"recurrent-gradient", 16, 256, 1024, false, true},
		{"weights-gradient", 256, 1024, 16, true, false},
		{"dense", 96, 1024, 57600, false, false},
		{"dense-gradient", 57600, 1024, 96, true, false},
	} {
		b.Run(fmt.Sprintf("%s/%dx%dx%d", s.name, s.m, s.n, s.k), func(b *testing.B) {
			kernel := AVX512
			if !kernel.Available() {
				kernel = AVX2
			}
			if !kernel.Available() {
				b.Skip("this processor has neither AVX-512 nor AVX2")
			}
			x, y, z := make([]float32, s.m*s.k), make([]float32, s.k*s.n), make([]float32, s.m*s.n)
			for i := range x {
				x[i] = float32(i%7) - 3
			}
			for i := range y {
				y[i] = float32(i%5) - 2
			}
			lda, ldb := s.k, s.n
			if s.ta {
				lda = s.m
			}
			if s.tb {
				ldb = s.k
			}
			for b.Loop() {
				kernel.Multiply(s.ta, s.tb, s.m, s.n, s.k, x, lda, y, ldb, false, z, s.n)
			}
			b.ReportMetric(2*float64(s.m)*float64(s.n)*float64(s.k)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}

// BenchmarkTile is the widest tile with both operands in the first cache: the most
// that the processor does.
func BenchmarkTile(b *testing.B) {
	for kernel, name := range []string{"AVX2", "AVX512"} {
		kernel := Kernel(kernel)
		b.Run(name, func(b *testing.B) {
			if !kernel.Available() {
				b.Skip("this processor has no " + name)
			}
			n, k := kernel.columns(), 128
			x, y, z := make([]float32, mr*k), make([]float32, k*n), make([]float32, mr*n)
			for b.Loop() {
				kernel.Multiply(false, false, mr, n, k, x, k, y, n, false, z, n)
			}
			b.ReportMetric(2*float64(mr*n*k)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}

// BenchmarkMemory copies what fits into no cache.
func BenchmarkMemory(b *testing.B) {
	x, y := make([]float32, 1<<26), make([]float32, 1<<26)
	for i := range x { // so that the system has given the pages
		x[i], y[i] = 1, 2
	}
	for b.Loop() {
		copy(x, y)
	}
	b.ReportMetric(float64(8*len(x))*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GB/s")
}
