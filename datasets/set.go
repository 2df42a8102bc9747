package datasets

import (
	"strconv"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Part is one of the parts a set is cut into.
type Part int

// The parts of a set. A model is fitted to Train and judged on Test. Validation
// is what Holdout cuts out of Train, to choose between models; it is empty in a
// set that did not go through Holdout.
const (
	Train Part = iota
	Test
	Validation
)

// String returns "train", "test" or "validation".
func (p Part) String() string {
	if p < Train || p > Validation {
		return "Part(" + strconv.Itoa(int(p)) + ")"
	}
	return [...]string{"train", "test", "validation"}[p]
}

// Set is a labelled collection of clips cut into parts. A Set is safe for
// concurrent use.
type Set interface {
	// Name returns the set and its split, as in "actions (heldout-subjects)".
	Name() string

	// Classes returns the name of each label.
	Classes() []string

	// StepShape returns the shape (n_1, ..., n_d) of one step of a clip, such
	// as 120, 160, 3 for the rows, columns and colours of a frame.
	StepShape() []int

	// Steps returns the number of steps of the longest clip.
	Steps() int

	// Clips returns the number of clips in part p.
	Clips(p Part) int

	// Read writes clip i of part p into x as (steps, n_1, ..., n_d), where steps
	// is Steps() and len(x) must be the product of that shape. The values are
	// normalised. Steps past the end of a shorter clip are zero. It returns the
	// label of the clip and its real number of steps.
	Read(p Part, i int, x []float32) (label, steps int, err error)

	// Label returns the label of clip i of part p, -1 if it is not known before it is
	// read.
	Label(p Part, i int) int

	// Group returns the name of the group of clip i of part p, "" if the set has none.
	// Clips of a group show the same person or come from the same recording. A model
	// judged on a clip must not have seen another clip of its group.
	Group(p Part, i int) string

	// Normalisation returns how Read makes its values from the stored ones. It
	// was measured on the training part, or given to Open.
	Normalisation() preprocess.Normalisation

	// Sampling returns which steps Read takes of a clip; nil if it takes clips
	// as stored.
	Sampling() *preprocess.Sampling

	// Fingerprint returns a text that changes when the stored clips, labels or
	// lengths do, so that a resumed run notices. It need not say how they are
	// cut into parts. It is empty if it is not known.
	Fingerprint() string

	// Close releases the files of the set; Read then fails for a set that has
	// files. Closing again does nothing.
	Close() error
}

// SkipError is the error of any Set's Read for a damaged clip. Batches leaves the
// clip out and goes on.
type SkipError struct {
	Path string // of the clip
	Err  error  // what is wrong
}

// Error returns the text of Err.
func (e *SkipError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *SkipError) Unwrap() error { return e.Err }

// DamagedError is the error when more clips of a set are damaged than may be.
type DamagedError struct{ Err error }

// Error says how many are damaged, and quotes the last one.
func (e *DamagedError) Error() string { return e.Err.Error() }
