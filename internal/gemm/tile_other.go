//go:build !amd64

package gemm

import "unsafe"

// Available tells whether this processor can run Multiply.
func Available() bool { return false }

func mul2(unsafe.Pointer, uintptr, int, *[mr]unsafe.Pointer, uintptr, unsafe.Pointer, uintptr) {
	panic("gemm: not available")
}
func mul1(unsafe.Pointer, uintptr, int, *[mr]unsafe.Pointer, uintptr, unsafe.Pointer, uintptr) {
	panic("gemm: not available")
}
