package gemm

// Packed is a matrix B in panels, for many products with it.
type Packed struct {
	kernel Kernel
	k, n   int
	panels []float32
}

// deepest bounds the rows of a panel: one of 32 columns then stays in the first cache.
const deepest = 256

// Pack makes op(B) (k, n) ready for products, in the memory of an earlier p where that
// is large enough. It may be called only if Available returns true.
func (kernel Kernel) Pack(p *Packed, transB bool, k, n int, b []float32, ldb int) *Packed {
	check("b", b, k, n, ldb, transB)
	if p == nil {
		p = new(Packed)
	}
	step := kernel.columns()
	width := n/step*step + roundUp(n%step)
	if cap(p.panels) < k*width {
		p.panels = make([]float32, k*width)
	}
	p.kernel, p.k, p.n, p.panels = kernel, k, n, p.panels[:k*width]
	for p0 := 0; p0 < k; p0 += deepest {
		pack(p.panels[p0*width:], step, transB, b, ldb, p0, min(deepest, k-p0), 0, n)
	}
	return p
}

// Multiply computes C = A·op(B), or C += A·op(B) if add, where A is (m, k) and C (m, n),
// both row-major with the given distances between rows.
func (p *Packed) Multiply(m int, a []float32, lda int, add bool, c []float32, ldc int) {
	check("a", a, m, p.k, lda, false)
	check("c", c, m, p.n, ldc, false)
	step := p.kernel.columns()
	width := len(p.panels) / max(1, p.k)
	for p0 := 0; p0 < p.k && m > 0; p0 += deepest {
		pn := min(deepest, p.k-p0)
		block := p.panels[p0*width:]
		for j := 0; j < p.n; j += step {
			w := min(step, p.n-j)
			p.kernel.strip(m, pn, &a[p0], lda, 1, &block[j*pn], roundUp(w), add || p0 > 0, c[j:], ldc, w)
		}
	}
}
