package compare

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// ran returns a model of the zoo with runs of these accuracies; a negative one
// diverged.
func ran(t *testing.T, name string, accuracies ...float64) *Result {
	e, err := zoo.Find(name)
	require.NoError(t, err)
	c := &Result{Model: e, Rate: 1e-3}
	for k, a := range accuracies {
		o := &Run{Seed: uint64(k + 1), Test: train.Score{Accuracy: a}, Epochs: []train.Epoch{{Updates: 100}}, StepMillis: 20}
		if a < 0 {
			o.Diverged, o.Epochs = "NaN", nil
		}
		c.Runs = append(c.Runs, o)
	}
	return c
}

// summarised are the results of models, on data of so many classes.
func summarised(t *testing.T, classes int, models ...*Result) *Results {
	require.NoError(t, summarise(models, classes))
	return &Results{Models: models}
}

func TestResults(t *testing.T) {
	results := summarised(t, 8,
		ran(t, "tt-lstm", 0.80, 0.82, 0.81),
		ran(t, "ht-lstm", 0.90, 0.93, 0.91),
		ran(t, "tr-lstm", 0.88, 0.95, 0.89),
		ran(t, "bt-lstm", -1, 0.10, 0.50),
		ran(t, "lstm", -1, -1, -1),
	)
	tt, ht, tr, bt, dense := results.Models[0], results.Models[1], results.Models[2], results.Models[3], results.Models[4]
	require.True(t, ht.Best)
	require.Equal(t, "best", said("verdict", ht))
	require.InDelta(t, 2.0, ht.TrainingSeconds.Mean, 1e-12)

	// Differences -0.10, -0.11, -0.10: t = 31. Three p-values are corrected.
	require.InDelta(t, -0.31/3, tt.Difference, 1e-12)
	require.InDelta(t, 3*paired(tt.Accuracy.Values, ht.Accuracy.Values), tt.P, 1e-12)
	require.Regexp(t, `^-0\.1033 \(p = 0\.003\d*\)$`, said("verdict", tt))
	require.Regexp(t, `^-0\.0067, no difference shown \(p = 0\.\d+\)$`, said("verdict", tr))
	// The seeds that both have.
	require.Equal(t, []uint64{2, 3}, bt.Seeds)
	require.Equal(t, []uint64{1}, bt.seeds(true))
	require.Equal(t, "NaN", bt.Why())
	require.InDelta(t, (0.10+0.50)/2-(0.93+0.91)/2, bt.Difference, 1e-12)
	require.Equal(t, "diverged with every seed", said("verdict", dense))
	require.True(t, math.IsNaN(dense.Accuracy.Mean))
	require.Equal(t, "-", dense.Accuracy.plusMinus(4))
	require.Equal(t, "The highest mean is that of ht-lstm, 0.9133 ± 0.0153, with 264,413 learnable values in its recurrent layer. Between it and tr-lstm, bt-lstm: no difference shown, in 3 comparisons with the best.", results.best())

	verdicts := map[string]string{}
	for _, c := range results.Claims() {
		verdicts[c.Above.Model.Name+" "+c.Below.Model.Name] = said("verdict of a claim", c)
	}
	require.Len(t, verdicts, 10, "every pair of the five")
	require.Equal(t, "holds here", verdicts["ht-lstm tt-lstm"])
	require.Equal(t, "no difference shown", verdicts["ht-lstm tr-lstm"])
	require.Equal(t, "not tested", verdicts["tt-lstm lstm"])

	// 8 classes, whatever the data of the paper have.
	require.Equal(t, ht.Sizes.RecurrentLayer+257*8, ht.Sizes.Model)
}

// One good run beside four that diverged does not make a model the best.
func TestBestOfMostSeeds(t *testing.T) {
	results := summarised(t, 8, ran(t, "tt-lstm", -1, -1, 0.99), ran(t, "ht-lstm", 0.90, 0.93, 0.91))
	require.True(t, results.Models[1].Best)
	require.Equal(t, "+0.0800, not tested", said("verdict", results.Models[0]))
}

// A report can be written of whatever there is: no result at all, no times and no
// memory, a model that diverged at every rate.
func TestReportOfLittle(t *testing.T) {
	nothing := ran(t, "tt-lstm")
	nothing.Rate = 0
	nothing.Searched = []Candidate{{Rate: 1e-3, Accuracy: -1, Rounds: []*Run{{Diverged: "the loss is NaN"}}}}
	timeless := ran(t, "ht-lstm", 0.9, 0.8)
	for _, o := range timeless.Runs {
		o.StepMillis, o.Set, o.Classes, o.Confusion = 0, "some", []string{"a", "b"}, [][]int{{1, 2}, {3, 4}}
	}
	for name, all := range map[string][]*Result{"nothing": {nothing}, "diverged": {ran(t, "lstm", -1, -1)}, "timeless": {timeless, nothing}} {
		dir := t.TempDir()
		results := summarised(t, 2, all...)
		results.Protocol, results.Seeds = Protocol{Rates: []float64{1e-3, 1e-2}}, 2
		require.NoError(t, results.Save(dir), name)
		text, err := os.ReadFile(filepath.Join(dir, "report.md"))
		require.NoError(t, err)
		if name == "timeless" {
			require.Contains(t, string(text), "| ht-lstm | - | - | - |")
			require.Contains(t, string(text), "| ht-lstm above tt-lstm | +7.6 points | - |")
			require.NotContains(t, string(text), "NaN points")
			require.Contains(t, string(text), "tt-lstm diverged at every learning rate (the loss is NaN) and has no figures.")
			continue
		}
		require.Contains(t, string(text), "No model has a result.")
	}
}

func TestClaimTheOtherWayRound(t *testing.T) {
	results := summarised(t, 8, ran(t, "ht-lstm", 0.5, 0.52, 0.51), ran(t, "tt-lstm", 0.9, 0.93, 0.91), ran(t, "tt-lstm-youtube", 0.1, 0.2, 0.3), ran(t, "tt-gru", 1, 1, 1))
	all := results.Claims()
	require.Len(t, all, 1, "models without a published accuracy or of other data make no claim")
	require.Equal(t, "the other way round here", said("verdict of a claim", all[0]))
}

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
