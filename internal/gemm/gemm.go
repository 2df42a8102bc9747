// Package gemm multiplies matrices of float32 in Go, with the innermost loop in
// assembly (AVX2, AVX-512 or NEON), on one core.
//
// No maintained library does this: gonum's product is built from rows times
// numbers and reaches a seventh of this one's rate on the shapes that tensor
// contractions are made of, long and thin ones and many small ones. See
// docs/performance.md for what else was tried.
//
// The result is a grid of tiles of 6 rows and 16 or 32 columns, which fit into the
// vector registers. A is read where it lies, transposed or not; B is copied into
// panels as wide as a tile when it is read often or has no full tiles.
package gemm

import (
	"sync"
	"unsafe"
)

const (
	mr = 6   // rows of a register tile
	nr = 32  // columns of the widest
	mc = 120 // rows of A walked under one panel of B
)

// block is how much of B is packed at a time.
type block struct{ depth, columns int }

var (
	// A panel of 32 columns is 32 KiB and stays in the first cache.
	shallow = block{256, 512}
	// Few columns fit into the second cache to a depth at which rows of A are
	// read in one go, as memory likes it.
	deep = block{2048, 128}
)

// size is that of the larger.
const size = 2048 * 128

// panels are buffers for B.
var panels = sync.Pool{New: func() any { return new([size]float32) }}

// Kernel is a set of tiles, by the vector instructions that they are written in.
type Kernel int

const (
	AVX2   Kernel = iota // and FMA: 6 rows by 16 or 8 columns
	AVX512               // AVX512F: by 32, 16 or 8
	NEON                 // of arm64: by 16 or 8
)

// columns of a kernel's widest tile.
func (kernel Kernel) columns() int {
	if kernel == AVX512 {
		return nr
	}
	return 16
}

// Multiply computes C = op(A)·op(B), or C += op(A)·op(B) if add, where op(A) is
// (m, k), op(B) is (k, n), and C is (m, n), all row-major with the given
// distances between rows. It panics when a slice is too short, and may be called
// only if Available returns true.
func (kernel Kernel) Multiply(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, add bool, c []float32, ldc int) {
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
	step := kernel.columns()
	direct := !transB && roundUp(n%step) == n%step && (m < 64 || ldb <= step)
	var buf []float32
	if !direct {
		panel := panels.Get().(*[size]float32)
		defer panels.Put(panel)
		buf = panel[:]
	}
	at := shallow
	if !transA && n <= deep.columns {
		at = deep
	}
	for j0 := 0; j0 < n; j0 += at.columns {
		jn := min(at.columns, n-j0)
		for p0 := 0; p0 < k; p0 += at.depth {
			pn := min(at.depth, k-p0)
			if !direct {
				pack(buf, step, transB, b, ldb, p0, pn, j0, jn)
			}
			for i0 := 0; i0 < m; i0 += mc {
				in := min(mc, m-i0)
				for j := 0; j < jn; j += step {
					w := min(step, jn-j)
					panel, bs := buf[min(j*pn, len(buf)):], roundUp(w)
					if direct {
						panel, bs = b[p0*ldb+j0+j:], ldb
					}
					kernel.strip(in, pn, &a[i0*rs+p0*cs], rs, cs, &panel[0], bs, add || p0 > 0, c[i0*ldc+j0+j:], ldc, w)
				}
			}
		}
	}
}

// roundUp returns the columns of the narrowest tile that holds w.
func roundUp(w int) int {
	switch {
	case w > 16:
		return nr
	case w > 8:
		return 16
	case w > 0:
		return 8
	}
	return 0
}

func check(name string, x []float32, rows, cols, ld int, trans bool) {
	if trans {
		rows, cols = cols, rows
	}
	if rows < 0 || cols < 0 || ld < max(1, cols) || (rows > 0 && cols > 0 && len(x) < (rows-1)*ld+cols) {
		panic("gemm: bad dimensions of " + name)
	}
}

