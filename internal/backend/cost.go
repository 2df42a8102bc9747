package backend

import "math"

// Model is what products cost where they are chosen from some kernels.
type Model []*kernel

// Here returns the model of the kernels that make this program's products. They
// are others on another processor, and with -tags openblas.
func Here() Model { return kernels }

// AVX2 returns the model of the kernel in Go for AVX2, on any processor: with it,
// tests find the same plans everywhere.
func AVX2() Model { return Model{goAVX2} }

// Cost estimates the nanoseconds of Multiply of float32 on one core. The weights
// of each kernel were fitted by least squares to 800 shapes that contractions
// are made of (BenchmarkFit does it) on an AMD EPYC ("Turin"). Their root mean square
// error is a quarter to a third (gonum's half, OpenBLAS's with AVX-512 three
// quarters); a few shapes are off several times. What a plan chooses rests on
// the ratios, which machines share.
func (m Model) Cost(p Products) float64 { return float64(p.Count) * kernelFor(m, p).cost(p) }

// InCache is what copying an element costs that lies in the cache: measured beside tiles for
// AVX2, and where gonum makes all products taken to be as much as from memory.
func (m Model) InCache() float64 {
	if len(m) == 1 && m[0] == plainGo {
		return 2
	}
	return 0.2
}

// LeastCost is a lower bound on the cost of products with that many results in
// all, each a sum of inner terms, whatever their shape.
func (m Model) LeastCost(results, inner float64) float64 {
	least := math.Inf(1)
	for _, k := range m {
		least = min(least, k.bound(k.weights, results, inner))
	}
	return least
}

// cost of one product.
func (k *kernel) cost(p Products) (ns float64) {
	for i, x := range k.terms(p) {
		ns += x * k.weights[i]
	}
	return ns
}

// terms are what a kernel's time is a weighted sum of; those it has no use for are 0.
type terms [10]float64

func sizes(p Products) (m, n, k float64) { return float64(p.Rows), float64(p.Cols), float64(p.Inner) }

// when returns x where the condition holds.
func when(holds bool, x float64) float64 {
	if holds {
		return x
	}
	return 0
}

// gonumTerms: rows times numbers, or rows times rows.
func gonumTerms(p Products) terms {
	m, n, k := sizes(p)
	both, rows := p.TransA && p.TransB, p.TransB && !p.TransA
	return terms{1, when(both, m*n*k), when(!both, m*n*k), when(both, m*k), when(rows, m*n), when(!both && !rows, m*k)}
}

// gonumLeast and goLeast are bounds of what the weights make of the terms.
func gonumLeast(w terms, results, inner float64) float64 { return w[0] + min(w[1], w[2])*results*inner }

func goLeast(w terms, widest int, results, inner float64) float64 {
	step, column := min(w[2], w[4]), min(w[2]/float64(widest), w[4]/8)
	if widest > 16 {
		step, column = min(step, w[3]), min(column, w[3]/16)
	}
	// There is a tile, and each result is in one.
	return w[0] + max(w[1]+step*inner, results/6*(w[1]/float64(widest)+column*inner))
}

// goTerms: tiles of 6 rows and as many columns as fit; B copied unless it is read where it lies.
func goTerms(p Products, widest int) terms {
	m, n, k := sizes(p)
	rows, rest := math.Ceil(m/6), p.Cols%widest
	wide, narrow, least := rows*float64(p.Cols/widest), 0.0, 0.0
	switch {
	case rest > widest/2:
		wide += rows
	case rest > 8:
		narrow = rows
	case rest > 0:
		least = rows
	}
	full := rest == 0 || rest == 8 || rest == 16
	copied := !p.TransB && (p.Rows >= 64 && p.Cols > widest || !full)
	return terms{1, wide + narrow + least, wide * k, narrow * k, least * k, m * n,
		when(p.TransB, k*n), when(copied, k*n), when(p.TransA, m*k), when(!p.TransA, m*k)}
}
