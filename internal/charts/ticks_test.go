package charts

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"pgregory.net/rapid"
)

// No label of an x axis touches the next, and there are some.
func TestTicksAreApart(t *testing.T) {
	label := style(tickSize, 0, 0)
	apart := func(t require.TestingT, log bool, from, to float64) (found []plot.Tick) {
		const length = 200
		found = ticker(log, 0, length).Ticks(from, to)
		require.NotEmpty(t, found)
		end := vg.Length(math.Inf(-1))
		for _, m := range found {
			at, half := vg.Length((m.Value-from)/(to-from))*length, label.Width(m.Label)/2
			require.GreaterOrEqual(t, at-half, end+2*textGap, "%v", found)
			end = at + half
		}
		return found
	}
	labels := func(log bool, from, to float64) (words []string) {
		for _, m := range apart(t, log, from, to) {
			words = append(words, m.Label)
		}
		return words
	}
	require.Equal(t, []string{"150k", "200k", "250k", "300k"}, labels(true, math.Log10(150e3), math.Log10(330e3)))
	require.Equal(t, []string{"150k", "200k", "250k", "300k", "350k", "400k", "450k"}, labels(false, 150e3, 450e3))
	require.Equal(t, []string{"100", "1k", "10k", "100k"}, labels(true, 1.5, 5.5))
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.Float64Range(0, 20).Draw(t, "from")
		apart(t, rapid.Bool().Draw(t, "log"), from, from+rapid.Float64Range(0.01, 9).Draw(t, "length"))
	})
}
