//go:build !amd64 && !arm64

package gemm

import "unsafe"

// Available reports whether this processor has the kernel's instructions.
func (Kernel) Available() bool { return false }

func (Kernel) tile(int, unsafe.Pointer, uintptr, int, *[mr]unsafe.Pointer, uintptr, unsafe.Pointer, uintptr, bool) {
	panic("gemm: not available")
}

func (Kernel) few(_, _ int) bool { return false }

func tile16by4(unsafe.Pointer, uintptr, int, *[mr]unsafe.Pointer, uintptr, unsafe.Pointer, uintptr, bool) {
	panic("gemm: not available")
}

func transpose8(unsafe.Pointer, uintptr, unsafe.Pointer, uintptr, int) { panic("gemm: not available") }