// pack copies op(B)[p0:p0+pn, j0:j0+jn] into panels of step columns (the last one
// of fewer if they hold the rest), each panel row by row.
func pack(buf []float32, step int, transB bool, b []float32, ldb, p0, pn, j0, jn int) {
	whole := 0
	if !transB {
		whole = jn - jn%step
		packWhole(buf, step, b[p0*ldb+j0:], ldb, pn, whole)
	}
	for j := whole; j < jn; j += step {
		w := min(step, jn-j)
		pw := roundUp(w)
		dst := buf[j*pn : j*pn+pn*pw]
		if transB {
			if w < pw {
				clear(dst)
			}
			q, squares := 0, pn/8
			for ; squares > 0 && q+8 <= w; q += 8 {
				src := b[(j0+j+q)*ldb+p0:]
				transpose8(unsafe.Pointer(&dst[q]), uintptr(pw)*4, unsafe.Pointer(&src[0]), uintptr(ldb)*4, squares)
				for r := range 8 {
					for p := 8 * squares; p < pn; p++ {
						dst[p*pw+q+r] = src[r*ldb+p]
					}
				}
			}
			for ; q < w; q++ {
				for p, v := range b[(j0+j+q)*ldb+p0:][:pn] {
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

// packWhole copies b's first columns, a multiple of step, row by row as memory likes it.
func packWhole(buf []float32, step int, b []float32, ldb, pn, columns int) {
	const half = 16 // of the widest panel
	for p := 0; p < pn && columns > 0; p++ {
		src := b[p*ldb:][:columns]
		for j := 0; j < columns; j += step {
			for q := 0; q < step; q += half {
				*(*[half]float32)(buf[j*pn+p*step+q:]) = [half]float32(src[j+q:])
			}
		}
	}
}

// strip multiplies in rows of op(A), starting at a, by one panel of B.
func (kernel Kernel) strip(in, pn int, a *float32, rs, cs int, b *float32, bs int, add bool, c []float32, ldc, w int) {
	var row [mr]unsafe.Pointer
	width := roundUp(w)
	for i, taken := 0, mr; i < in; i += taken {
		// The last tile is moved up to be full; to the rows it shares with the
		// one before nothing may be added again.
		s, skip := i, 0
		few := w == width && kernel.few(in-i, width)
		if taken = mr; few {
			taken = 4
		}
		if s+mr > in && in >= mr && !few {
			s = in - mr
			skip = i - s
		}
		rows := min(mr, in-s)
		first, apart := unsafe.Add(unsafe.Pointer(a), s*rs*4), rs*4
		if few || rows == mr { // written out, as many tiles have few columns of A
			row = [mr]unsafe.Pointer{first, unsafe.Add(first, apart), unsafe.Add(first, 2*apart), unsafe.Add(first, 3*apart)}
			if !few {
				row[4], row[5] = unsafe.Add(first, 4*apart), unsafe.Add(first, 5*apart)
			}
		} else {
			for r := range row {
				row[r] = unsafe.Add(first, min(r, rows-1)*apart)
			}
		}
		if few {
			tile16by4(unsafe.Pointer(&c[s*ldc]), uintptr(ldc)*4, pn, &row, uintptr(cs)*4, unsafe.Pointer(b), uintptr(bs)*4, add)
			continue
		}
		if rows == mr && w == width && !(add && skip > 0) {
			kernel.tile(width, unsafe.Pointer(&c[s*ldc]), uintptr(ldc)*4, pn, &row, uintptr(cs)*4, unsafe.Pointer(b), uintptr(bs)*4, add)
			continue
		}
		kernel.part(width, pn, &row, cs, b, bs, add, c[(s+skip)*ldc:], ldc, skip, rows, w)
	}
}

// part computes a tile of which only the rows from skip to rows and w columns are stored.
func (kernel Kernel) part(width, pn int, row *[mr]unsafe.Pointer, cs int, b *float32, bs int, add bool, c []float32, ldc, skip, rows, w int) {
	var t [mr][nr]float32
	kernel.tile(width, unsafe.Pointer(&t), nr*4, pn, row, uintptr(cs)*4, unsafe.Pointer(b), uintptr(bs)*4, false)
	for r := skip; r < rows; r++ {
		dst, sum := c[(r-skip)*ldc:][:w], t[r][:w]
		if !add {
			copy(dst, sum)
			continue
		}
		for j, v := range sum {
			dst[j] += v
		}
	}
}
