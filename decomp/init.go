package decomp

import (
	"math"
	"math/rand/v2"
)

// Glorot returns the variance 2/(N+M) of Glorot and Bengio (2010) for the whole
// matrix.
func (m *Matrix) Glorot() float64 { return 2 / float64(m.Rows()+m.Cols()) }

// LeCun returns the variance 1/N, which keeps the variance of x·W at that of x.
func (m *Matrix) LeCun() float64 { return 1 / float64(m.Rows()) }

// Init draws the cores so that every element of the reconstructed matrix W has
// mean 0 and the given variance, whatever the format. It returns the values of
// each core, row-major, in the order of Cores.
//
// An element of W is a sum of P products, one for each choice of rank indices,
// of k independent elements, one from each core. With cores from N(0, σ²) its
// variance is P·σ^(2k), hence σ = (variance/P)^(1/2k). Cores shared within a
// network add a little: a product may hold one element twice.
func (m *Matrix) Init(rng *rand.Rand, variance float64) [][]float64 {
	cores := m.Cores()
	index := m.coreIndex()
	values := make([][]float64, len(cores))
	for _, net := range m.Terms {
		sigma := net.sigma(variance / float64(len(m.Terms)))
		for _, c := range net {
			k := index[c.Name]
			if values[k] != nil {
				continue
			}
			values[k] = make([]float64, cores[k].Params())
			for j := range values[k] {
				values[k][j] = sigma * rng.NormFloat64()
			}
		}
	}
	return values
}

// sigma returns the standard deviation of every core element for which the
// network's elements have the given variance.
func (net Network) sigma(variance float64) float64 {
	paths := 1.0
	for _, r := range net.ranks() {
		paths *= float64(r)
	}
	return math.Pow(variance/paths, 0.5/float64(len(net)))
}
