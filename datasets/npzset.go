package datasets

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// npzPrefix starts the names of sets in npz files.
const npzPrefix = "npz:"

// npzSet is a set in npz files of the user, one for each part. Labels and
// lengths are in memory, the values are read from disk a clip at a time.
type npzSet struct {
	name          string
	parts         [2]*npzPart   // the first may be nil
	folds         *[2][]npzClip // the clips of each part; nil where the files are the parts
	classes       []string
	steps         int
	normalisation preprocess.Normalisation
	chunks        sync.Pool // of *[]byte, npzChunk long

	closing  sync.Once
	closeErr error
}

// npzClip is a clip of a file.
type npzClip struct {
	file *npzPart
	clip int
}

var _ Set = (*npzSet)(nil)

// openNPZ opens the set called name in files, one or two with a comma between.
func openNPZ(name, files string, opt Options) (_ Set, err error) {
	paths, err := npzPaths(files)
	switch {
	case err != nil:
		return nil, err
	case len(paths) > 2:
		return nil, errors.Errorf("datasets: %q names %d files; write \"npz:train.npz,test.npz\" or \"npz:test.npz\"; of paths with commas all files must be there", name, len(paths))
	case slices.Contains(paths, ""):
		return nil, errors.Errorf("datasets: %q names no files; write \"npz:train.npz,test.npz\" or \"npz:test.npz\"", name)
	case opt.Split != "" && !isFold(opt.Split):
		return nil, errors.Errorf("datasets: %s has no split %q; its files are its parts, or give folds of all clips, such as fold:2/5", name, opt.Split)
	case opt.Height != 0 || opt.Width != 0:
		return nil, errors.Errorf("datasets: %s is not scaled to %dx%d; leave the size out (-size; Height and Width), or save x in it", name, opt.Width, opt.Height)
	}
	var parts []*npzFile
	defer func() {
		if err != nil {
			for _, f := range parts {
				f.close()
			}
		}
	}()
	for _, path := range paths {
		f, err := openNPZFile(path)
		if err != nil {
			return nil, err
		}
		parts = append(parts, f)
	}
	if len(paths) == 1 && opt.Normalisation == nil && opt.Split == "" {
		return nil, errors.Errorf("datasets: %s has no training file to measure the normalisation on; write \"npz:train.npz,test.npz\", a test file alone is for a checkpoint, which knows the normalisation, or for a split into folds such as fold:1/5", name)
	}
	return newNPZSet(name, parts, opt)
}

// OpenNPZ opens the npz file at path, whatever its name, as the test part of a set: clips
// for a trained model to classify. Its y may be missing; Read then returns the label -1.
// The options carry the Normalisation and the Classes of a checkpoint. It returns an
// error when Open does for "npz:test.npz".
func OpenNPZ(path string, opt Options) (Set, error) {
	if opt.Normalisation == nil || opt.Classes == nil || opt.Split != "" {
		return nil, errors.Errorf("datasets: %s: OpenNPZ takes the Normalisation and the Classes of a checkpoint, and no Split", path)
	}
	f, err := openNPZFile(path)
	if err != nil {
		return nil, err
	}
	f.unlabelled = true
	s, err := newNPZSet(npzPrefix+path, []*npzFile{f}, opt)
	if err != nil {
		f.close()
		return nil, err
	}
	return s, nil
}

