package decomp_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/backend"
)

// BenchmarkHandwritten is BenchmarkProduct without a graph: the same projection,
// its sum and the gradients of the cores, written by hand for one shape and one
// order of contractions, with the products of the same backend and all memory
// there before. What the graph takes longer is the price of the graph.
func BenchmarkHandwritten(b *testing.B) {
	for _, h := range handwritten() {
		b.Run(h.name, func(b *testing.B) {
			m := h.matrix(b)
			_, x, cores := trainingProduct(b, m, m.Plan(decomp.PlanOptions{Rows: handRows}))
			h.prepare()
			b.ReportAllocs()
			for b.Loop() {
				h.run(x, cores)
			}
		})
	}
}

// The hand-written gradients are those of the graph.
func TestHandwritten(t *testing.T) {
	for _, h := range handwritten() {
		t.Run(h.name, func(t *testing.T) {
			m := h.matrix(t)
			p, x, cores := trainingProduct(t, m, m.Plan(decomp.PlanOptions{Rows: handRows}))
			h.prepare()
			sum := h.run(x, cores)
			require.NoError(t, p.Run())
			want, err := p.Scalar(p.loss)
			require.NoError(t, err)
			require.InEpsilon(t, want, sum, 1e-2) // a million terms of both signs
			for k, n := range p.cores {
				grad, err := n.Grad()
				require.NoError(t, err)
				want, size := grad.Data().([]float32), float32(0)
				for _, v := range want {
					size = max(size, v, -v)
				}
				require.Len(t, h.grads[k], len(want))
				for i, v := range want {
					require.InDelta(t, v, h.grads[k][i], 1e-4*float64(size), "%s [%d]", m.Cores()[k].Name, i)
				}
			}
		})
	}
}

const handRows = 96

// hand is a projection of (rows, 8, a2, aRest) to (rows, 16, 4, 16) in three steps,
// with matrices B (aRest, s·16), M (a2·s, 4·4) and T (8·4, 16):
//
//	u[z,a1,a2,s,o]  = Σ x[z,a1,a2,aRest] B[aRest,(s,o)]
//	v[z,a1,r,i2,o]  = Σ u[z,a1,(a2,s),o] M[(a2,s),(r,i2)]
//	y[z,i1,i2,o]    = Σ v[z,(a1,r),i2,o] T[(a1,r),i1]
//
// merge makes the matrices of the cores, and split the cores' gradients of theirs.
type hand struct {
	name           string
	format         decomp.Format
	in, out        []int
	a2, s, rest    int
	u, du, v, dv   []float32
	y, dy          []float32
	b, m, t        []float32
	db, dm, dt     []float32
	grads          [][]float32
	merge          func(cores [][]float32)
	split          func(cores [][]float32)
	big, mid, last [3]backend.Products // forward, gradient of the matrix, gradient of the operand
}

func (h *hand) matrix(t testing.TB) *decomp.Matrix {
	m, err := h.format.Matrix(h.in, h.out)
	require.NoError(t, err)
	return m
}

func (h *hand) prepare() {
	n, wide := handRows, h.s*16
	h.u, h.du = make([]float32, n*8*h.a2*wide), make([]float32, n*8*h.a2*wide)
	h.v, h.dv = make([]float32, n*8*4*4*16), make([]float32, n*8*4*4*16)
	h.y, h.dy = make([]float32, n*1024), make([]float32, n*1024)
	for k := range h.dy {
		h.dy[k] = 1 // the gradient of the sum
	}
	h.b, h.db = make([]float32, h.rest*wide), make([]float32, h.rest*wide)
	h.m, h.dm = make([]float32, h.a2*h.s*16), make([]float32, h.a2*h.s*16)
	h.t, h.dt = make([]float32, 32*16), make([]float32, 32*16)
	rows, pair := n*8*h.a2, h.a2*h.s
	h.big = [3]backend.Products{
		{Count: 1, Rows: rows, Cols: wide, Inner: h.rest},
		{Count: 1, Rows: h.rest, Cols: wide, Inner: rows, TransA: true},
	}
	h.mid = [3]backend.Products{
		{Count: n * 8, Rows: 16, Cols: 16, Inner: pair, TransA: true, StrideB: pair * 16, StrideC: 256},
		{Count: n * 8, Rows: pair, Cols: 16, Inner: 16, TransB: true, StrideA: pair * 16, StrideB: 256},
		{Count: n * 8, Rows: pair, Cols: 16, Inner: 16, StrideB: 256, StrideC: pair * 16},
	}
	h.last = [3]backend.Products{
		{Count: n, Rows: 16, Cols: 64, Inner: 32, TransA: true, StrideB: 2048, StrideC: 1024},
		{Count: n, Rows: 32, Cols: 16, Inner: 64, TransB: true, StrideA: 2048, StrideB: 1024},
		{Count: n, Rows: 32, Cols: 64, Inner: 16, StrideB: 1024, StrideC: 2048},
	}
	for _, c := range h.matrixOnly().Cores() {
		size := 1
		for _, n := range c.Shape() {
			size *= n
		}
		h.grads = append(h.grads, make([]float32, size))
	}
}

