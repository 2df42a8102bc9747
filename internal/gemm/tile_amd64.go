package gemm

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// Available tells whether this processor can run Multiply.
func Available() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }

// mul2 computes a 6×16 tile: pn columns of A, a column cs bytes from the next,
// whose rows start at a, times pn rows of B, bs bytes apart.
//
//go:noescape
func mul2(t *tile, pn int, a *[mr]unsafe.Pointer, cs uintptr, b unsafe.Pointer, bs uintptr)

// mul1 computes a 6×8 tile, left half of t.
//
//go:noescape
func mul1(t *tile, pn int, a *[mr]unsafe.Pointer, cs uintptr, b unsafe.Pointer, bs uintptr)
