package datasets

import (
	"slices"
	"strconv"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/dims"
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

// Table is what New makes a Set of: clips that are numbered from 0, whatever
// part they are in. The methods of Set say what its fields mean.
type Table struct {
	Name          string
	Classes       []string
	StepShape     []int
	Steps         int
	Normalisation preprocess.Normalisation
	Sampling      *preprocess.Sampling
	Fingerprint   string

	// Parts lists the clips of each part.
	Parts [Validation + 1][]int

	// Read writes a clip into x, which has room for Steps steps. It is called by
	// several goroutines at once.
	Read func(clip int, x []float32) (label, steps int, err error)

	// Window writes the steps of a clip from one on into x, which has room for any number of
	// them, and zeros behind the clip's end; what it returns is what Read does. It finds out that
	// a clip is damaged when it reads its first steps. Nil means that a clip is only read whole.
	Window func(clip, from int, x []float32) (label, steps int, err error)

	// Label, Group, Length and Close may be nil: labels and numbers of steps are then not
	// known before a clip is read, and there are no groups.
	Label  func(clip int) int
	Group  func(clip int) string
	Length func(clip int) int
	Close  func() error

	augmented []*augmented // how Augment changes training clips
}

// New returns the set of a table, which the caller must not change afterwards.
// Its Read checks the number of the clip and the length of x.
func New(t Table) Set { return &set{t} }

type set struct{ t Table }

func (s *set) Name() string        { return s.t.Name }
func (s *set) Classes() []string   { return slices.Clone(s.t.Classes) }
func (s *set) StepShape() []int    { return slices.Clone(s.t.StepShape) }
func (s *set) Steps() int          { return s.t.Steps }
func (s *set) Fingerprint() string { return s.t.Fingerprint }

func (s *set) Normalisation() preprocess.Normalisation { return s.t.Normalisation.Clone() }

func (s *set) Sampling() *preprocess.Sampling {
	if s.t.Sampling == nil {
		return nil
	}
	copied := *s.t.Sampling
	return &copied
}

func (s *set) Clips(p Part) int {
	if p < Train || p > Validation {
		return 0
	}
	return len(s.t.Parts[p])
}

func (s *set) Read(p Part, i int, x []float32) (label, steps int, err error) {
	if i < 0 || i >= s.Clips(p) {
		return 0, 0, errors.Errorf("datasets: %s has no %s clip %d, it has %d", s.t.Name, p, i, s.Clips(p))
	}
	if shape := s.t.StepShape; len(x) != s.t.Steps*dims.Size(shape) {
		shape = append([]int{s.t.Steps}, shape...)
		return 0, 0, errors.Errorf("datasets: %s: x has room for %d values, a clip is %s = %d", s.t.Name, len(x), dims.Dots(shape), dims.Size(shape))
	}
	if label, steps, err = s.t.Read(s.t.Parts[p][i], x); err == nil && p == Train {
		for _, a := range s.t.augmented {
			a.change(i, x, s.t.Steps)
		}
	}
	return label, steps, err
}

// window is Read of the steps from one on, as many as x has room for.
func (s *set) window(p Part, i, from int, x []float32) (label, steps int, err error) {
	if label, steps, err = s.t.Window(s.t.Parts[p][i], from, x); err == nil && p == Train {
		for _, a := range s.t.augmented {
			a.change(i, x, len(x)/dims.Size(s.t.StepShape))
		}
	}
	return label, steps, err
}

func (s *set) Label(p Part, i int) int {
	if s.t.Label == nil {
		return -1
	}
	return s.t.Label(s.t.Parts[p][i])
}

func (s *set) Group(p Part, i int) string {
	if s.t.Group == nil {
		return ""
	}
	return s.t.Group(s.t.Parts[p][i])
}

// Length returns the number of steps of clip i of part p of a set that New made, -1 if it is
// not known before the clip is read.
func Length(s Set, p Part, i int) int {
	own, ok := s.(*set)
	if !ok || own.t.Length == nil {
		return -1
	}
	return own.t.Length(own.t.Parts[p][i])
}

func (s *set) Close() error {
	if s.t.Close == nil {
		return nil
	}
	return s.t.Close()
}

func (s *set) table() Table { return s.t }

// tableOf returns the table of a set. One that New did not make gets a table that knows of
// its clips what the set does.
func tableOf(s Set) Table {
	if own, ok := s.(interface{ table() Table }); ok {
		return own.table()
	}
	t := Table{
		Name: s.Name(), Classes: s.Classes(), StepShape: s.StepShape(), Steps: s.Steps(), Normalisation: s.Normalisation(),
		Sampling: s.Sampling(), Fingerprint: s.Fingerprint(), Close: s.Close,
	}
	type place struct {
		part Part
		i    int
	}
	var at []place // of each clip
	for p := range Validation + 1 {
		for i := range s.Clips(p) {
			t.Parts[p] = append(t.Parts[p], len(at))
			at = append(at, place{p, i})
		}
	}
	t.Read = func(clip int, x []float32) (label, steps int, err error) { return s.Read(at[clip].part, at[clip].i, x) }
	t.Label = func(clip int) int { return s.Label(at[clip].part, at[clip].i) }
	t.Group = func(clip int) string { return s.Group(at[clip].part, at[clip].i) }
	return t
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
