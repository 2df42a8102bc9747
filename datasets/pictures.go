package datasets

import (
	"fmt"
	"hash/crc32"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
	"github.com/tensorzoo/tensorzoo/internal/regular"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// pictureClasses are the classes of the sets of grey pictures that Open knows by a
// name before a colon.
var pictureClasses = map[string][]string{
	"mnist":   {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
	"fashion": {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
}

const (
	pictureSide   = 28
	officialSplit = "official"

	// maxPictures bounds a file, at 822 MB unpacked. The largest set in this form that
	// people train on has a quarter of it.
	maxPictures = 1 << 20
)

// pictures are those of LeCun et al. (MNIST, 1998) or Xiao et al. (Fashion-MNIST,
// 2017), as their four files have them.
type pictures struct {
	data   []byte // (pictures, 28, 28)
	labels []byte // (pictures)
	train  int    // the pictures that the authors train on come first
}

// pictureSet is a set of pictures as sequences. They stay bytes, 55 MB for 70,000.
type pictureSet struct {
	*pictures
	name          string
	classes       []string
	sequence      sequence
	clips         [2][]int  // pictures of the clips of each part, one after the other
	tags          [2][]byte // labels of the clips
	normalisation preprocess.Normalisation
	fingerprint   string
}

// openPictures opens the set called name in a folder.
func openPictures(name, kind, root string, opt Options) (Set, error) {
	wrap := func(err error) error { return errors.WithMessagef(err, "datasets: %s", name) }
	if root == "" {
		return nil, wrap(errors.Errorf("no folder; write %s:FOLDER", kind))
	}
	if opt.Height != 0 || opt.Width != 0 {
		return nil, wrap(errors.Errorf("pictures are not scaled to %dx%d; leave the size out (-size; Height and Width)", opt.Width, opt.Height))
	}
	how, err := parseSequence(opt.Sequence)
	if err != nil {
		return nil, wrap(err)
	}
	classes := how.classes(pictureClasses[kind])
	if opt.Classes != nil && !slices.Equal(opt.Classes, classes) {
		return nil, wrap(errors.Errorf("the classes are %s, not %s", list(classes), list(opt.Classes)))
	}
	if opt.Split == "" {
		opt.Split = officialSplit
	}
	if opt.Split != officialSplit && !isFold(opt.Split) {
		return nil, wrap(errors.Errorf("there is no split %q%s", opt.Split, didyoumean.Hint(opt.Split, []string{officialSplit, foldSplit + "2/5"})))
	}
	p, err := readPictures(root)
	if err != nil {
		return nil, err
	}
	s := &pictureSet{pictures: p, name: fmt.Sprintf("%s (%s, %s)", name, opt.Split, how), classes: classes, sequence: how}
	if err := s.cut(opt.Split); err != nil {
		return nil, wrap(err)
	}
	if err := s.measure(opt); err != nil {
		return nil, wrap(err)
	}
	s.fingerprint = fmt.Sprintf("%08x%08x-%s", crc32.ChecksumIEEE(p.data), crc32.ChecksumIEEE(p.labels), how)
	return s, nil
}

// readPictures reads the four files of a set, gzipped or plain.
func readPictures(root string) (*pictures, error) {
	p := &pictures{}
	for _, part := range []string{"train", "t10k"} {
		_, images, err := readPictureFile(root, part+"-images-idx3-ubyte", func(shape []int) error {
			if len(shape) != 3 || shape[1] != pictureSide || shape[2] != pictureSide {
				return errors.Errorf("shape is %s, want (pictures, %d, %d)", times(shape), pictureSide, pictureSide)
			}
			if shape[0] > maxPictures {
				return errors.Errorf("there are %d pictures, more than %d", shape[0], maxPictures)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		path, tags, err := readPictureFile(root, part+"-labels-idx1-ubyte", onePerClip(images.shape[0]))
		if err != nil {
			return nil, err
		}
		labels, err := tags.tags(path, 10)
		if err != nil {
			return nil, err
		}
		if p.train == 0 {
			p.train = len(labels)
		}
		p.data, p.labels = append(p.data, images.data...), append(p.labels, labels...)
	}
	return p, nil
}

func readPictureFile(root, name string, check func(shape []int) error) (path string, a *idx, err error) {
	for _, ending := range []string{"", ".gz"} {
		path = filepath.Join(root, name+ending)
		file, err := regular.Open(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case errors.Is(err, regular.ErrNot):
			return path, nil, errors.Errorf("datasets: %s is %v, want an IDX file", path, err)
		case err != nil:
			return path, nil, errors.Wrap(err, "datasets")
		}
		defer file.Close()
		a, err = readIDX(path, file, check)
		return path, a, err
	}
	return path, nil, errors.Errorf("datasets: there is no %s in %s, plain or with .gz; the set is four files, see docs/data.md", name, root)
}

// cut cuts the pictures into parts, and makes clips of those of each.
func (s *pictureSet) cut(split string) error {
	tested := make([]bool, len(s.labels))
	for i := s.train; i < len(tested); i++ {
		tested[i] = true
	}
	if isFold(split) {
		labels := make([]int, len(s.labels))
		for i, label := range s.labels {
			labels[i] = int(label)
		}
		var err error
		if tested, err = cutFold(split, labels, nil); err != nil {
			return err
		}
	}
	var parts [2][]int
	for i, t := range tested {
		part := Train
		if t {
			part = Test
		}
		parts[part] = append(parts[part], i)
	}
	for p, all := range parts {
		if !s.sequence.drawn {
			s.clips[p] = all
			for _, i := range all {
				s.tags[p] = append(s.tags[p], s.labels[i])
			}
			continue
		}
		rng := rand.New(rand.NewPCG(3, uint64(p)))
		s.clips[p], s.tags[p] = s.sequence.draw(all, s.labels, rng)
		if len(s.tags[p]) == 0 {
			return errors.Errorf("sequence %q: the %d pictures of the %s part are too few", s.sequence, len(all), Part(p))
		}
	}
	return nil
}

func (s *pictureSet) measure(opt Options) error {
	if opt.Normalisation != nil {
		s.normalisation = cloneNormalisation(*opt.Normalisation)
		return s.normalisation.Check(s.StepShape())
	}
	n := channels(opt.Normalise, s.StepShape(), true)
	if n == 0 {
		return nil
	}
	levels := preprocess.NewLevels(n)
	for _, i := range s.clips[Train] {
		levels.Add(s.picture(i))
	}
	s.normalisation = levels.Normalisation()
	return nil
}

// picture returns the levels of picture i, (28, 28).
func (p *pictures) picture(i int) []byte {
	const size = pictureSide * pictureSide
	return p.data[i*size : (i+1)*size]
}

func (s *pictureSet) Name() string        { return s.name }
func (s *pictureSet) Classes() []string   { return slices.Clone(s.classes) }
func (s *pictureSet) StepShape() []int    { return slices.Clone(s.sequence.stepShape) }
func (s *pictureSet) Steps() int          { return s.sequence.steps }
func (s *pictureSet) Fingerprint() string { return s.fingerprint }
func (s *pictureSet) Close() error        { return nil }

// Sampling returns nil: sequences are made of whole pictures.
func (s *pictureSet) Sampling() *preprocess.Sampling { return nil }

func (s *pictureSet) Normalisation() preprocess.Normalisation {
	return cloneNormalisation(s.normalisation)
}

func (s *pictureSet) Clips(p Part) int {
	if p != Train && p != Test {
		return 0
	}
	return len(s.tags[p])
}

func (s *pictureSet) Read(p Part, i int, x []float32) (label, steps int, err error) {
	if i < 0 || i >= s.Clips(p) {
		return 0, 0, noClip(s, p, i)
	}
	if len(x) != s.Steps()*product(s.sequence.stepShape) {
		return 0, 0, noRoom(s, x)
	}
	rest, per := x, s.sequence.pictures
	for _, k := range s.clips[p][i*per : (i+1)*per] {
		levels := s.picture(k)
		for at, v := range levels {
			rest[at] = float32(v)
		}
		rest = rest[len(levels):]
	}
	s.normalisation.Apply(x)
	return int(s.tags[p][i]), s.Steps(), nil
}
