package datasets

import (
	"slices"
	"strconv"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/internal/split"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Slices are clips in memory.
type Slices struct {
	// X holds the clips in row-major order, as they are before normalisation. The set
	// reads it in place. Its shape is (clips, steps, n_1, ..., n_d).
	X     []float32
	Shape []int

	// Labels has the label of each clip, from 0, and Lengths its real number of steps,
	// from 1; nil if all are real. What X holds behind them plays no part.
	Labels, Lengths []int

	// Classes has the name of each label, nil for numbers. Groups has the name of the
	// group of each clip, see Set.Group, nil for none.
	Classes, Groups []string

	// Train is the number of clips that are trained on, the first ones; the others are
	// tested. With 0, Options.Split says which are: "fold:1/5" by default.
	Train int
}

// FromSlices returns a set of clips in memory of which the first of five folds is
// tested; see Slices.
func FromSlices(x []float32, shape, labels, lengths []int, classes []string) (Set, error) {
	return Slices{X: x, Shape: shape, Labels: labels, Lengths: lengths, Classes: classes}.Set(Options{})
}

// Set returns the set of the clips. It returns an error that names the field, the place
// and the value where they are not what they should be.
func (s Slices) Set(opt Options) (Set, error) {
	if err := s.check(&opt); err != nil {
		return nil, errors.WithMessage(err, "datasets: slices")
	}
	t := Table{Name: "slices", Classes: s.Classes, StepShape: slices.Clone(s.Shape[2:]), Steps: s.Shape[1]}
	if err := opt.Check(t.Name, t.StepShape); err != nil {
		return nil, err
	}
	t.Label = func(clip int) int { return s.Labels[clip] }
	t.Length = func(clip int) int { return s.Lengths[clip] }
	if s.Groups != nil {
		t.Group = func(clip int) string { return s.Groups[clip] }
	}
	tested := append(make([]bool, s.Train), slices.Repeat([]bool{true}, s.Shape[0]-s.Train)...)
	if s.Train == 0 {
		t.Name += " (" + opt.Split + ")"
		var err error
		if tested, err = split.Cut(opt.Split, s.Labels, t.Group); err != nil {
			return nil, errors.WithMessage(err, "datasets: slices")
		}
	}
	t.Parts[Train], t.Parts[Test] = split.Parts(tested)
	m, err := measure.Start(opt.Normalisation, opt.Normalise, t.StepShape, false)
	if err != nil {
		return nil, errors.WithMessage(err, "datasets: slices")
	}
	for _, clip := range t.Parts[Train] {
		m.Floats(s.clip(clip))
	}
	t.Normalisation = m.Normalisation()
	t.Read = func(clip int, x []float32) (label, steps int, err error) {
		n := copy(x, s.clip(clip))
		t.Normalisation.Apply(x[:n])
		clear(x[n:])
		return s.Labels[clip], s.Lengths[clip], nil
	}
	return New(t), nil
}

// clip returns the values of the steps that a clip really has.
func (s Slices) clip(clip int) []float32 {
	step := dims.Size(s.Shape[2:])
	return s.X[clip*s.Shape[1]*step:][:s.Lengths[clip]*step]
}

// check fills in what is left out.
func (s *Slices) check(opt *Options) error {
	if len(s.Shape) < 3 || slices.Min(s.Shape) < 1 {
		return errors.Errorf("Shape is %v, want (clips, steps, n_1, ..., n_d), at least three axes of at least 1; add a 1 for steps of one value", s.Shape)
	}
	if err := preprocess.CheckClip(s.Shape[1], s.Shape[2:]); err != nil {
		return err
	}
	clips, clipLen := s.Shape[0], dims.Size(s.Shape[1:])
	switch {
	case len(s.X)/clipLen != clips || len(s.X)%clipLen != 0:
		return errors.Errorf("X has %d values, Shape %v is %d clips of %d", len(s.X), s.Shape, clips, clipLen)
	case s.Train < 0 || s.Train > clips:
		return errors.Errorf("Train is %d, want 0 to %d, the number of clips", s.Train, clips)
	case s.Train > 0 && opt.Split != "":
		return errors.Errorf("Train is %d and the split %q; give one of them", s.Train, opt.Split)
	case opt.Split == "":
		opt.Split = "fold:1/5"
	case !split.IsFold(opt.Split):
		return errors.Errorf("there is no split %q; want a fold such as %s", opt.Split, split.Example)
	}
	if s.Lengths == nil {
		s.Lengths = slices.Repeat(s.Shape[1:2], clips)
	}
	for k, n := range []int{len(s.Labels), len(s.Lengths), len(s.Groups)} {
		if name := []string{"Labels", "Lengths", "Groups"}[k]; n != clips && (name != "Groups" || s.Groups != nil) {
			return errors.Errorf("%s has %d entries, X has %d clips; give one for each", name, n, clips)
		}
	}
	if s.Classes == nil {
		s.Classes = slices.Clone(opt.Classes)
	}
	if s.Classes == nil {
		for k := range min(max(0, slices.Max(s.Labels)), preprocess.MaxClasses) + 1 {
			s.Classes = append(s.Classes, strconv.Itoa(k))
		}
	}
	if n := len(s.Classes); n < 1 || n > preprocess.MaxClasses {
		return errors.Errorf("there are %d classes, want 1 to %d", n, preprocess.MaxClasses)
	}
	if err := names.CheckAll("Classes", s.Classes); err != nil {
		return err
	}
	if opt.Classes != nil && !names.Equal(opt.Classes, s.Classes) {
		return errors.Errorf("the classes are %s, not %s", names.List(s.Classes), names.List(opt.Classes))
	}
	return s.checkClips()
}

func (s *Slices) checkClips() error {
	for i, label := range s.Labels {
		if n := len(s.Classes); label < 0 || label >= n {
			return errors.Errorf("Labels[%d] is %d, but there are %d classes, 0 to %d", i, label, n, n-1)
		}
		if n := s.Lengths[i]; n < 1 || n > s.Shape[1] {
			return errors.Errorf("Lengths[%d] is %d: a clip has 1 to %d steps, those of Shape", i, n, s.Shape[1])
		}
		if k := measure.NotFinite(s.clip(i)); k >= 0 {
			return errors.Errorf("%s is %v, want finite numbers in all steps of a clip", measure.At("x", s.Shape, i*dims.Size(s.Shape[1:])+k), s.clip(i)[k])
		}
	}
	return nil
}
