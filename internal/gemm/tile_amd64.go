package gemm

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// Available tells whether this processor can run Multiply.
func Available() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }

// mul2 computes a tile of 6 by 16: pn columns of A, a column cs bytes from the
// next, whose rows start at a, times pn rows of B, bs bytes apart. The tile's rows
// are written ds bytes apart.
//
//go:noescape
func mul2(dst unsafe.Pointer, ds uintptr, pn int, a *[mr]unsafe.Pointer, cs uintptr, b unsafe.Pointer, bs uintptr)

// mul1 computes the left half of such a tile.
//
//go:noescape
func mul1(dst unsafe.Pointer, ds uintptr, pn int, a *[mr]unsafe.Pointer, cs uintptr, b unsafe.Pointer, bs uintptr)
