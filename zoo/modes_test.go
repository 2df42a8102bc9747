package zoo

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// leastSum tries every way to write n as d factors.
func leastSum(n, d int) int {
	if d == 1 {
		return n
	}
	least := math.MaxInt
	for f := 1; f <= n; f++ {
		if n%f == 0 {
			least = min(least, f+leastSum(n/f, d-1))
		}
	}
	return least
}

// Modes multiply to the least size from n on that has some of a sum within the
// bound, and have the smallest sum.
func TestFactoriseProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, d := rapid.IntRange(1, 400).Draw(t, "n"), rapid.IntRange(2, 4).Draw(t, "d")
		modes := factorise(n, d)
		require.Len(t, modes, d)
		require.True(t, slices.IsSorted(modes))
		for k := n; ; k++ {
			if least := leastSum(k, d); float64(least) <= 1.25*float64(d)*math.Pow(float64(k), 1/float64(d))+1e-9 {
				require.Equal(t, k, dims.Size(modes))
				for _, m := range modes {
					least -= m
				}
				require.Zero(t, least, "modes add up to the least sum")
				return
			}
		}
	})
}

// The modes keep to their sides, the gates meet the smallest output mode in
// front, and no other pairing has a smaller sum of products.
func TestPairedProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, gates := rapid.IntRange(2, 5).Draw(t, "d"), rapid.SampledFrom([]int{1, 3, 4}).Draw(t, "gates")
		draw := func(what string) []int {
			m := rapid.SliceOfN(rapid.IntRange(1, 12), d, d).Draw(t, what)
			slices.Sort(m)
			return m
		}
		in, out := draw("in"), draw("out")
		a, b := paired(in, out, gates)
		require.Equal(t, out[0], b[0])
		folded := slices.Clone(b)
		folded[0] *= gates
		products := func(a []int) int {
			s := 0
			for k := range a {
				s += a[k] * folded[k]
			}
			return s
		}
		for k := range 20 {
			require.LessOrEqual(t, products(a), products(rapid.Permutation(in).Draw(t, "other")), k)
		}
		for k := 2; k < d; k++ {
			require.LessOrEqual(t, a[k-1]*b[k-1], a[k]*b[k], "the largest product but the first is the last")
		}
		slices.Sort(a)
		slices.Sort(b)
		require.Equal(t, in, a)
		require.Equal(t, out, b)
	})
}
