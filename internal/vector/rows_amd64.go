package vector

import "golang.org/x/sys/cpu"

// Which of the functions below are taken.
var rows256, rows512 = cpu.X86.HasAVX2 && cpu.X86.HasFMA, cpu.X86.HasAVX512F

func rowsInVectors() bool { return rows256 || rows512 }

func lstmColumns(kept, a, bias, u, c, hNext, cNext, out *float32, n, columns, ahead int) {
	if rows512 {
		lstm512(kept, a, bias, u, c, hNext, cNext, out, n, columns, ahead)
	} else {
		lstm256(kept, a, bias, u, c, hNext, cNext, out, n, columns, ahead)
	}
}

func lstmBackColumns(da, kept, c, dh, grad, dc, dBias *float32, n, columns, ahead int) {
	if rows512 {
		lstmBack512(da, kept, c, dh, grad, dc, dBias, n, columns, ahead)
	} else {
		lstmBack256(da, kept, c, dh, grad, dc, dBias, n, columns, ahead)
	}
}

func gruColumns(kept, a, bias, u, h, hNext, out *float32, n, columns int) {
	if rows512 {
		gru512(kept, a, bias, u, h, hNext, out, n, columns)
	} else {
		gru256(kept, a, bias, u, h, hNext, out, n, columns)
	}
}

func gruBackColumns(da, du, kept, h, dh, grad, dBias *float32, n, columns int) {
	if rows512 {
		gruBack512(da, du, kept, h, dh, grad, dBias, n, columns)
	} else {
		gruBack256(da, du, kept, h, dh, grad, dBias, n, columns)
	}
}

// Columns are a multiple of 16, and n is the distance of blocks.

//go:noescape
func lstm256(kept, a, bias, u, c, hNext, cNext, out *float32, n, columns, ahead int)

//go:noescape
func lstmBack256(da, kept, c, dh, grad, dc, dBias *float32, n, columns, ahead int)

//go:noescape
func gru256(kept, a, bias, u, h, hNext, out *float32, n, columns int)

//go:noescape
func gruBack256(da, du, kept, h, dh, grad, dBias *float32, n, columns int)

//go:noescape
func lstm512(kept, a, bias, u, c, hNext, cNext, out *float32, n, columns, ahead int)

//go:noescape
func lstmBack512(da, kept, c, dh, grad, dc, dBias *float32, n, columns, ahead int)

//go:noescape
func gru512(kept, a, bias, u, h, hNext, out *float32, n, columns int)

//go:noescape
func gruBack512(da, du, kept, h, dh, grad, dBias *float32, n, columns int)