func (h *hand) matrixOnly() *decomp.Matrix {
	m, err := h.format.Matrix(h.in, h.out)
	if err != nil {
		panic(err)
	}
	return m
}

// run returns the sum of the projection and leaves the gradients in grads.
func (h *hand) run(x []float32, cores [][]float32) (sum float64) {
	h.merge(cores)
	backend.Multiply(h.big[0], x, h.b, h.u)
	backend.Multiply(h.mid[0], h.m, h.u, h.v)
	backend.Multiply(h.last[0], h.t, h.v, h.y)
	for _, v := range h.y {
		sum += float64(v)
	}
	backend.Multiply(h.last[1], h.v, h.dy, h.dt)
	backend.Multiply(h.last[2], h.t, h.dy, h.dv)
	backend.Multiply(h.mid[1], h.u, h.dv, h.dm)
	backend.Multiply(h.mid[2], h.m, h.dv, h.du)
	backend.Multiply(h.big[1], x, h.du, h.db)
	h.split(cores)
	return sum
}

func handwritten() []*hand { return []*hand{handTT(), handHT()} }

// handTT: B is G3·G4, M is G2, T is G1.
func handTT() *hand {
	h := &hand{name: "tt", format: ucf11[0].format, in: ucf11[0].in, out: ucf11[0].out, a2: 20, s: 4, rest: 360}
	w := make([]float32, 320*72) // (r2,a3,i3 | a4,i4)
	product := backend.Products{Count: 1, Rows: 320, Cols: 72, Inner: 4}
	// (r2, a3, i3, a4, i4) to (a3, a4, r2, i3, i4)
	toB := reorder([]int{4, 20, 4, 18, 4}, []int{1, 3, 0, 2, 4})
	// (r1, a2, i2, r2) to (a2, r2, r1, i2), and (a1, i1, r1) to (a1, r1, i1)
	toM, toT := reorder([]int{4, 20, 4, 4}, []int{1, 3, 0, 2}), reorder([]int{8, 16, 4}, []int{0, 2, 1})
	h.merge = func(c [][]float32) {
		backend.Multiply(product, c[2], c[3], w)
		toB.apply(h.b, w)
		toM.apply(h.m, c[1])
		toT.apply(h.t, c[0])
	}
	h.split = func(c [][]float32) {
		toT.back(h.grads[0], h.dt)
		toM.back(h.grads[1], h.dm)
		toB.back(w, h.db)
		gradients(product, c[2], c[3], w, h.grads[2], h.grads[3])
	}
	return h
}

