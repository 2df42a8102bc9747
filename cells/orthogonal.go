package cells

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// orthogonal returns U (hidden, n·hidden), row-major: n random orthogonal
// matrices side by side, one per gate (Saxe et al. 2013). A product with one keeps
// the length of the state, so that it neither fades nor grows over the steps.
func orthogonal(rng *rand.Rand, hidden, n int) []float64 {
	u := make([]float64, hidden*n*hidden)
	for g := range n {
		normal := make([]float64, hidden*hidden)
		for k := range normal {
			normal[k] = rng.NormFloat64()
		}
		var qr mat.QR
		var q, r mat.Dense
		qr.Factorize(mat.NewDense(hidden, hidden, normal))
		qr.QTo(&q)
		qr.RTo(&r)
		for k := range normal {
			row, col := k/hidden, k%hidden
			// The signs of R's diagonal make Q uniform over all orthogonal
			// matrices (Mezzadri 2007).
			u[(row*n+g)*hidden+col] = q.At(row, col)
			if r.At(col, col) < 0 {
				u[(row*n+g)*hidden+col] = -q.At(row, col)
			}
		}
	}
	return u
}
