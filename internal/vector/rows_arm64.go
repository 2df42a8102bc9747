package vector

func rowsInVectors() bool { return true }

func lstmColumns(kept, a, bias, u, c, hNext, cNext, out *float32, n, columns, _ int) {
	lstmNEON(kept, a, bias, u, c, hNext, cNext, out, n, columns)
}

func lstmBackColumns(da, kept, c, dh, grad, dc, dBias *float32, n, columns, _ int) {
	lstmBackNEON(da, kept, c, dh, grad, dc, dBias, n, columns)
}

func gruColumns(kept, a, bias, u, h, hNext, out *float32, n, columns int) {
	gruNEON(kept, a, bias, u, h, hNext, out, n, columns)
}

func gruBackColumns(da, du, kept, h, dh, grad, dBias *float32, n, columns int) {
	gruBackNEON(da, du, kept, h, dh, grad, dBias, n, columns)
}

// Columns are a multiple of 16, and n is the distance of blocks.

//go:noescape
func lstmNEON(kept, a, bias, u, c, hNext, cNext, out *float32, n, columns int)

//go:noescape
func lstmBackNEON(da, kept, c, dh, grad, dc, dBias *float32, n, columns int)

//go:noescape
func gruNEON(kept, a, bias, u, h, hNext, out *float32, n, columns int)

//go:noescape
func gruBackNEON(da, du, kept, h, dh, grad, dBias *float32, n, columns int)