// handHT: B is U3·B1.2.3·root·(U4·U5·B4.5), M is B1.2·U2, T is U1.
func handHT() *hand {
	h := &hand{name: "ht", format: ucf11[3].format, in: ucf11[3].in, out: ucf11[3].out, a2: 10, s: 5, rest: 720}
	const u1, u2, b12, u3, b123, u4, u5, b45, root = 0, 1, 2, 3, 4, 5, 6, 7, 8
	one := func(rows, cols, inner int) (backend.Products, []float32) {
		return backend.Products{Count: 1, Rows: rows, Cols: cols, Inner: inner}, make([]float32, rows*cols)
	}
	p2, w5 := one(16, 20, 4)  // U5 (a5,i5 | r5) · (r5 | r4,r45)
	p3, w45 := one(36, 80, 4) // U4 (a4,i4 | r4) · (r4 | a5,i5,r45)
	p4, top := one(20, 5, 5)  // B1.2.3 (r12,r3 | r123) · root (r123 | r45)
	p5, left := one(20, 25, 4)
	p6, w := one(100, 576, 5)
	q, mid := one(40, 20, 4)
	// B4.5 (r4,r5,s) to (r5, r4, s); U5·B4.5 (a5,i5,r4,s) to (r4, a5,i5, s);
	// (a4,i4,a5,i5,s) to (s, a4,i4,a5,i5); top (r12,r3,s) to (r3, r12,s).
	t45, t5 := reorder([]int{4, 4, 5}, []int{1, 0, 2}), reorder([]int{16, 4, 5}, []int{1, 0, 2})
	tw, tt := reorder([]int{576, 5}, []int{1, 0}), reorder([]int{5, 4, 5}, []int{1, 0, 2})
	b45t, w5t, w45t, topt := make([]float32, 80), make([]float32, 320), make([]float32, 2880), make([]float32, 100)
	db45t, dw5t, dw45t, dtopt := make([]float32, 80), make([]float32, 320), make([]float32, 2880), make([]float32, 100)
	dw5, dw45, dtop, dleft, dw := make([]float32, 320), make([]float32, 2880), make([]float32, 100), make([]float32, 500), make([]float32, 57600)
	// left·w45 (a3,i3,r12,a4,i4,a5,i5) to (a3,a4,a5, r12,i3,i4,i5)
	toB := reorder([]int{10, 2, 5, 9, 4, 8, 2}, []int{0, 3, 5, 2, 1, 4, 6})
	// U2 (a2,i2 | r2) · B1.2 (r2 | r1,r12): (a2,i2,r1,r12) to (a2,r12, r1,i2)
	t12, toM := reorder([]int{4, 4, 5}, []int{1, 0, 2}), reorder([]int{10, 4, 4, 5}, []int{0, 3, 2, 1})
	b12t, db12t, dmid := make([]float32, 80), make([]float32, 80), make([]float32, 800)
	toT := reorder([]int{8, 16, 4}, []int{0, 2, 1})
	h.merge = func(c [][]float32) {
		t45.apply(b45t, c[b45])
		backend.Multiply(p2, c[u5], b45t, w5)
		t5.apply(w5t, w5)
		backend.Multiply(p3, c[u4], w5t, w45)
		tw.apply(w45t, w45)
		backend.Multiply(p4, c[b123], c[root], top)
		tt.apply(topt, top)
		backend.Multiply(p5, c[u3], topt, left)
		backend.Multiply(p6, left, w45t, w)
		toB.apply(h.b, w)
		t12.apply(b12t, c[b12])
		backend.Multiply(q, c[u2], b12t, mid)
		toM.apply(h.m, mid)
		toT.apply(h.t, c[u1])
	}
	h.split = func(c [][]float32) {
		toT.back(h.grads[u1], h.dt)
		toM.back(dmid, h.dm)
		gradients(q, c[u2], b12t, dmid, h.grads[u2], db12t)
		t12.back(h.grads[b12], db12t)
		toB.back(dw, h.db)
		gradients(p6, left, w45t, dw, dleft, dw45t)
		gradients(p5, c[u3], topt, dleft, h.grads[u3], dtopt)
		tt.back(dtop, dtopt)
		gradients(p4, c[b123], c[root], dtop, h.grads[b123], h.grads[root])
		tw.back(dw45, dw45t)
		gradients(p3, c[u4], w5t, dw45, h.grads[u4], dw5t)
		t5.back(dw5, dw5t)
		gradients(p2, c[u5], b45t, dw5, h.grads[u5], db45t)
		t45.back(h.grads[b45], db45t)
	}
	return h
}

// gradients of the operands of c = a·b.
func gradients(p backend.Products, a, b, dc, da, db []float32) {
	backend.Multiply(backend.Products{Count: 1, Rows: p.Rows, Cols: p.Inner, Inner: p.Cols, TransB: true}, dc, b, da)
	backend.Multiply(backend.Products{Count: 1, Rows: p.Inner, Cols: p.Cols, Inner: p.Rows, TransA: true}, a, dc, db)
}

// order is a list of where each element comes from.
type order []int32

// reorder is the order that puts axis perm[k] of an array of these sizes at k.
func reorder(sizes, perm []int) order {
	strides := make([]int, len(sizes))
	for k, s := len(sizes)-1, 1; k >= 0; k-- {
		strides[k] = s
		s *= sizes[k]
	}
	o := order{0}
	for _, axis := range perm {
		var next order
		for _, at := range o {
			for i := range sizes[axis] {
				next = append(next, at+int32(i*strides[axis]))
			}
		}
		o = next
	}
	return o
}

func (o order) apply(dst, src []float32) {
	for k, at := range o {
		dst[k] = src[at]
	}
}

func (o order) back(dst, src []float32) {
	for k, at := range o {
		dst[at] = src[k]
	}
}
