package preprocess

import (
	"slices"

	"github.com/pkg/errors"
)

// AllSteps is Sampling.Steps for every step of a clip.
const AllSteps = -1

// Sampling says which steps of a clip a model reads, where not all of them.
type Sampling struct {
	// Steps is how many; a clip with fewer has steps of zeros in front. AllSteps
	// takes every step.
	Steps int `json:"steps"`

	// Sample says which: "random", drawn once for each clip and sorted by time, or
	// "even", at equal distances, the first and the last among them.
	Sample string `json:"sample"`
}

// Check returns an error for a sampling that there is not.
func (s Sampling) Check() error {
	samples := []string{"random", "even"}
	switch {
	case s.Steps < 1 && s.Steps != AllSteps:
		return errors.Errorf("%d steps; want at least 1, or AllSteps", s.Steps)
	case !slices.Contains(samples, s.Sample):
		return errors.Errorf("sample is %q; want random or even", s.Sample)
	}
	return nil
}
