package gemm

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// Available reports whether this processor has the kernel's instructions.
func (kernel Kernel) Available() bool {
	return cpu.X86.HasAVX2 && cpu.X86.HasFMA && (kernel == AVX2 || kernel == AVX512 && cpu.X86.HasAVX512F)
}

// tile computes one of so many columns.
func (kernel Kernel) tile(width int, dst unsafe.Pointer, ds uintptr, pn int, a *[mr]unsafe.Pointer, cs uintptr, b unsafe.Pointer, bs uintptr, add bool) {
	switch {
	case width == nr:
		tile32(dst, ds, pn, a, cs, b, bs, add)
	case width == 16 && kernel == AVX512:
		tile16z(dst, ds, pn, a, cs, b, bs, add)
	case width == 16:
		tile16(dst, ds, pn, a, cs, b, bs, add)
	default:
		tile8(dst, ds, pn, a, cs, b, bs, add)
	}
}

// The tiles: 6 rows and so many columns as the name says, pn columns of A, a
// column cs bytes from the next, whose rows start at a, times pn rows of B, bs
// bytes apart. The tile's rows are written ds bytes apart, or with add added to
// what is there. tile32 and tile16z need AVX-512.

//go:noescape
func tile16(dst unsafe.Pointer, ds uintptr, pn int, a *[mr]unsafe.Pointer, cs uintptr, b unsafe.Pointer, bs uintptr, add bool)

//go:noescape
func tile8(dst unsafe.Pointer, ds uintptr, pn int, a *[mr]unsafe.Pointer, cs uintptr, b unsafe.Pointer, bs uintptr, add bool)

//go:noescape
func tile32(dst unsafe.Pointer, ds uintptr, pn int, a *[mr]unsafe.Pointer, cs uintptr, b unsafe.Pointer, bs uintptr, add bool)

//go:noescape
func tile16z(dst unsafe.Pointer, ds uintptr, pn int, a *[mr]unsafe.Pointer, cs uintptr, b unsafe.Pointer, bs uintptr, add bool)

// tile16by4 is tile16 of 4 rows.
//
//go:noescape
func tile16by4(dst unsafe.Pointer, ds uintptr, pn int, a *[mr]unsafe.Pointer, cs uintptr, b unsafe.Pointer, bs uintptr, add bool)

// few reports whether rows of so many columns are best taken four at a time: 8 are not 6
// and 2 more, which cost as much as 6.
func (kernel Kernel) few(rows, width int) bool {
	return kernel == AVX2 && (rows == 4 || rows == 8) && width == 16
}

// transpose8 writes the transposes of squares of 8 by 8 that lie side by side in
// src, whose rows are ss bytes apart, one below the other to dst, whose rows are
// ds bytes apart. It needs AVX2.
//
//go:noescape
func transpose8(dst unsafe.Pointer, ds uintptr, src unsafe.Pointer, ss uintptr, blocks int)
