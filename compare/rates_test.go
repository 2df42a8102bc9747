package compare

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// searching returns a model that tried these rates and took one of them.
func searching(t *testing.T, name string, taken float64, rates ...float64) *Result {
	m := ran(t, name, 0.9, 0.8)
	m.Rate = taken
	for _, rate := range rates {
		m.Searched = append(m.Searched, Candidate{Rate: rate, Accuracy: 0.5, Rounds: []*Run{{}}})
	}
	return m
}

func TestBeyond(t *testing.T) {
	for _, c := range []struct {
		name  string
		taken float64
		rates []float64
		want  float64
	}{
		{"largest", 1e-2, []float64{3e-4, 1e-3, 3e-3, 1e-2}, 3e-2},
		{"least", 3e-4, []float64{3e-4, 1e-3, 3e-3, 1e-2}, 1e-4},
		{"within", 1e-3, []float64{3e-4, 1e-3, 3e-3, 1e-2}, 0},
		{"in any order", 1e-2, []float64{1e-2, 1e-3, 3e-3}, 3e-2},
		{"of two", 1e-2, []float64{1e-3, 1e-2}, 0.1},
		{"of one", 1e-2, []float64{1e-2}, 0},
		{"diverged at all", 0, []float64{1e-3, 1e-2}, 0},
		{"none beyond", 1e308, []float64{1, 1e308}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, searching(t, "ht-lstm", c.taken, c.rates...).beyond())
		})
	}
}

// The report says which rates were tried beyond those offered, and which are at the
// edge all the same; the table has a column for each.
func TestEdges(t *testing.T) {
	offered := []float64{1e-3, 3e-3, 1e-2}
	results := Results{Command: "compare", Protocol: Protocol{Rates: offered}, Models: []*Result{
		searching(t, "ht-lstm", 3e-3, 1e-3, 3e-3, 1e-2),
		searching(t, "tt-lstm", 3e-2, 1e-3, 3e-3, 1e-2, 3e-2),
		searching(t, "bt-lstm", 1e-2, 1e-3, 3e-3, 1e-2, 3e-2),
	}}
	require.NoError(t, summarise(results.Models, 8))
	require.Equal(t, "The best rate offered was the least or the largest, so one more was tried beyond it: tt-lstm 0.03, bt-lstm 0.03. "+
		"At the edge of what was tried, where one beyond may do better: tt-lstm 0.03. Give more -rates.", results.edges())
	results.Command = ""
	require.Contains(t, results.edges(), "Give more rates.")
	require.Empty(t, (&Results{Protocol: results.Protocol, Models: results.Models[:1]}).edges())
	table := newTable("Learning rates", &results).RenderCSV()
	require.Equal(t, "model,0.001,0.003,0.01,0.03\nht-lstm,0.5000,0.5000 *,0.5000,-\ntt-lstm,0.5000,0.5000,0.5000,0.5000 *\nbt-lstm,0.5000,0.5000,0.5000 *,0.5000",
		strings.ReplaceAll(table, "0.0000", "0.5000"))
}
