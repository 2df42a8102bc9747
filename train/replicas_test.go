package train

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/actions"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// step returns loss, logits and gradients of one training batch of the clips.
func step(t *testing.T, m *zoo.Model, set datasets.Set, cfg Config, clips []int) (loss float64, logits, grads []float32) {
	t.Helper()
	cfg.Epochs, cfg.LearningRate = 1, 1
	cfg, err := cfg.withDefaults()
	require.NoError(t, err)
	l, err := newLearner(m, set.Steps(), set.StepShape(), false, cfg)
	require.NoError(t, err)
	defer l.training.close()
	for b, err := range datasets.Batches(set, datasets.Train, cfg.Batch, clips) {
		require.NoError(t, err)
		var sum tally
		loss, _, err = l.gradients(b, true, b.Len, &sum)
		require.NoError(t, err)
		require.Equal(t, len(clips), sum.Clips)
		require.InDelta(t, loss*float64(len(clips)), sum.Loss, 1e-9)
		logits = append(logits, l.training.logits()...)
		for _, grad := range l.grads {
			grads = append(grads, grad...)
		}
	}
	return loss, logits, grads
}

// close32 compares to 1e-5 of the largest value.
func close32(t *testing.T, want, got []float32, what string) {
	t.Helper()
	largest := 0.0
	for _, v := range want {
		largest = max(largest, math.Abs(float64(v)))
	}
	require.Positive(t, largest, what)
	require.InDeltaSlice(t, want, got, 1e-5*largest, what)
}

// A batch that is shared out has the loss, logits and gradients of one that is
// not: with dropout, with sequences of unequal length, when the batch is short so
// that some replicas have fewer clips or none, and when there are more threads
// than clips.
func TestReplicasAgree(t *testing.T) {
	for _, unequal := range []bool{false, true} {
		set := newWalks(7, 1, unequal)
		for _, dropout := range []float64{0, 0.4} {
			for _, clips := range [][]int{{3, 1, 0, 2, 6, 5, 4}, {0, 1, 2, 3, 4}, {6}} {
				run := func(threads int) (float64, []float32, []float32) {
					return step(t, newModel(t, 1, dropout), set, Config{Batch: 7, Threads: threads, LabelSmoothing: 0.1}, clips)
				}
				loss, logits, grads := run(1)
				for _, threads := range []int{2, 3, 5, 100} {
					what := fmt.Sprintf("unequal %t, dropout %v, %d clips, %d threads", unequal, dropout, len(clips), threads)
					l, z, g := run(threads)
					require.InEpsilon(t, loss, l, 1e-5, what)
					close32(t, logits, z, what)
					close32(t, grads, g, what)
				}
			}
		}
	}
}

// The same at the input of the papers' HT-LSTM, with dropout as in the papers.
func TestReplicasAgreeAtFullSize(t *testing.T) {
	if testing.Short() {
		t.Skip("trains at 57,600 values a step")
	}
	set, err := actions.Open(actions.Options{Width: 160, Height: 120})
	require.NoError(t, err)
	drop := 0.25
	run := func(threads int) (float64, []float32, []float32) {
		m, err := zoo.New("ht-lstm", zoo.Options{Classes: 8, Seed: 1, Dropout: &drop})
		require.NoError(t, err)
		return step(t, m, set, Config{Batch: 3, Threads: threads}, []int{0, 300, 600})
	}
	loss, logits, grads := run(1)
	l, z, g := run(2)
	require.InEpsilon(t, loss, l, 1e-5)
	close32(t, logits, z, "logits")
	close32(t, grads, g, "gradients")
}

// However the goroutines take turns: one seed and one number of threads, one set
// of bits.
func TestReplicasAreDeterministic(t *testing.T) {
	set := newWalks(50, 20, true)
	run := func(threads int) ([]float32, *Result) {
		m := newModel(t, 1, 0.3)
		cfg := config(3)
		cfg.Batch, cfg.Threads = 7, threads
		r, err := Run(context.Background(), m, set, cfg)
		require.NoError(t, err)
		return weights(m), r
	}
	for _, threads := range []int{1, 2, 3} {
		w1, r1 := run(threads)
		for range 3 {
			w2, r2 := run(threads)
			require.Equal(t, w1, w2)
			require.Equal(t, r1.Epochs, r2.Epochs)
			require.Equal(t, r1.Test, r2.Test)
		}
	}
}

