package compare

import (
	"context"
	"testing"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/actions"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// tiny is a comparison of one model for frames of 8x6 pixels.
func tiny(t *testing.T) Comparison {
	set, err := actions.Open(actions.Options{Options: datasets.Options{Split: "few-subjects"}, Width: 8, Height: 6})
	require.NoError(t, err)
	p := DefaultProtocol()
	p.Epochs, p.Rates = 2, []float64{1e-2}
	spec := zoo.Spec{Cell: "rnn", InModes: []int{144}, OutModes: []int{4}}
	return Comparison{Models: []zoo.Entry{{Name: "a", Spec: spec}}, Set: set, Protocol: p, Seeds: 2}
}

// Stopped again and again, a comparison in this process comes to what it comes to at once.
func TestStoppedGoesOn(t *testing.T) {
	c := tiny(t)
	x, labels := make([]float32, 60*4*144), make([]int, 60)
	for k := range x {
		x[k], labels[k/(4*144)] = float32(k*k%101), k/(4*144)%2
	}
	set, err := datasets.FromSlices(x, []int{60, 4, 144}, labels, nil, []string{"even", "odd"}) // a moment to train on
	require.NoError(t, err)
	c.Set, c.Batch = set, 4
	whole, err := c.Run(context.Background())
	require.NoError(t, err)
	c.Dir = t.TempDir()
	stops := 0
	for ; ; stops++ {
		require.Less(t, stops, 20)
		ctx, cancel := context.WithCancel(context.Background())
		began, last := -1.0, Progress{}
		c.OnProgress = func(p Progress) {
			if began < 0 && p.Done > 0 && p.Run == nil {
				began = p.Done
			}
			if last = p; began > 0 && p.Done > began+0.6 { // in the middle of an epoch
				cancel()
			}
		}
		results, err := c.Run(ctx)
		cancel()
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
			continue
		}
		require.Equal(t, whole.Models[0].Accuracy, results.Models[0].Accuracy)
		require.Equal(t, whole.Models[0].Loss, results.Models[0].Loss)
		require.Equal(t, 2.0, last.Done)
		require.Equal(t, []int{2, 2, 2}, []int{last.ModelRuns, last.Ended, last.Runs})
		break
	}
	require.Positive(t, stops)
}

// Train makes the runs wherever the caller wants, and each is asked for once.
func TestRunsElsewhere(t *testing.T) {
	c := tiny(t)
	c.Rates, c.Rounds, c.Jobs = []float64{1e-3, 1e-2}, 2, 3
	seen := make(chan Job, 100)
	c.Train = func(_ context.Context, j Job, _ func(float64)) (*Run, error) {
		seen <- j
		return &Run{Rate: j.Rate, Seed: j.Seed, Fold: j.Fold, Epochs: []train.Epoch{{}}, Classes: []string{"x"}, Confusion: [][]int{{1}}, Test: train.Score{Accuracy: j.Rate}}, nil
	}
	results, err := c.Run(context.Background())
	require.NoError(t, err)
	close(seen)
	type key struct {
		rate       float64
		seed, fold int
	}
	count := map[key]int{}
	for j := range seen {
		count[key{j.Rate, int(j.Seed), j.Fold}]++
	}
	require.Equal(t, map[key]int{
		{1e-3, 1, 1}: 1, {1e-3, 1, 2}: 1, {1e-2, 1, 1}: 1, {1e-2, 1, 2}: 1,
		{0.1, 1, 1}: 1, {0.1, 1, 2}: 1, {0.1, 1, 0}: 1, {0.1, 2, 0}: 1,
	}, count, "two rates, one beyond, two seeds")
	require.Equal(t, 0.1, results.Models[0].Rate)
	require.Len(t, results.Models[0].Searched, 3)

	failure := errors.New("no more")
	c.Train = func(context.Context, Job, func(float64)) (*Run, error) { return nil, failure }
	_, err = c.Run(context.Background())
	require.ErrorIs(t, err, failure)
}

// What cannot be is refused before the first run, with the field that is wrong.
func TestBadInput(t *testing.T) {
	for want, change := range map[string]func(c *Comparison){
		"compare: Comparison.Seeds is 0; want at least 1":                                         func(c *Comparison) { c.Seeds = 0 },
		"compare: Comparison.Models is empty":                                                     func(c *Comparison) { c.Models = nil },
		"there are no data; give Comparison.Set or Comparison.Open":                               func(c *Comparison) { c.Set = nil },
		`compare: the model "a" has the name of another`:                                          func(c *Comparison) { c.Models = append(c.Models, c.Models[0]) },
		`compare: the model "../a" has the name of another, or one that no folder can have`:       func(c *Comparison) { c.Models[0].Name = "../a" },
		`compare: the model "a\tb" has the name of another, or one that no folder can have`:       func(c *Comparison) { c.Models[0].Name = "a\tb" },
		"compare: a reads 12 values a step, actions (few-subjects) has steps of [6 8 3] = 144":    func(c *Comparison) { c.Models[0].Spec.InModes = []int{12} },
		"compare: a says 3 classes, actions (few-subjects) has 8; leave the field out":            func(c *Comparison) { c.Models[0].Spec.Classes = 3 },
		"compare: Protocol.Rates is 0; want at least 1":                                           func(c *Comparison) { c.Rates = nil },
		"compare: Protocol.Rates has 0.1 twice":                                                   func(c *Comparison) { c.Rates = []float64{0.1, 0.1} },
		"compare: Protocol.Rounds is 3 and Protocol.Folds 2; there are no more parts to hold out": func(c *Comparison) { c.Rounds, c.Folds = 3, 2 },
		`compare: Protocol.Schedule: no schedule is called "cos"`:                                 func(c *Comparison) { c.Schedule = "cos" },
		"train: LearningRate is -1; want":                                                         func(c *Comparison) { c.Rates = []float64{-1} },
		"datasets: actions (few-subjects): 4 training groups cannot be cut into 5 folds":          func(c *Comparison) { c.Rates, c.Folds = []float64{1, 2}, 5 },
		"compare: Comparison.Dir: mkdir /dev/null: not a directory":                               func(c *Comparison) { c.Dir = "/dev/null" },
		"compare: Protocol.Dropout is 1; want at least 0 and below 1":                             func(c *Comparison) { one := 1.0; c.Dropout = &one },
		"compare: Protocol.Threads is 0; want at least 1":                                         func(c *Comparison) { c.Threads = 0 },
		"zoo: ": func(c *Comparison) { c.Models[0].Spec.Cell = "lst" },
	} {
		c := tiny(t)
		c.Train = func(context.Context, Job, func(float64)) (*Run, error) {
			t.Error("a run was made", want)
			return nil, errors.New("made")
		}
		change(&c)
		_, err := c.Run(context.Background())
		require.ErrorContains(t, err, want)
		var setting *train.SettingError
		require.True(t, errors.As(err, new(*InputError)) || errors.As(err, &setting), want)
	}
}
