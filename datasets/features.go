package datasets

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/layout"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// featuresKind is the name, before a colon, of sets of features.
const featuresKind = "features"

// featureSet is a set of arrays on disk, one .npy file per clip of shape
// (steps, features), such as what a CNN makes of the frames of a video. Files are
// read when their clip is asked for, and only the steps that are taken.
type featureSet struct {
	*clipFiles
	opt           Video
	features      int
	lengths       []int // of each clip in its file; 0 of a damaged one
	steps         int
	normalisation preprocess.Normalisation
}

var (
	_ Grouped  = (*featureSet)(nil)
	_ Labelled = (*featureSet)(nil)
)

// openFeatures opens the set called name in a folder.
func openFeatures(ctx context.Context, name, root string, opt Options) (Set, error) {
	wrap := func(err error) error { return errors.WithMessagef(err, "datasets: %s", name) }
	if opt.Height != 0 || opt.Width != 0 {
		return nil, wrap(errors.Errorf("features are not scaled to %dx%d; leave the size out (-size; Height and Width)", opt.Width, opt.Height))
	}
	opt.Video.Steps = cmp.Or(opt.Video.Steps, AllSteps)
	v, err := opt.Video.complete()
	if err != nil {
		return nil, wrap(err)
	}
	files, err := openFolder(name, featuresKind, root, layout.Features, opt, v)
	if err != nil {
		return nil, wrap(err)
	}
	s := &featureSet{clipFiles: files, opt: v, steps: v.Steps}
	if err := s.survey(ctx); err != nil {
		return nil, err
	}
	if err := opt.accept(s); err != nil {
		return nil, err
	}
	if err := s.measure(ctx, opt); err != nil {
		return nil, err
	}
	return s, nil
}

// survey reads the headers of the files of both parts. A clip has as many features as
// most have.
func (s *featureSet) survey(ctx context.Context) error {
	clips := len(s.listing.Clips)
	s.lengths = make([]int, clips)
	widths, votes := make([]int, clips), map[int]int{}
	used := slices.Concat(s.clips[Train], s.clips[Test])
	for _, k := range used {
		if err := ctx.Err(); err != nil {
			return err
		}
		path := s.path(s.listing.Clips[k])
		a, err := openFeatureFile(path)
		if err != nil {
			if err := s.damage.found(k, path, err); !skipped(err) {
				return err
			}
			continue
		}
		a.Close()
		s.lengths[k], widths[k] = a.shape[0], a.shape[1]
		votes[widths[k]]++
	}
	for width, n := range votes {
		if n > votes[s.features] || n == votes[s.features] && width < s.features {
			s.features = width
		}
	}
	longest := 0
	for _, k := range used {
		if s.lengths[k] > 0 && widths[k] != s.features {
			s.lengths[k] = 0
			err := errors.Errorf("it has %d features a step, and most clips have %d", widths[k], s.features)
			if err := s.damage.found(k, s.path(s.listing.Clips[k]), err); !skipped(err) {
				return err
			}
		}
		longest = max(longest, s.lengths[k])
	}
	if longest == 0 {
		return errors.Errorf("datasets: %s: no clip can be read", s.name)
	}
	if s.steps == AllSteps {
		s.steps = longest
	}
	return errors.WithMessagef(preprocess.CheckClip(s.steps, s.StepShape()), "datasets: %s: a clip has", s.name)
}

// measure sets the normalisation, for which it reads the training clips if need be.
func (s *featureSet) measure(ctx context.Context, opt Options) error {
	if opt.Normalisation != nil {
		s.normalisation = cloneNormalisation(*opt.Normalisation)
		return errors.WithMessagef(s.normalisation.Check(s.StepShape()), "datasets: %s", s.name)
	}
	n := channels(opt.Normalise, s.StepShape(), false)
	if n == 0 {
		return nil
	}
	if n > maxChannels {
		return errors.Errorf("datasets: %s: %d features, more than %d to measure apart; normalise global or none", s.name, n, maxChannels)
	}
	values := preprocess.NewValues(n)
	x := make([]float32, s.steps*s.features)
	for _, k := range s.clips[Train] {
		if err := ctx.Err(); err != nil {
			return err
		}
		steps, err := s.rows(k, x)
		if skipped(err) {
			continue
		}
		if err != nil {
			return err
		}
		values.Add(x[:steps*s.features])
	}
	s.normalisation = values.Normalisation()
	return nil
}

