package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// randomClips returns clips of normal values and the same ones with zeros
// appended to each step, so that it has width values.
func randomClips(clips, steps, features, width int) (x, wide []float32, labels []int) {
	rng := rand.New(rand.NewPCG(1, uint64(features)))
	wide = make([]float32, clips*steps*width)
	for k := range clips * steps {
		for j := range features {
			v := float32(rng.NormFloat64())
			x, wide[k*width+j] = append(x, v), v
		}
	}
	for range clips {
		labels = append(labels, rng.IntN(2))
	}
	return x, wide, labels
}

// What zoo.Suggest proposes, read back from JSON, takes two steps and keeps to
// the budget, whether its sizes have good modes or not. TENSORZOO_LONG=1 tries all
// combinations, and otherwise a third, which has all pairs.
func TestSuggestedModelsTrain(t *testing.T) {
	const budget, clips = 2000, 2
	long := os.Getenv("TENSORZOO_LONG") != ""
	for f, features := range []int{57600, 2048, 784, 3072, 1009} {
		x, _, labels := randomClips(clips, 1, features, features)
		for h, hidden := range []int{64, 256, 250} {
			for k, format := range zoo.SuggestedFormats() {
				for c, cell := range []string{"lstm", "gru"} {
					if !long && (f+h+k+c)%3 != 0 {
						continue
					}
					name := fmt.Sprintf("%s-%s of %d features and %d units", format, cell, features, hidden)
					s, err := zoo.Suggest(zoo.SuggestOptions{Cell: cell, Format: format, Features: features, Hidden: hidden, Budget: budget})
					require.NoError(t, err, name)
					s, err = zoo.ParseSpec([]byte(s.String()))
					require.NoError(t, err, name)
					m, err := zoo.FromSpec(s, zoo.Options{Classes: 2, Seed: 1})
					require.NoError(t, err, name)
					require.LessOrEqual(t, m.Counts().InputToHidden, budget, name)
					require.Equal(t, features, m.Features(), name)
					st, err := NewStepper(m, 1, []int{features}, Config{Batch: clips, LearningRate: 1e-3, Threads: 1})
					require.NoError(t, err, name)
					before := weights(m)
					for range 2 {
						loss, err := st.Step(x, nil, labels)
						require.NoError(t, err, name)
						require.False(t, math.IsNaN(loss) || math.IsInf(loss, 0), name)
					}
					require.NotEqual(t, before, weights(m), name)
					st.Close()
				}
			}
		}
	}
}

// A model that appends zeros learns what that of the larger frame does, with
// dropout and over several graphs, and is saved and loaded.
func TestPaddedTraining(t *testing.T) {
	const clips, steps, features, width = 5, 3, 20, 24
	x, wide, labels := randomClips(clips, steps, features, width)
	for _, format := range zoo.SuggestedFormats() {
		f, err := decomp.ParseFormat(format, nil)
		require.NoError(t, err)
		f = f.(decomp.Ranked).WithRank(2, 3)
		large := zoo.Spec{Cell: "lstm", Format: f, InModes: []int{3, 4, 2}, OutModes: []int{2, 2, 2}, Dropout: 0.3, RecurrentDropout: 0.3}
		small := large
		small.Features = features
		train := func(s zoo.Spec, x []float32, step ...int) (*zoo.Model, []float32) {
			m, err := zoo.FromSpec(s, zoo.Options{Classes: 2, Seed: 1})
			require.NoError(t, err)
			st, err := NewStepper(m, steps, step, Config{Batch: clips, LearningRate: 0.01, Threads: 2})
			require.NoError(t, err)
			defer st.Close()
			for range 5 {
				_, err := st.Step(x, nil, labels)
				require.NoError(t, err)
			}
			logits, err := st.Logits(x, nil)
			require.NoError(t, err)
			return m, logits
		}
		m, logits := train(small, x, 5, 4)
		n, want := train(large, wide, width)
		require.Equal(t, weights(n), weights(m), format)
		require.Equal(t, want, logits, format)

		dir := filepath.Join(t.TempDir(), "m")
		m.Input = &zoo.Input{Steps: steps, StepShape: []int{5, 4}}
		require.NoError(t, m.Save(dir))
		loaded, err := zoo.Load(dir)
		require.NoError(t, err)
		require.Equal(t, features, loaded.Features())
		require.Equal(t, weights(m), weights(loaded))
	}
}
