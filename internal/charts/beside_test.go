package charts

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSpread(t *testing.T) {
	spread := func(places []float64, gap, low, high float64) []float64 {
		var all []*float64
		for k := range places {
			all = append(all, &places[k])
		}
		spread(all, gap, low, high)
		return places
	}
	require.Equal(t, []float64{20, 40, 80}, spread([]float64{20, 40, 80}, 10, 0, 100), "what has room stays")
	require.Equal(t, []float64{45, 55}, spread([]float64{50, 50}, 10, 0, 100))
	require.Equal(t, []float64{20, 44, 54, 64}, spread([]float64{20, 53, 54, 55}, 10, 0, 100))
	require.Equal(t, []float64{0.5, 10.5}, spread([]float64{1, 2}, 10, 0, 100), "not beyond the ends")
	require.Equal(t, []float64{0, 50, 100}, spread([]float64{9, 9, 9}, 80, 0, 100), "no room for so many")
	require.Empty(t, spread(nil, 10, 0, 100))
	rapid.Check(t, func(t *rapid.T) {
		places := rapid.SliceOfN(rapid.Float64Range(0, 100), 1, 12).Draw(t, "places")
		slices.Sort(places)
		moved := spread(places, 7, 0, 100)
		require.Len(t, moved, len(places))
		for k, at := range moved {
			require.True(t, at >= -1e-9 && at <= 100+1e-9, moved)
			if k > 0 {
				require.GreaterOrEqual(t, at-moved[k-1], 7-1e-9, moved)
			}
		}
	})
}

// No marker covers another, each is where it belongs as nearly as that goes, and the
// caller's own values stay.
func TestSideBySide(t *testing.T) {
	point := func(x, y float64) Line { return Line{Marker: true, X: []float64{x}, Y: []float64{y}} }
	lines := []Line{point(5.01, 1), {X: []float64{5, 6}, Y: []float64{0, 0}}, point(5, 1), point(8, 1), point(2, math.NaN()), point(5.02, 2)}
	moved := sideBySide(lines, 0, 10)
	require.Equal(t, 5.01, lines[0].X[0])
	require.Equal(t, lines[1], moved[1], "a line stays")
	require.Equal(t, lines[3], moved[3], "and what has room")
	const gap = (2*markerRadius + lineWidth) * 10.0 / dataWidth
	require.InDelta(t, 5.01-gap, moved[2].X[0], 1e-9)
	require.InDelta(t, 5.01, moved[0].X[0], 1e-9)
	require.InDelta(t, 5.01+gap, moved[5].X[0], 1e-9)
}
