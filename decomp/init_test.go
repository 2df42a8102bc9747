package decomp_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// The variance of the reconstructed matrix is the target in every format, over
// many seeds. Each seed gives the mean square of all elements of a matrix of
// the format's kind; its elements share cores, so the mean square itself varies
// from seed to seed, and the bound is four standard errors of its mean over the
// seeds, which must themselves be small enough to tell a factor of 1.5.
func TestInitialVariance(t *testing.T) {
	for name, c := range map[string]struct {
		f       decomp.Format
		in, out []int
	}{
		"dense":     {decomp.Dense{}, []int{40}, []int{30}},
		"tt":        {decomp.TT{Ranks: []int{4}}, []int{8, 5, 6}, []int{16, 4, 4}},
		"tr":        {decomp.TR{Ranks: []int{10, 5, 5, 5, 5}}, []int{4, 8, 6}, []int{16, 4}},
		"bt":        {decomp.BT{Blocks: 2, Ranks: []int{4}}, []int{8, 5, 6}, []int{16, 4, 4}},
		"ht":        {decomp.HT{Leaf: []int{4}, Inner: []int{5}}, []int{4, 5, 3, 3}, []int{8, 4, 2, 4}},
		"ht root 3": {decomp.HT{Leaf: []int{4}, Inner: []int{5}, Root: 3}, []int{4, 5, 3, 3}, []int{8, 4, 2, 4}},
		"ht shared": {decomp.HT{Leaf: []int{4}, Inner: []int{5}, Share: true}, []int{4, 5, 3, 3}, []int{8, 4, 2, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := c.f.Matrix(c.in, c.out)
			require.NoError(t, err)
			const seeds = 100
			target := m.Glorot()
			require.Equal(t, 2/float64(m.Rows()+m.Cols()), target)
			var sum, squares, mean float64
			for seed := range uint64(seeds) {
				w, err := m.Dense(m.Init(rand.New(rand.NewPCG(seed, 1)), target))
				require.NoError(t, err)
				ms := 0.0
				for _, v := range w {
					ms += v * v / float64(len(w))
					mean += v / float64(len(w)) / seeds
				}
				sum += ms / target
				squares += ms / target * ms / target
			}
			ratio := sum / seeds
			standard := math.Sqrt((squares/seeds - ratio*ratio) / seeds)
			require.Less(t, standard, 0.12, "too few seeds to tell")
			require.InDelta(t, 1, ratio, 4*standard+0.03)
			require.InDelta(t, 0, mean, 0.1*math.Sqrt(target))
		})
	}
}

// At the papers' size, where W does not fit, its variance is measured twice: on the
// first row over many seeds, whose elements share cores and so tell it roughly,
// and from the cores alone. An element is a sum of products that are
// uncorrelated, as many as a network of ones counts, each of one element of every core,
// so that its variance is their number times the mean squares of all cores. Both bounds
// are four standard errors. Published packages miss by factors of 10 to 250.
func TestInitialVarianceUCF11(t *testing.T) {
	for _, c := range ucf11 {
		t.Run(c.format.Name(), func(t *testing.T) {
			full, err := c.format.Matrix(c.in, c.out)
			require.NoError(t, err)
			target := full.Glorot()
			cores := full.Cores()
			meanSquares := make([]float64, len(cores))
			var sum, squares float64
			const seeds = 300
			for seed := range uint64(seeds) {
				values := full.Init(rand.New(rand.NewPCG(seed, 2)), target)
				for k, core := range values {
					meanSquares[k] += meanSquare(core) / seeds
				}
				ratio := meanSquare(rowOf(t, full, values)) / target
				sum += ratio
				squares += ratio * ratio
			}
			ratio := sum / seeds
			standard := math.Sqrt((squares/seeds - ratio*ratio) / seeds)
			require.Less(t, standard, 0.15, "too few seeds to tell")
			require.InDelta(t, 1, ratio, 4*standard)

			variance, relative := 0.0, 0.0
			for _, net := range full.Terms {
				ones := make([][]float64, len(cores)) // in this term, zeros in the others
				product, uncertain := 1.0, 0.0
				for k, core := range cores {
					ones[k] = make([]float64, core.Params())
					if slices.ContainsFunc(net, func(c decomp.Core) bool { return c.Name == core.Name }) {
						for j := range ones[k] {
							ones[k][j] = 1
						}
						product *= meanSquares[k]
						uncertain += 2 / float64(seeds*core.Params())
					}
				}
				variance += product * rowOf(t, full, ones)[0]
				relative = max(relative, math.Sqrt(uncertain))
			}
			require.Less(t, relative, 0.035, "too few seeds to tell")
			require.InDelta(t, 1, variance/target, 4*relative)
		})
	}
}

func meanSquare(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v * v
	}
	return sum / float64(len(values))
}

// rowOf returns the first row of W: each core cut to index 0 of its input mode.
func rowOf(t *testing.T, m *decomp.Matrix, values [][]float64) []float64 {
	cut := func(l decomp.Leg) decomp.Leg {
		if l.Kind == decomp.Input {
			l.Size = 1
		}
		return l
	}
	var in []decomp.Leg
	for _, l := range m.In {
		in = append(in, cut(l))
	}
	var terms []decomp.Network
	kept := map[string][]float64{}
	cores := m.Cores()
	for _, net := range m.Terms {
		var small decomp.Network
		for _, core := range net {
			legs := make([]decomp.Leg, len(core.Legs))
			for k, l := range core.Legs {
				legs[k] = cut(l)
			}
			small = append(small, decomp.Core{Name: core.Name, Legs: legs})
			for k, c := range cores {
				if c.Name != core.Name {
					continue
				}
				var data []float64
				flat := 0
				eachIndex(core.Shape(), func(index []int) {
					keep := true
					for j, l := range core.Legs {
						keep = keep && (l.Kind != decomp.Input || index[j] == 0)
					}
					if keep {
						data = append(data, values[k][flat])
					}
					flat++
				})
				kept[core.Name] = data
			}
		}
		terms = append(terms, small)
	}
	row, err := decomp.NewMatrix(m.Format, in, m.Out, terms...)
	require.NoError(t, err)
	var data [][]float64
	for _, c := range row.Cores() {
		data = append(data, kept[c.Name])
	}
	w, err := row.Dense(data)
	require.NoError(t, err)
	return w
}
