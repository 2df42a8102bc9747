package datasets

import (
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

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

	// Label, Group and Close may be nil: the set is Labelled if it has labels, and
	// Grouped if it has groups.
	Label func(clip int) int
	Group func(clip int) string
	Close func() error
}

// New returns the set of a table, which the caller must not change afterwards.
// Its Read checks the number of the clip and the length of x.
func New(t Table) Set { return newSet(t, t.Read) }

// reader is the type of Table.Read.
type reader = func(clip int, x []float32) (label, steps int, err error)

// newSet makes a set of which plain reads the clips as they are without Augment.
func newSet(t Table, plain reader) Set {
	s := &set{t, plain}
	switch {
	case t.Label != nil && t.Group != nil:
		return struct {
			*set
			labels
			groups
		}{s, labels{s}, groups{s}}
	case t.Label != nil:
		return struct {
			*set
			labels
		}{s, labels{s}}
	case t.Group != nil:
		return struct {
			*set
			groups
		}{s, groups{s}}
	}
	return s
}

type set struct {
	t     Table
	plain reader
}

type labels struct{ of *set }

func (l labels) Label(p Part, i int) int { return l.of.t.Label(l.of.t.Parts[p][i]) }

type groups struct{ of *set }

func (g groups) Group(p Part, i int) string { return g.of.t.Group(g.of.t.Parts[p][i]) }

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
	return s.read(p, i, x, s.t.Read)
}

// readPlain is Read without Augment.
func (s *set) readPlain(p Part, i int, x []float32) (label, steps int, err error) {
	return s.read(p, i, x, s.plain)
}

func (s *set) read(p Part, i int, x []float32, read reader) (label, steps int, err error) {
	if i < 0 || i >= s.Clips(p) {
		return 0, 0, errors.Errorf("datasets: %s has no %s clip %d, it has %d", s.t.Name, p, i, s.Clips(p))
	}
	if shape := s.t.StepShape; len(x) != s.t.Steps*dims.Size(shape) {
		shape = append([]int{s.t.Steps}, shape...)
		return 0, 0, errors.Errorf("datasets: %s: x has room for %d values, a clip is %s = %d", s.t.Name, len(x), dims.Dots(shape), dims.Size(shape))
	}
	return read(s.t.Parts[p][i], x)
}

func (s *set) Close() error {
	if s.t.Close == nil {
		return nil
	}
	return s.t.Close()
}

// view returns a table of the clips of all parts of s, one part after the other, that
// knows of them what s does. It has no Read. at is the part and the number of a clip;
// plain reads it as it is without Augment.
func view(s Set) (t Table, at func(clip int) (Part, int), plain reader) {
	t = Table{
		Name: s.Name(), Classes: s.Classes(), StepShape: s.StepShape(), Steps: s.Steps(), Normalisation: s.Normalisation(),
		Sampling: s.Sampling(), Fingerprint: s.Fingerprint(), Close: s.Close,
	}
	var first [len(t.Parts)]int // clip of each part
	clips := 0
	for p := range t.Parts {
		first[p] = clips
		for range s.Clips(Part(p)) {
			t.Parts[p] = append(t.Parts[p], clips)
			clips++
		}
	}
	at = func(clip int) (Part, int) {
		p := Validation
		for clip < first[p] {
			p--
		}
		return p, clip - first[p]
	}
	if l, ok := s.(Labelled); ok {
		t.Label = func(clip int) int { return l.Label(at(clip)) }
	}
	if g, ok := s.(Grouped); ok {
		t.Group = func(clip int) string { return g.Group(at(clip)) }
	}
	plain = func(clip int, x []float32) (label, steps int, err error) {
		p, i := at(clip)
		if a, ok := s.(interface {
			readPlain(Part, int, []float32) (int, int, error)
		}); ok {
			return a.readPlain(p, i, x)
		}
		return s.Read(p, i, x)
	}
	return t, at, plain
}
