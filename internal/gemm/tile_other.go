//go:build !amd64

package gemm

import "unsafe"

// Available tells whether this processor can run Multiply.
func Available() bool { return false }

// Wide tells whether it has vectors of 16 float32s.
func Wide() bool { return false }

var wide = false

func tile16(unsafe.Pointer, uintptr, int, *[mr]unsafe.Pointer, uintptr, unsafe.Pointer, uintptr, bool) {
	panic("gemm: not available")
}

func tile8(unsafe.Pointer, uintptr, int, *[mr]unsafe.Pointer, uintptr, unsafe.Pointer, uintptr, bool) {
	panic("gemm: not available")
}

func tile32(unsafe.Pointer, uintptr, int, *[mr]unsafe.Pointer, uintptr, unsafe.Pointer, uintptr, bool) {
	panic("gemm: not available")
}

func tile16z(unsafe.Pointer, uintptr, int, *[mr]unsafe.Pointer, uintptr, unsafe.Pointer, uintptr, bool) {
	panic("gemm: not available")
}
