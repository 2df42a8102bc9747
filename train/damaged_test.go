package train

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
)

// holed is a set some clips of which are damaged.
type holed struct {
	datasets.Set
	bad func(i int) bool
}

func (h holed) Read(p datasets.Part, i int, x []float32) (label, steps int, err error) {
	if h.bad(i) {
		return 0, 0, &datasets.SkipError{Path: "clip", Err: errors.New("damaged")}
	}
	return h.Set.Read(p, i, x)
}

// Damaged clips are left out: of the scores, of steps, of which some have no other
// clips, and of runs that are interrupted, which come to the same bits.
func TestDamagedClips(t *testing.T) {
	const clips = 24
	set := holed{newWalks(clips, 5, true), func(i int) bool { return i%4 == 1 || i > 20 }}
	good := 0
	for i := range clips {
		if !set.bad(i) {
			good++
		}
	}
	for _, batch := range []int{1, 5} {
		cfg := config(3)
		cfg.Batch, cfg.Accumulate = batch, 2
		whole := newModel(t, 1, 0)
		r, err := Run(context.Background(), whole, set, cfg)
		require.NoError(t, err)
		steps := (clips + 2*batch - 1) / (2 * batch)
		for k, e := range r.Epochs {
			require.Equal(t, good, e.Train.Clips)
			require.Equal(t, steps*(k+1), e.Updates)
		}
		require.Less(t, r.Test.Clips, set.Clips(datasets.Test))
		require.Len(t, r.Test.Labels, r.Test.Clips)
		require.Len(t, r.Test.Index, r.Test.Clips)
		for k, i := range r.Test.Index {
			require.False(t, set.bad(i))
			require.Equal(t, set.Set.(*walks).class[datasets.Test][i], r.Test.Labels[k])
		}

		cfg.Dir = t.TempDir()
		m, _ := resumed(t, newModel(t, 1, 0), set, cfg, rand.New(rand.NewPCG(uint64(batch), 1)))
		require.Equal(t, weights(whole), weights(m))
	}

	all := holed{set.Set, func(int) bool { return true }}
	_, err := Run(context.Background(), newModel(t, 1, 0), all, config(1))
	require.EqualError(t, err, "train: every training clip of walks is damaged")
}

// without returns the training clips of a set that are not bad.
func without(w *walks, bad func(i int) bool) *walks {
	rest := &walks{}
	for i, x := range w.clips[0] {
		if !bad(i) {
			rest.clips[0], rest.class[0], rest.steps[0] = append(rest.clips[0], x), append(rest.class[0], w.class[0][i]), append(rest.steps[0], w.steps[0][i])
		}
	}
	return rest
}

// A step over damaged clips is the step over the others: the gradient is divided by the
// number of clips that were read, however they came in, and what is not a mean over
// clips, the penalty, the decay and the limit of the norm, is as ever.
func TestDamagedClipsDoNotWeigh(t *testing.T) {
	const clips = 12
	whole := newWalks(clips, 0, true)
	for name, bad := range map[string]func(int) bool{
		"some":        func(i int) bool { return i%3 == 1 },
		"all but one": func(i int) bool { return i != 7 },
	} {
		readable := without(whole, bad)
		for what, set := range map[string]func(*Config){
			"one batch":   func(c *Config) { c.Batch = clips },
			"threads":     func(c *Config) { c.Batch, c.Threads = clips, 3 },
			"accumulated": func(c *Config) { c.Batch, c.Accumulate = 1, clips },
			"too few":     func(c *Config) { c.Batch, c.Accumulate = 5, 4 },
			"penalty":     func(c *Config) { c.Batch, c.Accumulate, c.ClassifierL2 = 4, 3, 0.3 },
			"clipped":     func(c *Config) { c.Batch, c.MaxGradNorm, c.WeightDecay, c.LabelSmoothing = clips, 0.05, 0.2, 0.1 },
		} {
			t.Run(name+", "+what, func(t *testing.T) {
				step := func(s datasets.Set) ([]float32, Progress) {
					var last Progress
					cfg := Config{Epochs: 1, Threads: 1, LearningRate: 1, Optimizer: SGD{Momentum: NoMomentum}, OnStep: func(p Progress) { last = p }}
					set(&cfg)
					m := newModel(t, 1, 0)
					_, err := Run(context.Background(), m, s, cfg)
					require.NoError(t, err)
					return weights(m), last
				}
				want, p := step(readable)
				got, q := step(holed{whole, bad})
				require.InDeltaSlice(t, want, got, 1e-6)
				require.InEpsilon(t, p.GradientNorm, q.GradientNorm, 1e-5)
				require.InEpsilon(t, p.StepScore.Loss, q.StepScore.Loss, 1e-5)
				require.Equal(t, p.StepScore.Clips, q.StepScore.Clips)
			})
		}
	}
}

// A step all clips of which are damaged moves nothing, says so, and does not count for
// the optimiser, which corrects for the number of its steps.
func TestDamagedStep(t *testing.T) {
	const clips, batch = 8, 4
	set := newWalks(clips, 0, false)
	cfg := Config{Epochs: 1, Batch: batch, Threads: 1, LearningRate: 0.1}
	first := datasets.Order(clips, cfg.Seed, 0)[:batch]
	bad := func(i int) bool { return slices.Contains(first, i) }
	want, m := newModel(t, 1, 0), newModel(t, 1, 0)
	_, err := Run(context.Background(), want, without(set, bad), cfg)
	require.NoError(t, err)
	start := weights(newModel(t, 1, 0))
	var moved []int
	cfg.OnStep = func(p Progress) {
		moved = append(moved, p.StepScore.Clips)
		if p.Step == 1 {
			require.Equal(t, start, weights(m))
			require.Zero(t, p.GradientNorm)
		}
	}
	_, err = Run(context.Background(), m, holed{set, bad}, cfg)
	require.NoError(t, err)
	require.Equal(t, []int{0, batch}, moved)
	require.InDeltaSlice(t, weights(want), weights(m), 1e-5)
}
