package datasets

import "strconv"

// Part is one of the two parts a split cuts a set into.
type Part int

// The parts of a split. A model is fitted to Train and judged on Test.
const (
	Train Part = iota
	Test
)

// String returns "train" or "test".
func (p Part) String() string {
	switch p {
	case Train:
		return "train"
	case Test:
		return "test"
	}
	return "Part(" + strconv.Itoa(int(p)) + ")"
}

// Set is a labelled collection of clips cut into a training and a test part.
// A Set is safe for concurrent use.
type Set interface {
	// Name tells the set and its split, as in "actions (heldout-subjects)".
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

	// Read writes clip i of part p into x as (steps, n_1, ..., n_d), where
	// steps is Steps() and len(x) must be the product of that shape. The
	// values are normalised. Steps past the end of a shorter clip are zero.
	// It returns the label of the clip and the number of steps it really has.
	Read(p Part, i int, x []float32) (label, steps int, err error)
}