// Each replica has its clips' rows of the batch, in order and without a copy.
func TestReplicasShareTheBatch(t *testing.T) {
	set := newWalks(7, 1, false)
	m := newModel(t, 1, 0)
	r := evaluating(m, set, datasets.Train, 7, 3)
	defer r.close()
	for b, err := range datasets.Batches(set, datasets.Train, 7, []int{0, 1, 2, 3, 4}) {
		require.NoError(t, err)
		require.NoError(t, r.do(b, b.Len))
		require.Len(t, r.all, 3)
		require.Len(t, r.ran(), 3)
		at := 0
		for _, each := range r.all {
			require.Equal(t, at, each.from)
			require.InDelta(t, 7./3, each.to-each.from, 1)
			require.Same(t, &b.X[at*len(b.X)/7], &each.part.X[0])
			at = each.to
		}
		require.Equal(t, 7, at)
		require.Equal(t, []int{4}, r.all[2].part.Clips)
	}
	for b, err := range datasets.Batches(set, datasets.Train, 7, []int{0, 1}) {
		require.NoError(t, err)
		require.NoError(t, r.do(b, b.Len))
		require.Len(t, r.ran(), 1)
		require.Len(t, r.logits(), 2*2)
	}
}

// An error of any replica is that of the batch.
func TestReplicasFail(t *testing.T) {
	m := newModel(t, 1, 0)
	r := newReplicas(task{model: m, steps: 4, stepShape: []int{3}}, 6, 3) // 3 values are not the model's 4
	defer r.close()
	var sum tally
	_, err := r.score(&datasets.Batch{X: make([]float32, 6*4*3), Labels: make([]int, 6), Steps: make([]int, 6), Clips: make([]int, 6), Len: 6}, 6, &sum)
	require.ErrorContains(t, err, "layer1 input modes")
}

// A tensor that goes bad in one replica alone, of a clip that is finite, is found
// there.
func TestFirstBadInAReplica(t *testing.T) {
	set := newWalks(6, 2, false)
	for k := range set.clips[0][4] {
		set.clips[0][4][k] = math.MaxFloat32
	}
	m := newModel(t, 1, 0)
	for _, p := range m.Params() {
		for k, values := 0, p.Value.Data().([]float32); p.Name == "layer1.input.U1" && k < len(values); k++ {
			values[k] *= 1e10
		}
	}
	cfg, err := Config{Epochs: 1, Batch: 6, LearningRate: 1, Threads: 3}.withDefaults()
	require.NoError(t, err)
	l, err := newLearner(m, set.Steps(), set.StepShape(), false, cfg)
	require.NoError(t, err)
	for b, err := range datasets.Batches(set, datasets.Train, 6, inOrder(6)) {
		require.NoError(t, err)
		first, err := l.firstBad(b, 6)
		require.NoError(t, err)
		require.Equal(t, "the projection of layer1", first)
	}
}

// Padding that is cut away changes nothing: a set of three times as many steps, none of which a
// clip has, gives the same loss, logits and gradients.
func TestPaddingIsCut(t *testing.T) {
	const steps, clips = 8, 6
	of := func(all int) datasets.Set {
		rng := rand.New(rand.NewPCG(3, 3))
		x, lengths, labels := make([]float32, clips*all*4), make([]int, clips), make([]int, clips)
		for k := range clips {
			lengths[k], labels[k] = 1+rng.IntN(steps), k%2
			for j := range lengths[k] * 4 {
				x[k*all*4+j] = float32(rng.NormFloat64())
			}
		}
		set, err := datasets.Slices{X: x, Shape: []int{clips, all, 2, 2}, Labels: labels, Lengths: lengths, Classes: []string{"down", "up"}, Train: clips - 1}.Set(datasets.Options{Normalise: "none"})
		require.NoError(t, err)
		return set
	}
	cfg := Config{Batch: 5, Threads: 2}
	order := []int{4, 0, 2, 1, 3}
	loss, logits, grads := step(t, newModel(t, 1, 0.3), of(steps), cfg, order)
	l, z, g := step(t, newModel(t, 1, 0.3), of(3*steps), cfg, order)
	require.InEpsilon(t, loss, l, 1e-5)
	close32(t, logits, z, "logits")
	close32(t, grads, g, "gradients")
	task := task{steps: 3 * steps, trained: []int{0}}
	require.Equal(t, shape{steps: 12, lengths: true}, task.shapeOf([]int{7, 2, 8}))
	require.Equal(t, shape{steps: 24}, task.shapeOf([]int{24, 24}))
	task.trained = nil
	require.Equal(t, shape{steps: 24, lengths: true}, task.shapeOf([]int{7, 2, 8}), "an evaluation")
}
