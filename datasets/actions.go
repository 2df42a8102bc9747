package datasets

import (
	"embed"
	"encoding/hex"
	"io/fs"
	"slices"
	"strconv"
	"sync"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

// The licence of the frames asks that its text and the names of the authors
// travel with them, so COPYRIGHT is part of every program that holds them.
//
//go:embed actions/COPYRIGHT actions/frames-64x48-idx5-ubyte.gz
//go:embed actions/labels-idx1-ubyte.gz actions/subjects-idx1-ubyte.gz
var actionFiles embed.FS

var actionClasses = []string{"stance", "run", "swing", "cast", "shoot", "block", "hit", "die"}

const (
	numSubjects = 16

	heldoutSubjects = "heldout-subjects"
	fewSubjects     = "few-subjects"

	actionFrames   = "actions/frames-64x48-idx5-ubyte.gz"
	actionLabels   = "actions/labels-idx1-ubyte.gz"
	actionSubjects = "actions/subjects-idx1-ubyte.gz"
)

// actionTraining lists the subjects each split trains on.
var actionTraining = map[string][]byte{
	heldoutSubjects: {0, 1, 2, 4, 5, 6, 8, 9, 11, 12, 13, 15},
	fewSubjects:     {0, 5, 8, 13},
}

// actions is the whole set as it is stored.
type actions struct {
	frames           *idx   // (clips, steps, rows, columns, 3)
	labels, subjects []byte // (clips)
}

// loadActions unpacks the embedded files, once however many sets are opened.
var loadActions = sync.OnceValues(func() (*actions, error) { return readActions(actionFiles) })

func readActions(files fs.FS) (*actions, error) {
	frames, err := readIDXFile(files, actionFrames, func(s []int) error {
		if len(s) != 5 || s[4] != rgb {
			return errors.Errorf("shape is %s, want (clips, steps, rows, columns, %d)", times(s), rgb)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	a := &actions{frames: frames}
	clips := frames.shape[0]
	if a.labels, err = readTags(files, actionLabels, clips, len(actionClasses)); err != nil {
		return nil, err
	}
	if a.subjects, err = readTags(files, actionSubjects, clips, numSubjects); err != nil {
		return nil, err
	}
	return a, nil
}

// readTags reads one number below limit for each clip.
func readTags(files fs.FS, name string, clips, limit int) ([]byte, error) {
	tags, err := readIDXFile(files, name, onePerClip(clips))
	if err != nil {
		return nil, err
	}
	return tags.tags(name, limit)
}

// onePerClip checks the shape of tags.
func onePerClip(clips int) func(shape []int) error {
	return func(shape []int) error {
		if !slices.Equal(shape, []int{clips}) {
			return errors.Errorf("shape is %s, want %d, one value for each clip", times(shape), clips)
		}
		return nil
	}
}

// tags returns the numbers, which must be below limit. The name is only for errors.
func (a *idx) tags(name string, limit int) ([]byte, error) {
	for i, tag := range a.data {
		if int(tag) >= limit {
			return nil, errors.Errorf("datasets: %s: clip %d has the value %d, want less than %d", name, i, tag, limit)
		}
	}
	return a.data, nil
}

func readIDXFile(files fs.FS, name string, check func(shape []int) error) (*idx, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, errors.Wrap(err, "datasets")
	}
	defer f.Close()
	return readIDX(name, f, check)
}

// actionSet is a view of actions: a split and a frame size. The frames stay
// bytes, 56 MB for all sets of a process; floats exist only in the caller's x.
type actionSet struct {
	*actions
	split         string
	clips         [2][]int // index in actions of the clips of each part
	normalisation preprocess.Normalisation
	norm          *normaliser // the same as a table
	height, width int
	scale         *scaler // nil when the frames are wanted as stored
}

var _ Grouped = (*actionSet)(nil)

func openActions(opt Options) (Set, error) {
	if opt.Classes != nil && !slices.Equal(opt.Classes, actionClasses) {
		return nil, errors.Errorf("datasets: actions has the classes %s, not %s", list(actionClasses), list(opt.Classes))
	}
	if opt.Normalisation != nil {
		if err := opt.Normalisation.Check([]int{rgb}); err != nil {
			return nil, errors.WithMessage(err, "datasets: actions")
		}
	}
	a, err := loadActions()
	if err != nil {
		return nil, err
	}
	return newActionSet(a, opt)
}

func newActionSet(a *actions, opt Options) (*actionSet, error) {
	s := &actionSet{actions: a, split: opt.Split, height: a.frames.shape[2], width: a.frames.shape[3]}
	tested, err := a.tested(opt.Split)
	if err != nil {
		return nil, errors.WithMessage(err, "datasets: actions")
	}
	for i, t := range tested {
		part := Train
		if t {
			part = Test
		}
		s.clips[part] = append(s.clips[part], i)
	}
	if opt.Normalisation != nil {
		s.normalisation = cloneNormalisation(*opt.Normalisation)
	} else {
		s.normalisation = s.measure(opt.Normalise)
	}
	s.norm = newNormaliser(s.normalisation)
	if opt.Height != 0 && (opt.Height != s.height || opt.Width != s.width) {
		s.scale = newScaler(s.height, s.width, opt.Height, opt.Width)
		s.height, s.width = opt.Height, opt.Width
	}
	return s, nil
}

// tested reports which clips are in the test part of a split.
func (a *actions) tested(split string) ([]bool, error) {
	tested := make([]bool, len(a.subjects))
	if !isFold(split) {
		for i, subject := range a.subjects {
			tested[i] = !slices.Contains(actionTraining[split], subject)
		}
		return tested, nil
	}
	labels := make([]int, len(tested))
	for i, label := range a.labels {
		labels[i] = int(label)
	}
	return cutFold(split, labels, a.subject)
}

// subject names the subject of a clip, as in "subject 3".
func (a *actions) subject(i int) string { return "subject " + strconv.Itoa(int(a.subjects[i])) }

// measure takes the statistics of the stored frames of the training part.
func (s *actionSet) measure(mode string) preprocess.Normalisation {
	n := channels(mode, []int{rgb}, true)
	if n == 0 {
		return preprocess.Normalisation{}
	}
	levels := preprocess.NewLevels(n)
	clipLen := s.Steps() * s.frameLen()
	for _, i := range s.clips[Train] {
		levels.Add(s.frames.data[i*clipLen : (i+1)*clipLen])
	}
	return levels.Normalisation()
}

func (s *actionSet) Name() string      { return "actions (" + s.split + ")" }
func (s *actionSet) Classes() []string { return slices.Clone(actionClasses) }
func (s *actionSet) StepShape() []int  { return []int{s.height, s.width, rgb} }
func (s *actionSet) Steps() int        { return s.frames.shape[1] }
func (s *actionSet) Close() error      { return nil }

// Sampling returns nil: the clips have been resampled.
func (s *actionSet) Sampling() *preprocess.Sampling { return nil }

func (s *actionSet) Normalisation() preprocess.Normalisation {
	return cloneNormalisation(s.normalisation)
}

// Fingerprint is made of the checksums and sizes that gzip files end with.
func (s *actionSet) Fingerprint() string {
	const trailer = 8
	var sums []byte
	for _, name := range []string{actionFrames, actionLabels} {
		data, err := actionFiles.ReadFile(name)
		if err != nil || len(data) < trailer {
			return ""
		}
		sums = append(sums, data[len(data)-trailer:]...)
	}
	return hex.EncodeToString(sums)
}

func (s *actionSet) Clips(p Part) int {
	if p != Train && p != Test {
		return 0
	}
	return len(s.clips[p])
}

// Group returns the subject of a clip, as in "subject 3".
func (s *actionSet) Group(p Part, i int) string { return s.subject(s.clips[p][i]) }

// Read takes about 2 ms for frames of 160 by 120 and allocates nothing.
func (s *actionSet) Read(p Part, i int, x []float32) (label, steps int, err error) {
	if i < 0 || i >= s.Clips(p) {
		return 0, 0, noClip(s, p, i)
	}
	steps = s.Steps()
	out := s.height * s.width * rgb
	if len(x) != steps*out {
		return 0, 0, noRoom(s, x)
	}
	clip, in := s.clips[p][i], s.frameLen()
	for t := range steps {
		at := (clip*steps + t) * in
		frame, dst := s.frames.data[at:at+in], x[t*out:(t+1)*out]
		if s.scale == nil {
			s.norm.write(dst, frame, rgb)
		} else {
			s.scale.write(dst, frame, s.norm)
		}
	}
	return int(s.labels[clip]), steps, nil
}

// frameLen is the number of bytes of a stored frame.
func (s *actionSet) frameLen() int {
	return s.frames.shape[2] * s.frames.shape[3] * rgb
}
