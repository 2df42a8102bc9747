package zoo

import (
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Input describes the sequences a model was trained on.
type Input struct {
	Steps     int   `json:"steps"`      // of the longest sequence
	StepShape []int `json:"step_shape"` // (n_1, ..., n_d), whose product is the model's Features

	// Sampling says which steps of a longer clip were taken; nil if clips were
	// used as stored.
	Sampling *preprocess.Sampling `json:"sampling,omitempty"`
	preprocess.Normalisation
}

// Taken returns which steps of a clip the model reads: Sampling or, if its clips
// were stored as sequences, as many evenly spaced steps as the longest had.
func (in *Input) Taken() preprocess.Sampling {
	if in.Sampling != nil {
		return *in.Sampling
	}
	return preprocess.Sampling{Steps: in.Steps, Sample: "even"}
}

// read returns the steps, of so many values, of a stored clip that the model reads, evenly spaced and
// normalised. In front of one that is shorter than those sampled for training are
// steps of zeros.
func (in *Input) read(stored []float32, size int) []float32 {
	taken := in.Taken()
	rows := taken.Even(len(stored) / size)
	steps := len(rows)
	if in.Sampling != nil && taken.Steps != preprocess.AllSteps {
		steps = taken.Steps
	}
	x := make([]float32, steps*size)
	read := x[(steps-len(rows))*size:]
	for k, row := range rows {
		copy(read[k*size:(k+1)*size], stored[row*size:])
	}
	in.Apply(read)
	return x
}

// check returns an error for sequences that no model of want values per step
// reads.
func (in *Input) check(want int) error {
	if n := len(in.StepShape); n > maxModes {
		return errors.Errorf("step_shape has %d axes; want at most %d", n, maxModes)
	}
	features := dims.Size(in.StepShape)
	if features > want || slices.ContainsFunc(in.StepShape, func(n int) bool { return n < 1 }) {
		return errors.Errorf("step_shape is %v; the spec reads %d values a step", in.StepShape, want)
	}
	if features != want || in.Steps < 1 {
		return errors.Errorf("input is %d steps of shape %v; the spec reads %d values a step", in.Steps, in.StepShape, want)
	}
	if err := preprocess.CheckClip(in.Steps, in.StepShape); err != nil {
		return errors.Wrap(err, "input")
	}
	if s := in.Sampling; s != nil {
		if err := s.Check(); err != nil {
			return errors.Wrap(err, "sampling")
		}
		if err := preprocess.CheckClip(s.Steps, in.StepShape); err != nil {
			return errors.Wrap(err, "sampling")
		}
	}
	return in.Normalisation.Check(in.StepShape)
}
