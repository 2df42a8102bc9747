package zoo_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/zoo"
)

func multiplied(modes []int) int {
	n := 1
	for _, m := range modes {
		n *= m
	}
	return n
}

// checkSuggested holds a proposal to what Suggest promises of all.
func checkSuggested(t require.TestingT, w zoo.SuggestOptions, s zoo.Spec) zoo.Description {
	require.Equal(t, w.Features, s.Features)
	require.GreaterOrEqual(t, multiplied(s.InModes), w.Features)
	require.Less(t, multiplied(s.InModes), 2*w.Features)
	require.Equal(t, s.Hidden, multiplied(s.OutModes))
	require.GreaterOrEqual(t, s.Hidden, w.Hidden)
	require.Less(t, s.Hidden, 2*w.Hidden)
	require.Len(t, s.OutModes, len(s.InModes))
	parsed, err := zoo.ParseSpec([]byte(s.String()))
	require.NoError(t, err)
	require.Equal(t, s, parsed)
	d, err := zoo.Describe(zoo.Entry{Spec: s})
	require.NoError(t, err)
	require.LessOrEqual(t, d.InputToHidden, w.Budget)
	require.LessOrEqual(t, d.InputToHidden, d.Dense.InputToHidden)
	require.Equal(t, w.Features, d.Features)
	require.Equal(t, multiplied(s.InModes)-w.Features, d.Padding)
	return d
}

// For any sizes and budget there is a proposal that keeps to it, or an error
// with the least budget, for which there is one.
func TestSuggestProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := zoo.SuggestOptions{
			Cell:     rapid.SampledFrom([]string{"lstm", "gru", "rnn"}).Draw(t, "cell"),
			Format:   rapid.SampledFrom([]string{"tt", "tr", "bt", "ht"}).Draw(t, "format"),
			Features: rapid.IntRange(1, 1<<rapid.IntRange(0, 25).Draw(t, "bits")).Draw(t, "features"),
			Hidden:   rapid.IntRange(1, 1<<rapid.IntRange(0, 13).Draw(t, "hidden bits")).Draw(t, "hidden"),
			Budget:   rapid.IntRange(1, 1<<rapid.IntRange(0, 20).Draw(t, "budget bits")).Draw(t, "budget"),
		}
		s, err := zoo.Suggest(w)
		var budget *zoo.BudgetError
		if err != nil {
			require.ErrorAs(t, err, &budget)
			if budget.Least == 0 { // no budget does: dense weights are fewer
				require.ErrorContains(t, err, fmt.Sprintf("has at most the %d input-to-hidden weights of a dense matrix", budget.Dense))
				require.Less(t, budget.Dense, 1000, "of small sizes alone")
				w.Budget = 1 << 30
				_, err = zoo.Suggest(w)
				require.ErrorAs(t, err, &budget)
				require.Zero(t, budget.Least)
				return
			}
			require.Greater(t, budget.Least, w.Budget)
			w.Budget = budget.Least
			s, err = zoo.Suggest(w)
			require.NoError(t, err)
			d := checkSuggested(t, w, s)
			require.Equal(t, w.Budget, d.InputToHidden)
			return
		}
		checkSuggested(t, w, s)
		again, err := zoo.Suggest(w)
		require.NoError(t, err)
		require.Equal(t, s, again)
	})
}

// The rules, each where it decides.
func TestSuggestRules(t *testing.T) {
	for rule, test := range map[string]struct {
		format                     string
		features, hidden, budget   int
		in, out                    []int
		rank, blocks, zeros, units int
	}{
		"the largest rank, then the fewest modes": {"ht", 57600, 256, 2000, []int{8, 10, 8, 9, 10}, []int{2, 2, 4, 4, 4}, 6, 0, 0, 256},
		"a large product at the train's end":      {"tt", 57600, 256, 2000, []int{5, 6, 8, 8, 5, 6}, []int{2, 2, 2, 2, 4, 4}, 5, 0, 0, 256},
		"hidden units that have modes":            {"tt", 57600, 250, 2000, []int{10, 10, 8, 8, 9}, []int{1, 2, 5, 5, 5}, 4, 0, 0, 250},
		"hidden units that have none":             {"tt", 57600, 251, 2000, []int{5, 8, 8, 6, 6, 5}, []int{1, 2, 2, 3, 3, 7}, 5, 0, 0, 252},
		"rank 1 last, though 242 has three modes": {"tt", 57600, 242, 2000, []int{8, 8, 9, 10, 10}, []int{3, 3, 3, 3, 3}, 4, 0, 0, 243},
		"zeros for a prime":                       {"ht", 1009, 64, 2000, []int{4, 4, 8, 8}, []int{2, 4, 2, 4}, 8, 0, 15, 64},
		"two blocks":                              {"bt", 57600, 256, 2000, []int{8, 10, 8, 9, 10}, []int{2, 2, 4, 4, 4}, 3, 2, 0, 256},
		"one block of rank 2 before two of 1":     {"bt", 57600, 256, 500, []int{8, 10, 8, 9, 10}, []int{2, 2, 4, 4, 4}, 2, 1, 0, 256},
	} {
		t.Run(rule, func(t *testing.T) {
			w := zoo.SuggestOptions{Cell: "lstm", Format: test.format, Features: test.features, Hidden: test.hidden, Budget: test.budget}
			s, err := zoo.Suggest(w)
			require.NoError(t, err)
			d := checkSuggested(t, w, s)
			require.Equal(t, test.in, s.InModes)
			require.Equal(t, test.out, s.OutModes)
			ranks := []int{test.rank}
			require.Equal(t, map[string]decomp.Format{
				"tt": decomp.TT{Ranks: ranks}, "bt": decomp.BT{Ranks: ranks, Blocks: test.blocks}, "ht": decomp.HT{Leaf: ranks, Inner: ranks},
			}[test.format], s.Format)
			require.Equal(t, test.zeros, d.Padding)
			require.Equal(t, test.units, d.Hidden)
		})
	}
}

