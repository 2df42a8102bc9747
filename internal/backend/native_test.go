//go:build !openblas

package backend

import "testing"

// Where the processor has AVX2, gonum's products are tested too.
func TestMultiplyWithGonum(t *testing.T) {
	if !avx2 {
		t.Skip("TestMultiply has tested gonum's")
	}
	avx2 = false
	defer func() { avx2 = true }()
	TestMultiply(t)
}
