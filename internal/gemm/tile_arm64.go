package gemm

import "unsafe"

// Available reports whether this processor has the kernel's instructions. All arm64
// processors have NEON.
func (kernel Kernel) Available() bool { return kernel == NEON }

// The tiles: see those for amd64.

//go:noescape
func tile16(dst unsafe.Pointer, ds uintptr, pn int, a *[mr]unsafe.Pointer, cs uintptr, b unsafe.Pointer, bs uintptr, add bool)

//go:noescape
func tile8(dst unsafe.Pointer, ds uintptr, pn int, a *[mr]unsafe.Pointer, cs uintptr, b unsafe.Pointer, bs uintptr, add bool)

// few reports whether rows are best taken four at a time, of which there is no tile.
func (Kernel) few(_, _ int) bool { return false }

func tile16by4(unsafe.Pointer, uintptr, int, *[mr]unsafe.Pointer, uintptr, unsafe.Pointer, uintptr, bool) {
	panic("gemm: not available")
}

// tile computes one of so many columns.
func (Kernel) tile(width int, dst unsafe.Pointer, ds uintptr, pn int, a *[mr]unsafe.Pointer, cs uintptr, b unsafe.Pointer, bs uintptr, add bool) {
	if width == 16 {
		tile16(dst, ds, pn, a, cs, b, bs, add)
	} else {
		tile8(dst, ds, pn, a, cs, b, bs, add)
	}
}

// transpose8 writes the transposes of squares of 8 by 8 that lie side by side in
// src, whose rows are ss bytes apart, one below the other to dst, whose rows are
// ds bytes apart.
func transpose8(dst unsafe.Pointer, ds uintptr, src unsafe.Pointer, ss uintptr, blocks int) {
	for r := range uintptr(8) {
		row := unsafe.Slice((*float32)(unsafe.Add(src, r*ss)), 8*blocks)
		for p, v := range row {
			*(*float32)(unsafe.Add(dst, uintptr(p)*ds+4*r)) = v
		}
	}
}
