package backend

import "math"

// Cost estimates the nanoseconds of Multiply of float32 on one core. The weights
// of each kernel were fitted by least squares to 800 shapes that contractions are
// made of (TestFit does it) on an AMD EPYC ("Turin"). They are
// about a quarter off in the root mean square (gonum's half, OpenBLAS's with
// AVX-512 three quarters), a few shapes several times. What a plan chooses rests
// on the ratios, which machines share.
func Cost(p Products) float64 { return float64(p.Count) * kernelFor(p).cost(p) }

// cost of one product.
func (k *kernel) cost(p Products) (ns float64) {
	for i, x := range k.terms(p) {
		ns += x * k.weights[i]
	}
	return ns
}

// terms are what a kernel's time is a weighted sum of; those it has no use for
// are 0.
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

// goTerms: tiles of 6 rows and as many columns as fit; B copied unless it is read
// where it lies.
func goTerms(p Products, widest int) terms {
	m, n, k := sizes(p)
	rows, rest := math.Ceil(m/6), p.Cols%widest
	full, narrow, least := rows*float64(p.Cols/widest), 0.0, 0.0
	switch {
	case rest > widest/2:
		full += rows
	case rest > 8:
		narrow = rows
	case rest > 0:
		least = rows
	}
	copied := !p.TransB && (p.Rows >= 64 && p.Cols > widest || p.Cols%8 != 0)
	return terms{1, full + narrow + least, full * k, narrow * k, least * k, m * n,
		when(p.TransB, k*n), when(copied, k*n), when(p.TransA, m*k), when(!p.TransA, m*k)}
}

// openblasTerms: multiply-adds, the elements packed, and those written.
func openblasTerms(p Products) terms {
	m, n, k := sizes(p)
	return terms{1, m * n * k, m * k, k * n, m * n}
}
