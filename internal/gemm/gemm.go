// Package gemm multiplies matrices of float32 in Go, with the innermost loop in
// assembly (AVX2 and FMA), on one core.
//
// There is no kept library that does: gonum's product is built from rows times
// numbers and reaches a seventh of this one's rate on the shapes that tensor
// contractions are made of, long and thin ones and many small ones. See
// docs/performance.md for what else was tried.
//
// The result is a grid of tiles of 6 rows and 16 columns, which fit into the
// vector registers. A is read where it lies, transposed or not; B is copied into
// panels as wide as a tile when it is read often or has no full tiles.
package gemm

import (
	"sync"
	"unsafe"
)

const (
	mr = 6   // rows of a register tile
	nv = 8   // float32s in a vector
	kc = 256 // depth of a block: a packed panel is kc*2*nv*4 = 16 KiB
	mc = 120 // rows of A walked under one panel of B
	nc = 512 // columns of B packed at a time
)

// panels are buffers for B.
var panels = sync.Pool{New: func() any { return new([kc * nc]float32) }}

// Multiply computes C = op(A)·op(B), or C += op(A)·op(B) if add, where op(A) is
// (m, k), op(B) is (k, n), and C is (m, n), all row-major with the given distances
// between rows. It panics when a slice is too short, and may be called only where
// Available tells that the processor can.
func Multiply(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, add bool, c []float32, ldc int) {
	check("a", a, m, k, lda, transA)
	check("b", b, k, n, ldb, transB)
	check("c", c, m, n, ldc, false)
	if m == 0 || n == 0 {
		return
	}
	if k == 0 {
		for i := 0; !add && i < m; i++ {
			clear(c[i*ldc : i*ldc+n])
		}
		return
	}
	rs, cs := lda, 1 // strides of op(A)
	if transA {
		rs, cs = 1, lda
	}
	// B is read in place where every tile is full and it would be read too
	// few times to pay for a copy; otherwise panels are packed, zero-padded.
	direct := !transB && (n%(2*nv) == 0 || n%(2*nv) == nv) && (m < 64 || ldb <= 2*nv)
	var buf []float32
	if !direct {
		panel := panels.Get().(*[kc * nc]float32)
		defer panels.Put(panel)
		buf = panel[:]
	}
	for j0 := 0; j0 < n; j0 += nc {
		jn := min(nc, n-j0)
		for p0 := 0; p0 < k; p0 += kc {
			pn := min(kc, k-p0)
			if !direct {
				pack(buf, transB, b, ldb, p0, pn, j0, jn)
			}
			for i0 := 0; i0 < m; i0 += mc {
				in := min(mc, m-i0)
				for j := 0; j < jn; j += 2 * nv {
					w := min(2*nv, jn-j)
					panel, bs := buf[min(j*pn, len(buf)):], roundUp(w, nv)
					if direct {
						panel, bs = b[p0*ldb+j0+j:], ldb
					}
					strip(in, pn, &a[i0*rs+p0*cs], rs, cs, &panel[0], bs, add || p0 > 0, c[i0*ldc+j0+j:], ldc, w)
				}
			}
		}
	}
}

func roundUp(x, to int) int { return (x + to - 1) / to * to }

func check(name string, x []float32, rows, cols, ld int, trans bool) {
	if trans {
		rows, cols = cols, rows
	}
	if rows < 0 || cols < 0 || ld < max(1, cols) || (rows > 0 && cols > 0 && len(x) < (rows-1)*ld+cols) {
		panic("gemm: bad dimensions of " + name)
	}
}

// pack copies op(B)[p0:p0+pn, j0:j0+jn] into panels of 2*nv columns (the last
// one of nv if that holds the rest), each panel row by row.
func pack(buf []float32, transB bool, b []float32, ldb, p0, pn, j0, jn int) {
	for j := 0; j < jn; j += 2 * nv {
		w := min(2*nv, jn-j)
		pw := roundUp(w, nv)
		dst := buf[j*pn : j*pn+pn*pw]
		if transB {
			if w < pw {
				clear(dst)
			}
			for q := 0; q < w; q++ {
				src := b[(j0+j+q)*ldb+p0:][:pn]
				for p, v := range src {
					dst[p*pw+q] = v
				}
			}
			continue
		}
		for p := 0; p < pn; p++ {
			src := b[(p0+p)*ldb+j0+j:][:w]
			d := dst[p*pw:][:pw]
			clear(d[copy(d, src):])
		}
	}
}

// strip multiplies in rows of op(A), starting at a, by one panel of B.
func strip(in, pn int, a *float32, rs, cs int, b *float32, bs int, add bool, c []float32, ldc, w int) {
	var t tile
	var row [mr]unsafe.Pointer
	for i := 0; i < in; i += mr {
		// The last tile is moved up to be full; the rows it shares with the
		// one before are not stored again.
		s, skip := i, 0
		if s+mr > in && in >= mr {
			s = in - mr
			skip = i - s
		}
		rows := min(mr, in-s)
		for r := range row {
			row[r] = unsafe.Add(unsafe.Pointer(a), (s+min(r, rows-1))*rs*4)
		}
		// A full tile that is not added to what is there goes where it belongs.
		whole := !add && rows == mr && (w == nv || w == 2*nv)
		dst, ds := unsafe.Pointer(&t), uintptr(2*nv*4)
		if whole {
			dst, ds = unsafe.Pointer(&c[s*ldc]), uintptr(ldc)*4
		}
		if w > nv {
			mul2(dst, ds, pn, &row, uintptr(cs)*4, unsafe.Pointer(b), uintptr(bs)*4)
		} else {
			mul1(dst, ds, pn, &row, uintptr(cs)*4, unsafe.Pointer(b), uintptr(bs)*4)
		}
		if whole {
			continue
		}
		for r := skip; r < rows; r++ {
			dst, sum := c[(s+r)*ldc:][:w], t[r][:w]
			if !add {
				copy(dst, sum)
				continue
			}
			for j, v := range sum {
				dst[j] += v
			}
		}
	}
}

type tile [mr][2 * nv]float32
