package train

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// pack joins clips to a batch. Behind a clip's last step it has values that would spoil
// all that they reach.
func (w *walks) pack(part datasets.Part, clips ...int) (x []float32, lengths, labels []int) {
	for _, k := range clips {
		x = append(x, w.clips[part][k]...)
		for j := range (maxSteps - w.steps[part][k]) * 4 {
			x[len(x)-1-j] = float32(math.NaN())
		}
		lengths, labels = append(lengths, w.steps[part][k]), append(labels, w.class[part][k])
	}
	return x, lengths, labels
}

// The losses and weights of a Stepper are those of Run to the bit, for the same
// clips in the same order, the last, short batch of an epoch included.
func TestStepperIsRun(t *testing.T) {
	t.Run("equal lengths", func(t *testing.T) { stepperIsRun(t, newWalks(20, 20, false)) })
	t.Run("unequal lengths", func(t *testing.T) { stepperIsRun(t, newWalks(20, 20, true)) })
}

func stepperIsRun(t *testing.T, set *walks) {
	for _, threads := range []int{1, 2, 3} {
		for _, batch := range []int{7, 20} {
			cfg := Config{
				Epochs: 3, Batch: batch, LearningRate: 0.02, Optimizer: AdamW{}, WeightDecay: 0.1, ClassifierL2: 0.1, LabelSmoothing: 0.1, MaxGradNorm: 1,
				Freeze: []string{"head.bias"}, Seed: 3, Threads: threads,
			}
			ran := newModel(t, 1, 0.3)
			var losses []float64
			cfg.OnStep = func(p Progress) { losses = append(losses, p.StepScore.Loss) }
			r, err := Run(context.Background(), ran, set, cfg)
			require.NoError(t, err)
			require.Equal(t, 3, r.Best, "the last weights")

			m := newModel(t, 1, 0.3)
			s, err := NewStepper(m, set.Steps(), set.StepShape(), cfg)
			require.NoError(t, err)
			for epoch := range 3 {
				order := datasets.Order(20, cfg.Seed, epoch)
				for from := 0; from < 20; from += batch {
					loss, err := s.Step(set.pack(datasets.Train, order[from:min(from+batch, 20)]...))
					require.NoError(t, err)
					require.Equal(t, losses[0], loss)
					losses = losses[1:]
				}
			}
			require.Equal(t, weights(ran), weights(m))
			x, lengths, _ := set.pack(datasets.Test, inOrder(20)...)
			before := weights(m)
			logits, err := s.Logits(x, lengths)
			require.NoError(t, err)
			require.Equal(t, r.Test.Logits, logits)
			require.Equal(t, before, weights(m))
			s.Close()
		}
	}
}

