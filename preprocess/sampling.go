package preprocess

import (
	"math"

	"github.com/pkg/errors"
)

// AllSteps as Sampling.Steps takes every step of a clip.
const AllSteps = -1

// Sampling says which steps of a clip a model reads, if not all.
type Sampling struct {
	// Steps is their number; a clip with fewer has steps of zeros in front. AllSteps
	// takes every step.
	Steps int `json:"steps"`

	// Sample says which: "random", drawn once for each clip and sorted by time, or
	// "even", evenly spaced from the first to the last.
	Sample string `json:"sample"`
}

// MaxSteps and MaxValues bound a clip: nine hours of film, and 8 GB of values, or as
// many bytes as an int of 32 bits counts. More is a mistake, or a damaged checkpoint.
const (
	MaxSteps  = 1 << 20
	MaxValues = min(math.MaxInt32, math.MaxInt/4)
)

// MaxClasses bounds the classes of a set: a confusion matrix has their square.
const MaxClasses = 1 << 12

// Check returns an error when the sampling is invalid.
func (s Sampling) Check() error {
	switch {
	case s.Steps < 1 && s.Steps != AllSteps:
		return errors.Errorf("%d steps; want at least 1, or AllSteps", s.Steps)
	case s.Sample != "random" && s.Sample != "even":
		return errors.Errorf("sample is %q; want random or even", s.Sample)
	}
	return CheckClip(s.Steps, nil)
}

// Even lists which of n steps are read when they are taken at equal distances, from
// the first to the last: all where there are no more than Steps.
func (s Sampling) Even(n int) []int {
	taken := make([]int, n)
	if s.Steps != AllSteps && s.Steps < n {
		taken = taken[:s.Steps]
	}
	for k := range taken {
		taken[k] = int(math.Round(float64(k) * float64(n-1) / math.Max(1, float64(len(taken)-1))))
	}
	return taken
}

// CheckClip returns an error for a clip of more than MaxSteps steps, or with more than
// MaxValues values in its steps, whose shape (n_1, ..., n_d) is positive. AllSteps
// passes: the clip then decides how many there are.
func CheckClip(steps int, stepShape []int) error {
	if steps > MaxSteps {
		return errors.Errorf("%d steps; want at most %d", steps, MaxSteps)
	}
	room := MaxValues / max(1, steps)
	for _, n := range stepShape {
		if room /= n; room == 0 {
			return errors.Errorf("%d steps of shape %v are more than %d values; take fewer or smaller steps", steps, stepShape, MaxValues)
		}
	}
	return nil
}

// maxSide bounds the frames a set is scaled to. It is far above the input of any
// recurrent model, and low enough that the size of a clip cannot overflow.
const maxSide = 4096

// CheckFrame returns an error for a size that frames cannot be scaled to. Both zero is
// the own size of a set.
func CheckFrame(height, width int) error {
	if (height != 0 || width != 0) && (min(height, width) < 1 || max(height, width) > maxSide) {
		return errors.Errorf("Height %d and Width %d: give both, from 1 to %d, or neither for the set's own size", height, width, maxSide)
	}
	return nil
}
