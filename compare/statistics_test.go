package compare

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Against tables: t of 4 degrees of freedom is 2.776 at 5 % and 4.604 at 1 %, of
// 1 degree 12.706 at 5 %.
func TestPaired(t *testing.T) {
	// Differences with mean m and standard deviation s make t = m/(s/sqrt(n)).
	for _, c := range []struct {
		t, p float64
		n    int
	}{{2.776445, 0.05, 5}, {4.604095, 0.01, 5}, {12.706205, 0.05, 2}} {
		shape := []float64{-1, 1, -1, 1, 0}[:c.n]
		sd := newSample(shape).SD
		var a, b []float64
		for k, v := range shape {
			b = append(b, float64(k))
			a = append(a, float64(k)+v+c.t*sd/math.Sqrt(float64(c.n)))
		}
		require.InDelta(t, c.p, paired(a, b), 1e-6)
		require.InDelta(t, c.p, paired(b, a), 1e-6)
	}
	require.Equal(t, 1.0, paired([]float64{1, 2}, []float64{1, 2}))
	require.True(t, math.IsNaN(paired([]float64{2, 3}, []float64{1, 2})))
	require.True(t, math.IsNaN(paired([]float64{1}, []float64{2})))
}

// A p-value is a probability, and does not depend on which of two is first.
func TestPairedIsSymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.Float64Range(-1, 1)
		n := rapid.IntRange(2, 10).Draw(t, "n")
		a, b := rapid.SliceOfN(draw, n, n).Draw(t, "a"), rapid.SliceOfN(draw, n, n).Draw(t, "b")
		p := paired(a, b)
		if math.IsNaN(p) {
			require.True(t, math.IsNaN(paired(b, a)))
			return
		}
		require.True(t, p >= 0 && p <= 1, p)
		require.InDelta(t, p, paired(b, a), 1e-12)
	})
}

func TestHolm(t *testing.T) {
	nan := math.NaN()
	holm := func(ps ...float64) []float64 {
		var all []*float64
		for k := range ps {
			all = append(all, &ps[k])
		}
		holm(all)
		return ps
	}
	got := holm(0.01, 0.04, nan, 0.03, 0.005)
	require.True(t, math.IsNaN(got[2]))
	require.InDeltaSlice(t, []float64{0.03, 0.06, 0.06, 0.02}, []float64{got[0], got[1], got[3], got[4]}, 1e-12)
	require.Equal(t, []float64{1, 1}, holm(0.9, 0.8))
	require.Empty(t, holm())
}

func TestSample(t *testing.T) {
	s := newSample([]float64{1, 2, 3})
	require.Equal(t, 2.0, s.Mean)
	require.Equal(t, 1.0, s.SD)
	require.True(t, math.IsNaN(newSample([]float64{1}).SD))
	require.True(t, math.IsNaN(newSample(nil).Mean))
}
