package datasets

import (
	"strconv"

	"github.com/pkg/errors"

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
	switch p {
	case Train:
		return "train"
	case Test:
		return "test"
	case Validation:
		return "validation"
	}
	return "Part(" + strconv.Itoa(int(p)) + ")"
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

// Labelled is a Set that knows the labels of its clips without reading them.
type Labelled interface {
	Set
	// Label returns the label of clip i of part p.
	Label(p Part, i int) int
}

// noClip is the error of a Read of a clip that is not there.
func noClip(s Set, p Part, i int) error {
	return errors.Errorf("datasets: %s has no %s clip %d, it has %d", s.Name(), p, i, s.Clips(p))
}

// noRoom is the error of a Read into an x of the wrong length.
func noRoom(s Set, x []float32) error {
	shape := append([]int{s.Steps()}, s.StepShape()...)
	return errors.Errorf("datasets: %s: x has room for %d values, a clip is %s = %d", s.Name(), len(x), times(shape), product(shape))
}