// npzPaths splits a list of files at the comma between them. A path may have commas too:
// the one that counts has a file on either side.
func npzPaths(files string) ([]string, error) {
	var ways [][]string
	for at, c := range files {
		if c == ',' && isThere(files[:at]) && isThere(files[at+1:]) {
			ways = append(ways, []string{files[:at], files[at+1:]})
		}
	}
	switch {
	case len(ways) > 1:
		return nil, errors.Errorf("datasets: %s may be the files %q or %q; rename one", files, ways[0], ways[1])
	case len(ways) == 1:
		return ways[0], nil
	case isThere(files):
		return []string{files}, nil
	}
	// Some are missing, which is to be said of them by name.
	const ending = ".npz"
	paths := strings.Split(files, ending+",")
	if len(paths) == 1 {
		return strings.Split(files, ","), nil
	}
	for k := range len(paths) - 1 {
		paths[k] += ending
	}
	return paths, nil
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// newNPZSet makes a set of a test file, or of a training and a test file. With
// an error it leaves no file but those, which the caller closes.
func newNPZSet(name string, files []*npzFile, opt Options) (_ Set, err error) {
	s := &npzSet{name: name}
	s.chunks.New = func() any { b := make([]byte, npzChunk); return &b }
	defer func() {
		if err == nil {
			return
		}
		for _, p := range s.parts {
			if p != nil && p.temp != nil {
				p.temp.Close()
			}
		}
	}()
	for k, f := range files {
		p, err := f.readPart()
		if err != nil {
			return nil, err
		}
		s.parts[int(Test)-len(files)+1+k] = p
		s.steps = max(s.steps, p.steps())
	}
	if err := s.checkParts(); err != nil {
		return nil, err
	}
	if err := opt.accept(s); err != nil {
		return nil, err
	}
	if err := s.nameClasses(opt); err != nil {
		return nil, err
	}
	if isFold(opt.Split) {
		if err := s.cut(opt.Split); err != nil {
			return nil, err
		}
	}
	if err := s.scan(opt); err != nil {
		return nil, err
	}
	return s, nil
}

// checkParts compares the test file with the training file.
func (s *npzSet) checkParts() error {
	train, test := s.parts[Train], s.parts[Test]
	if train == nil {
		return nil
	}
	if a, b := train.x.dtype, test.x.dtype; a.kind != b.kind {
		return test.errorf("x is %v, but %v in %s; save the same dtype in both", b, a, train.name)
	}
	if a, b := train.x.shape[2:], test.x.shape[2:]; !slices.Equal(a, b) {
		return test.errorf("a step of x has the shape (%s), but (%s) in %s; save the same in both", times(b), times(a), train.name)
	}
	if err := preprocess.CheckClip(s.steps, s.StepShape()); err != nil {
		return test.errorf("clips are made as long as the longest: %v", err)
	}
	return nil
}

// nameClasses takes the names of a checkpoint, those of the first file, or
// numbers, and compares them with the files.
func (s *npzSet) nameClasses(opt Options) error {
	first, origin := s.parts[Train], ""
	if first == nil {
		first = s.parts[Test]
	}
	switch {
	case opt.Classes != nil:
		s.classes, origin = slices.Clone(opt.Classes), "of the checkpoint"
	case first.classes != nil:
		s.classes, origin = first.classes, "in "+first.name
	case s.parts[Train] == nil && opt.Split == "":
		return first.errorf("there are no classes; save their names as classes, or give the Classes of a checkpoint")
	default:
		origin = "in " + first.name + ", which has no array classes"
		n := 1 + int(slices.Max(first.labels))
		if clips := len(first.labels); n > max(2, clips) {
			// One wrong label would make thousands of classes that have no clip.
			return first.errorf("y[%d] is %d, but there are %d clips; number the classes from 0, or save their names as classes",
				slices.Index(first.labels, slices.Max(first.labels)), n-1, clips)
		}
		for k := range n {
			s.classes = append(s.classes, strconv.Itoa(k))
		}
	}
	for _, p := range s.parts {
		if p == nil {
			continue
		}
		if p.classes != nil && !names.Equal(p.classes, s.classes) {
			return p.errorf("classes are %s, but %s %s; save the same in both", list(p.classes), list(s.classes), origin)
		}
		for i, label := range p.labels {
			if int(label) >= len(s.classes) {
				return p.errorf("y[%d] is %d, but there are %d classes, 0 to %d; correct it, or add its name to classes", i, label, len(s.classes), len(s.classes)-1)
			}
		}
	}
	return nil
}

// cut puts the clips of all files together and cuts them into a training and a test
// part.
func (s *npzSet) cut(split string) error {
	var clips []npzClip
	var labels []int
	for _, p := range s.parts {
		if p == nil {
			continue
		}
		for i, label := range p.labels {
			clips, labels = append(clips, npzClip{p, i}), append(labels, int(label))
		}
		p.tested = make([]bool, p.clips())
	}
	tested, err := cutFold(split, labels, nil)
	if err != nil {
		return errors.WithMessagef(err, "datasets: %s", s.name)
	}
	s.folds = new([2][]npzClip)
	for k, c := range clips {
		part := Train
		if tested[k] {
			part = Test
		}
		c.file.tested[c.clip] = tested[k]
		s.folds[part] = append(s.folds[part], c)
	}
	s.name += " (" + split + ")"
	return nil
}

// scan reads all files once and sets the normalisation.
func (s *npzSet) scan(opt Options) error {
	var m *meter
	stepShape, levels := s.StepShape(), s.parts[Test].x.dtype.size == 1
	if opt.Normalisation != nil {
		if err := opt.Normalisation.Check(stepShape); err != nil {
			return errors.WithMessagef(err, "datasets: %s", s.name)
		}
		s.normalisation = cloneNormalisation(*opt.Normalisation)
	} else if n := channels(opt.Normalise, stepShape, levels); n > maxChannels {
		return errors.Errorf("datasets: %s: the last axis of x has %d channels, more than %d to measure apart; normalise global or none", s.name, n, maxChannels)
	} else if n > 0 {
		m = &meter{levels: preprocess.NewLevels(n), values: preprocess.NewValues(n)}
	}
	if train := s.parts[Train]; train != nil {
		if err := train.scan(m); err != nil {
			return err
		}
	}
	ofTest := m
	if s.folds == nil {
		ofTest = nil
	}
	if err := s.parts[Test].scan(ofTest); err != nil {
		return err
	}
	switch {
	case m != nil && levels:
		s.normalisation = m.levels.Normalisation()
	case m != nil:
		s.normalisation = m.values.Normalisation()
	}
	return nil
}

func (s *npzSet) Name() string      { return s.name }
func (s *npzSet) Classes() []string { return slices.Clone(s.classes) }
func (s *npzSet) StepShape() []int  { return slices.Clone(s.parts[Test].x.shape[2:]) }
func (s *npzSet) Steps() int        { return s.steps }

// Sampling returns nil: clips are stored as sequences.
func (s *npzSet) Sampling() *preprocess.Sampling { return nil }

func (s *npzSet) Normalisation() preprocess.Normalisation {
	return cloneNormalisation(s.normalisation)
}

func (s *npzSet) Clips(p Part) int {
	switch {
	case p != Train && p != Test:
		return 0
	case s.folds != nil:
		return len(s.folds[p])
	case s.parts[p] == nil:
		return 0
	}
	return s.parts[p].clips()
}

// Fingerprint is the same for packed and unpacked files.
func (s *npzSet) Fingerprint() string {
	var sums []string
	for _, p := range s.parts {
		if p != nil {
			sums = append(sums, p.fingerprint())
		}
	}
	return strings.Join(sums, "-")
}

// Read also fails when the files have changed on disk.
func (s *npzSet) Read(p Part, i int, x []float32) (label, steps int, err error) {
	if i < 0 || i >= s.Clips(p) {
		return 0, 0, noClip(s, p, i)
	}
	part := s.parts[p]
	if s.folds != nil {
		part, i = s.folds[p][i].file, s.folds[p][i].clip
	}
	stepLen := part.stepLen()
	if len(x) != s.steps*stepLen {
		return 0, 0, noRoom(s, x)
	}
	steps = part.length(i)
	values := x[:steps*stepLen]
	first := i * part.steps() * stepLen
	chunk := s.chunks.Get().(*[]byte)
	defer s.chunks.Put(chunk)
	if err := part.readAt(values, first, *chunk); err != nil {
		return 0, 0, err
	}
	if k := notFinite(values); k >= 0 {
		return 0, 0, part.errorf("%s is %v; the file has changed since it was opened", part.x.at(first+k), values[k])
	}
	s.normalisation.Apply(values)
	if k := notFinite(values); k >= 0 {
		return 0, 0, part.errorf("%s is not a finite float32 after normalisation", part.x.at(first+k))
	}
	clear(x[len(values):])
	return part.label(i), steps, nil
}

// readAt reads the values of x from number first on, by way of chunk.
func (p *npzPart) readAt(dst []float32, first int, chunk []byte) error {
	size := p.x.dtype.size
	for len(dst) > 0 {
		piece := dst[:min(len(dst), len(chunk)/size)]
		raw := chunk[:len(piece)*size]
		if n, err := p.values.ReadAt(raw, p.offset+int64(first)*int64(size)); n < len(raw) {
			return errors.Wrapf(err, "datasets: %s: cannot read %s", p.name, p.x.at(first))
		}
		p.x.dtype.floats(piece, raw)
		dst, first = dst[len(piece):], first+len(piece)
	}
	return nil
}

// Close waits for nothing: a Read under way fails.
func (s *npzSet) Close() error {
	s.closing.Do(func() {
		for _, p := range s.parts {
			if p == nil {
				continue
			}
			if err := p.closeFiles(); s.closeErr == nil {
				s.closeErr = err
			}
		}
	})
	return s.closeErr
}