// What does not fit is an error in the caller's own numbers, and moves nothing.
func TestStepperErrors(t *testing.T) {
	good := Config{Batch: 3, LearningRate: 0.1}
	m := newModel(t, 1, 0)
	for text, try := range map[string]func() (*Stepper, error){
		"train: a Stepper has one rate and steps after every batch; leave Schedule and Accumulate out": func() (*Stepper, error) {
			return NewStepper(m, 4, []int{2, 2}, Config{Batch: 3, LearningRate: 0.1, Accumulate: 2})
		},
		"train: Batch is 0; want at least 1": func() (*Stepper, error) { return NewStepper(m, 4, []int{2, 2}, Config{LearningRate: 0.1}) },
		"train: Threads is -1; want at least 1 and at most 1024, or 0 for all cores": func() (*Stepper, error) {
			return NewStepper(m, 4, []int{2, 2}, Config{Batch: 3, LearningRate: 0.1, Threads: -1})
		},
		"train: clips of 0 steps; want 1 to 65536":                              func() (*Stepper, error) { return NewStepper(m, 0, []int{2, 2}, good) },
		"train: clips of 500000 steps; want 1 to 65536":                         func() (*Stepper, error) { return NewStepper(m, 500000, []int{2, 2}, good) },
		"train: the model reads 4 values a step, steps of shape [2 3] have 6":   func() (*Stepper, error) { return NewStepper(m, 4, []int{2, 3}, good) },
		"train: the model reads 4 values a step, steps of shape [-2 -2] have 4": func() (*Stepper, error) { return NewStepper(m, 4, []int{-2, -2}, good) },
		`train: no parameter matches "x" to freeze; the first is layer1.input.U1`: func() (*Stepper, error) {
			return NewStepper(m, 4, []int{4}, Config{Batch: 3, LearningRate: 0.1, Freeze: []string{"x"}})
		},
	} {
		_, err := try()
		require.EqualError(t, err, text)
	}

	s, err := NewStepper(m, 4, []int{2, 2}, good)
	require.NoError(t, err)
	defer s.Close()
	before := weights(m)
	infinite := make([]float32, 16)
	infinite[7] = float32(math.Inf(1))
	for text, try := range map[string]func() (float64, error){
		"train: a batch of 0 labels; want 1 to 3":                     func() (float64, error) { return s.Step(nil, nil, nil) },
		"train: a batch of 4 labels; want 1 to 3":                     func() (float64, error) { return s.Step(make([]float32, 64), nil, make([]int, 4)) },
		"train: 31 values and 2 lengths for 2 clips; want 16 values":  func() (float64, error) { return s.Step(make([]float32, 31), nil, make([]int, 2)) },
		"train: label 2 of clip 1; want 0 to 1":                       func() (float64, error) { return s.Step(make([]float32, 32), nil, []int{0, 2}) },
		"train: label -1 of clip 0; want 0 to 1":                      func() (float64, error) { return s.Step(make([]float32, 32), nil, []int{-1, 0}) },
		"train: step 1: the loss is NaN; first bad was the input of":  func() (float64, error) { return s.Step(infinite, nil, []int{0}) },
		"train: 32 values and 1 lengths for 2 clips; want 16 values ": func() (float64, error) { return s.Step(make([]float32, 32), []int{4}, []int{0, 1}) },
		"train: length 0 of clip 1; want 1 to 4":                      func() (float64, error) { return s.Step(make([]float32, 32), []int{4, 0}, []int{0, 1}) },
		"train: length 5 of clip 0; want 1 to 4":                      func() (float64, error) { return s.Step(make([]float32, 32), []int{5, 4}, []int{0, 1}) },
	} {
		_, err := try()
		require.ErrorContains(t, err, text)
		require.Equal(t, before, weights(m))
	}
	_, err = s.Logits(make([]float32, 16), []int{4, 4})
	require.EqualError(t, err, "train: 16 values and 2 lengths for 1 clips; want 16 values a clip")
	_, err = s.Logits(nil, nil)
	require.EqualError(t, err, "train: 0 values and 0 lengths for 0 clips; want 16 values a clip")
	_, err = s.Logits(make([]float32, 17), nil)
	require.EqualError(t, err, "train: 17 values and 1 lengths for 1 clips; want 16 values a clip")
}

// A model of another type cannot be trained.
func TestStepperOfFloat64(t *testing.T) {
	m, err := zoo.FromSpec(zoo.Spec{Cell: "gru", InModes: []int{4}, OutModes: []int{2}}, zoo.Options{Classes: 2, Dtype: tensor.Float64})
	require.NoError(t, err)
	_, err = NewStepper(m, 4, []int{4}, Config{Batch: 3, LearningRate: 0.1})
	require.EqualError(t, err, "train: the model is of float64; only float32 models are trained")
}

// A training step of the papers' models on one core and on two.
func BenchmarkStep(b *testing.B) {
	for _, name := range []string{"ht-lstm", "tt-lstm", "tr-lstm", "bt-lstm", "lstm"} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/threads=%d", name, threads), func(b *testing.B) { benchmarkStep(b, name, threads) })
		}
	}
}

func benchmarkStep(b *testing.B, name string, threads int) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
	m, err := zoo.New(name, zoo.Options{Classes: 8, Seed: 1})
	require.NoError(b, err)
	const batch, steps = 16, 6
	s, err := NewStepper(m, steps, []int{120, 160, 3}, Config{Batch: batch, LearningRate: 1e-4, MaxGradNorm: 5, Threads: threads})
	require.NoError(b, err)
	defer s.Close()
	rng := rand.New(rand.NewPCG(1, 1))
	x, labels := make([]float32, batch*steps*m.Features()), make([]int, batch)
	for k := range x {
		x[k] = float32(rng.NormFloat64())
	}
	_, err = s.Step(x, nil, labels) // builds the graphs
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Step(x, nil, labels); err != nil {
			b.Fatal(err)
		}
	}
}
