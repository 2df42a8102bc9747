package train

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// A run in pieces learns what whole graphs with cuts do, dropout and lengths included, in stacks of
// any cell, and with pieces that do not divide the sequences.
func TestPiecesAreTruncated(t *testing.T) {
	for name, spec := range map[string]zoo.Spec{
		"lstm":  {Cell: "lstm", InModes: []int{4}, OutModes: []int{5}, Dropout: 0.2, RecurrentDropout: 0.3},
		"stack": {Cell: "gru", InModes: []int{2, 2}, OutModes: []int{2, 2}, Recurrent: decomp.TT{Ranks: []int{2}}, Upper: []zoo.LayerSpec{{}}},
		"rnn":   {Cell: "rnn", InModes: []int{4}, OutModes: []int{5}},
		"joint": {Cell: "lstm", Format: decomp.TT{Ranks: []int{2}}, InModes: []int{2, 2}, OutModes: []int{2, 2}, Joint: true},
	} {
		for _, truncate := range []int{1, 3} {
			set := newWalks(13, 8, true)
			cfg := config(1)
			cfg.Truncate, cfg.Threads, cfg.Optimizer = truncate, 2, SGD{Momentum: NoMomentum}
			model := func() *zoo.Model {
				m, err := zoo.FromSpec(spec, zoo.Options{Classes: 2, Seed: 4})
				require.NoError(t, err)
				return m
			}
			m := model()
			_, err := Run(t.Context(), m, set, cfg)
			require.NoError(t, err)

			whole := model()
			s, err := NewStepper(whole, set.Steps(), set.StepShape(), cfg)
			require.NoError(t, err)
			for b, err := range datasets.Batches(set, datasets.Train, cfg.Batch, datasets.OrderByLength(set, datasets.Train, cfg.Batch, cfg.Seed, 0)) {
				require.NoError(t, err)
				_, err := s.Step(b.X[:b.Len*set.Steps()*4], b.Steps, b.Labels)
				require.NoError(t, err)
			}
			require.NotEqual(t, weights(model()), weights(m))
			close32(t, weights(whole), weights(m), fmt.Sprint(name, truncate))
		}
	}
}

// An evaluation in pieces gives the logits of whole clips.
func TestPiecesAreEvaluated(t *testing.T) {
	set, m := newWalks(13, 20, true), newModel(t, 1, 0)
	want, err := Evaluate(t.Context(), m, set, datasets.Test, 6)
	require.NoError(t, err)
	for _, piece := range []int{1, 2, 4} {
		graphs := newReplicas(task{model: m, steps: piece, stepShape: set.StepShape(), carry: true}, 6, 2)
		got, err := evaluate(t.Context(), graphs, set, datasets.Test)
		graphs.close()
		require.NoError(t, err)
		close32(t, want.Logits, got.Logits, "logits")
		require.Equal(t, want.Labels, got.Labels)
		require.Equal(t, want.Accuracy, got.Accuracy)
		require.InEpsilon(t, want.Loss, got.Loss, 1e-5)
	}
}

// A sequence of more steps than a graph may have is trained on and evaluated in pieces, and in a
// piece a number that is not finite is found as in a whole sequence.
func TestPiecesOfLongSequences(t *testing.T) {
	const steps, clips = MaxSteps + 1000, 3
	rng := rand.New(rand.NewPCG(1, 0))
	x, labels := make([]float32, clips*steps), []int{0, 1, 1}
	for k := range x {
		x[k] = rng.Float32()
	}
	set, err := datasets.Slices{X: x, Shape: []int{clips, steps, 1}, Labels: labels, Classes: []string{"a", "b"}, Train: 2}.Set(datasets.Options{Normalise: "none"})
	require.NoError(t, err)
	m, err := zoo.FromSpec(zoo.Spec{Cell: "gru", InModes: []int{1}, OutModes: []int{2}}, zoo.Options{Classes: 2, Seed: 1})
	require.NoError(t, err)
	cfg := Config{Epochs: 1, Batch: 2, LearningRate: 0.01, Threads: 1}
	_, err = Run(t.Context(), m, set, cfg)
	require.ErrorContains(t, err, "train: slices has clips of 66536 steps; want at most 65536 at once")
	cfg.Truncate = 10000
	r, err := Run(t.Context(), m, set, cfg)
	require.NoError(t, err)
	require.Equal(t, 2, r.Epochs[0].Train.Clips)
	require.Equal(t, 1, r.Test.Clips)

	cfg = config(2)
	cfg.Truncate, cfg.Optimizer, cfg.LearningRate, cfg.MaxGradNorm = 3, SGD{Momentum: NoMomentum}, 1e30, 0
	_, err = Run(t.Context(), newModel(t, 1, 0), newWalks(13, 8, true), cfg)
	require.ErrorAs(t, err, new(*DivergedError))
}
