package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/train"
)

// configOf returns the configuration that the arguments ask for.
func configOf(t *testing.T, args ...string) (train.Config, error) {
	f := newFlags()
	require.NoError(t, f.set.Parse(append([]string{"-epochs", "3", "-batch", "4", "-threads", "1", "-seed", "7", "-save-every", "0", "-lr", "1e-3"}, args...)))
	return f.trainConfig()
}

func TestTrainConfig(t *testing.T) {
	cfg, err := configOf(t, "-schedule", "cosine")
	require.NoError(t, err)
	want := train.Config{Epochs: 3, Batch: 4, Threads: 1, Seed: 7, Accumulate: 1, LearningRate: 1e-3, Optimizer: train.Adam{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}, Schedule: train.Cosine{}, MaxGradNorm: 5}
	require.Equal(t, want, cfg)

	cfg, err = configOf(t, "-optimizer", "sgd:0", "-schedule", "step:2:0.5", "-augment", "brightness:0.5", "-weight-decay", "0.1", "-clip", "2", "-label-smoothing", "0.2", "-freeze", "head.*, layer1.*,")
	require.NoError(t, err)
	want.Optimizer, want.Schedule, want.Augment = train.SGD{Momentum: train.NoMomentum}, train.StepDecay{Every: 2, Rate: 0.5}, datasets.Augmentation{Brightness: 0.5}
	want.WeightDecay, want.MaxGradNorm, want.LabelSmoothing, want.Freeze = 0.1, 2, 0.2, []string{"head.*", "layer1.*"}
	require.Equal(t, want, cfg)
}

// An error names the flag as the user knows it.
func TestTrainConfigErrors(t *testing.T) {
	for text, args := range map[string][]string{
		`-optimizer: no optimizer is called "adma"; did you mean "adam"?`:      {"-optimizer", "adma"},
		`-schedule: schedule "step:1" has 1 settings; want step:EPOCHS:FACTOR`: {"-schedule", "step:1"},
		`-augment: no augmentation is called "x"`:                              {"-augment", "x:1"},
		"-clip is -1; want a number from 1e-30 to 1e30, or 0 for none":         {"-clip", "-1"},
		"-lr is 0; want a number from 1e-30 to 1e30":                           {"-lr", "0"},
		"-label-smoothing is 1; want at least 0":                               {"-label-smoothing", "1"},
		"-freeze is [; want patterns of names":                                 {"-freeze", "["},
	} {
		_, err := configOf(t, args...)
		require.ErrorContains(t, err, "train: "+text)
	}
}