func (s *featureSet) StepShape() []int { return []int{s.features} }
func (s *featureSet) Steps() int       { return s.steps }
func (s *featureSet) Close() error     { return nil }

func (s *featureSet) Normalisation() preprocess.Normalisation {
	return cloneNormalisation(s.normalisation)
}

// Sampling returns which steps are taken of a clip.
func (s *featureSet) Sampling() *preprocess.Sampling {
	sampling := s.opt.sampling()
	return &sampling
}

// Fingerprint is made of the names, sizes and times of the files.
func (s *featureSet) Fingerprint() string {
	h := s.fingerprint()
	fmt.Fprint(h, s.opt.Steps, s.opt.Sample)
	return fmt.Sprintf("%016x", h.Sum64())
}

// Read reads the file of the clip. The error of a damaged one is a SkipError, as long
// as there are few of them.
func (s *featureSet) Read(p Part, i int, x []float32) (label, steps int, err error) {
	if i < 0 || i >= s.Clips(p) {
		return 0, 0, noClip(s, p, i)
	}
	if len(x) != s.steps*s.features {
		return 0, 0, noRoom(s, x)
	}
	k := s.clips[p][i]
	front := 0
	if s.opt.Steps != AllSteps { // padded in front, as videos are; else lengths tell
		front = max(0, s.steps-s.lengths[k])
	}
	values := x[front*s.features:]
	if steps, err = s.rows(k, values); err != nil {
		return 0, 0, err
	}
	clear(x[:front*s.features])
	clear(values[steps*s.features:])
	values = values[:steps*s.features]
	s.normalisation.Apply(values)
	if at := notFinite(values); at >= 0 {
		err := errors.Errorf("%s is not a finite float32 after normalisation", s.at(at))
		return 0, 0, s.damage.found(k, s.path(s.listing.Clips[k]), err)
	}
	return s.listing.Clips[k].Class, front + steps, nil
}

// rows reads the steps that are taken of clip k into x, which has room for them, and
// returns their number.
func (s *featureSet) rows(k int, x []float32) (steps int, err error) {
	if err := s.damage.known(k); err != nil {
		return 0, err
	}
	path := s.path(s.listing.Clips[k])
	if steps, err = s.readRows(k, path, x); err != nil {
		return 0, s.damage.found(k, path, err)
	}
	return steps, nil
}

func (s *featureSet) readRows(k int, path string, x []float32) (steps int, err error) {
	a, err := openFeatureFile(path)
	if err != nil {
		return 0, err
	}
	defer a.Close()
	if !slices.Equal(a.shape, []int{s.lengths[k], s.features}) {
		return 0, errors.Errorf("its shape is (%s) now, it has changed since the set was opened", times(a.shape))
	}
	rows := takenRows(s.lengths[k], s.opt.sampling(), generator(seedOf(path), 0))
	return len(rows), a.rows(rows, x)
}

// takenRows lists the steps that are taken of the n that a file has.
func takenRows(n int, s preprocess.Sampling, rng *rand.Rand) []int {
	if s.Steps == AllSteps || n <= s.Steps {
		return evenly(n, n)
	}
	if s.Sample == "even" {
		return evenly(n, s.Steps)
	}
	return slices.Sorted(slices.Values(rng.Perm(n)[:s.Steps]))
}

// at writes the place of a value among those taken of a clip.
func (s *featureSet) at(value int) string {
	return fmt.Sprintf("feature %d of step %d of those taken", value%s.features, value/s.features)
}
