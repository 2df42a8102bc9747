package vector

import "math"

// AdamRates are what Adam multiplies with:
//
//	d = Clip·g + L2·w
//	m = B1·m + NotB1·d
//	v = B2·v + NotB2·d²
//	w = w - (Shrink·w + Rate·m / (√(Scale·v) + Epsilon))
type AdamRates struct{ L2, Shrink, B1, NotB1, B2, NotB2, Rate, Scale, Epsilon, Clip float32 }

// Adam moves weights w and the means m and v of as many gradients g. The assembly rounds
// where the loop does: all processors make the same bits. Slices that begin at the same
// place of a page make it wait for its own stores; see Apart. It panics when one is shorter
// than w.
func Adam(w, g, m, v []float32, r *AdamRates) {
	g, m, v = g[:len(w)], m[:len(w)], v[:len(w)]
	whole := 0
	if adams != nil && len(w) >= wide {
		whole = len(w) - len(w)%wide
		adams(&w[0], &g[0], &m[0], &v[0], whole, r)
	}
	// The conversions keep products from being fused into sums.
	for k := whole; k < len(w); k++ {
		d := float32(r.Clip*g[k]) + float32(r.L2*w[k])
		m[k] = float32(r.B1*m[k]) + float32(r.NotB1*d)
		v[k] = float32(r.B2*v[k]) + float32(r.NotB2*float32(d*d))
		root := float32(math.Sqrt(float64(v[k] * r.Scale)))
		w[k] -= float32(r.Shrink*w[k]) + float32(r.Rate*m[k])/(root+r.Epsilon)
	}
}

// Squares returns the sum of the squares of x, the same bits on all processors: it takes
// every sixteenth value into one of as many sums.
func Squares(x []float32) (sum float64) {
	var sums [wide]float64
	if whole := len(x) - len(x)%wide; squares != nil && whole > 0 {
		squares(&x[0], whole, &sums)
		x = x[whole:]
	}
	for len(x) >= wide {
		for k, v := range x[:wide] {
			sums[k] += float64(v) * float64(v) // exact, fused or not
		}
		x = x[wide:]
	}
	for k, v := range x {
		sums[k] += float64(v) * float64(v)
	}
	for _, s := range sums {
		sum += s
	}
	return sum
}

// Apart returns n zeros that begin k times 320 bytes after the start of a page, where they
// fill pages: processors take addresses that agree in their last 12 bits for the same for a
// moment, and loads then wait for stores.
func Apart(n, k int) []float32 {
	const elements, page = 320 / 4, 4096 / 4
	if n < page {
		return make([]float32, n)
	}
	at := k * elements % page
	return make([]float32, n+at)[at:]
}