func TestSuggestErrors(t *testing.T) {
	good := zoo.SuggestOptions{Cell: "lstm", Format: "tt", Features: 57600, Hidden: 256, Budget: 2000}
	for text, change := range map[string]func(*zoo.SuggestOptions){
		`zoo: suggest: cells: no cell "lst"; did you mean "lstm"? (known: gru, lstm, rnn)`: func(w *zoo.SuggestOptions) { w.Cell = "lst" },
		`zoo: suggest: no format "t"`:                                                           func(w *zoo.SuggestOptions) { w.Format = "t" },
		"zoo: suggest: 0 features; want 1 to 33554432":                                          func(w *zoo.SuggestOptions) { w.Features = 0 },
		"zoo: suggest: -3 hidden units; want 1 to 8192":                                         func(w *zoo.SuggestOptions) { w.Hidden = -3 },
		"zoo: suggest: 0 input-to-hidden weights; want 1 to 1073741824":                         func(w *zoo.SuggestOptions) { w.Budget = 0 },
		"zoo: a budget of 20 input-to-hidden weights is too small for tt, which takes at least": func(w *zoo.SuggestOptions) { w.Budget = 20 },
	} {
		w := good
		change(&w)
		_, err := zoo.Suggest(w)
		require.ErrorContains(t, err, text)
	}
}

// A padded model is that of the larger frame with zeros, to the bit: its initial
// weights, its logits, and its predictor. TENSORZOO_LONG=1 tries both directions of all.
func TestPaddedModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for name, s := range predictorSpecs() {
		if s.Cell != "lstm" {
			continue // package cells' tests pad all of them
		}
		for _, s.Bidirectional = range some(name, false, true) {
			s.Features = 0
			large := newModel(t, s)
			s.Features = 19 // of 24
			m := newModel(t, s)
			require.Equal(t, 19, m.Features())
			require.Equal(t, large.Counts(), m.Counts())
			const batch, steps = 3, 10
			x, zeros := make([]float32, 0, batch*steps*19), make([]float32, batch*steps*24)
			for k := range batch * steps {
				for j := range 19 {
					v := float32(rng.NormFloat64())
					x, zeros[k*24+j] = append(x, v), v
				}
			}
			lengths := []int{10, 1, 7}
			want := built(t, large, zeros, batch, steps, lengths)
			require.Equal(t, want, built(t, m, x, batch, steps, lengths), name)
			require.Equal(t, built(t, large, zeros, batch, steps, nil), built(t, m, x, batch, steps, nil), name)

			p, err := m.Predictor(batch)
			require.NoError(t, err)
			q, err := large.Predictor(batch)
			require.NoError(t, err)
			got, err := p.Clip(x, steps, lengths)
			require.NoError(t, err)
			want, err = q.Clip(zeros, steps, lengths)
			require.NoError(t, err)
			require.Equal(t, want, got, name)
			if !s.Bidirectional {
				for k := range steps {
					got, err := p.Frame(x[k*batch*19 : (k+1)*batch*19])
					require.NoError(t, err)
					want, err := q.Frame(zeros[k*batch*24 : (k+1)*batch*24])
					require.NoError(t, err)
					require.Equal(t, want, got, name)
				}
			}
			_, err = p.Frame(x[:batch*24])
			require.Error(t, err)
			require.NoError(t, p.Close())
			require.NoError(t, q.Close())
		}
	}
}
