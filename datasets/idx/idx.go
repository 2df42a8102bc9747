// Package idx opens "mnist:DIR" and "fashion:DIR": the pictures of MNIST (LeCun et al.,
// 1998) and of Fashion-MNIST (Xiao et al., 2017), in the four files of each, as sequences
// of rows, of bands of rows, of pixels, or of whole pictures.
//
// The default split is the authors', "official".
package idx

import (
	"cmp"
	"context"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/idxfile"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/internal/split"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// classesOf are those of each kind.
var classesOf = map[string][]string{
	"mnist":   {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
	"fashion": {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
}

const (
	side     = 28
	official = "official"

	// maxPictures bounds a file, at 822 MB unpacked. The largest set in this form that
	// people train on has a quarter of it.
	maxPictures = 1 << 20
)

// Options say what a clip is.
type Options struct {
	datasets.Options

	// Sequence says how pictures become clips: "rows" (also "") one by one from top to
	// bottom, 28 steps of 28 values; "bands:4" the same by 4 rows, 7 steps of (4, 28),
	// for any divisor of 28; "pixels" the same pixel by pixel, 784 steps of 1 value;
	// "digits:10" as 10 whole pictures, steps of (28, 28), of which one or none is a 0,
	// as the label says.
	Sequence string
}

func init() {
	for kind := range classesOf {
		datasets.Register(datasets.Kind{Pattern: kind + ":DIR", Open: func(_ context.Context, name string, opt datasets.Options) (datasets.Set, error) {
			return Open(name, Options{Options: opt})
		}})
	}
}

// Open opens the set called name, "mnist:DIR" or "fashion:DIR". It returns an error when
// there is no such split or sequence, when the options do not fit the set, or when one of
// its files is missing, damaged or not what it should be.
func Open(name string, opt Options) (datasets.Set, error) {
	wrap := func(err error) error { return errors.WithMessagef(err, "datasets: %s", name) }
	kind, root, _ := strings.Cut(name, ":")
	switch {
	case classesOf[kind] == nil:
		return nil, wrap(errors.New("this is no set of pictures; want mnist:DIR or fashion:DIR"))
	case root == "":
		return nil, wrap(errors.Errorf("no folder; write %s:FOLDER", kind))
	}
	how, err := parseSequence(opt.Sequence)
	if err != nil {
		return nil, wrap(err)
	}
	t := datasets.Table{Classes: how.classes(classesOf[kind]), StepShape: how.stepShape, Steps: how.steps}
	if opt.Classes != nil && !slices.Equal(opt.Classes, t.Classes) {
		return nil, wrap(errors.Errorf("the classes are %s, not %s", names.List(t.Classes), names.List(opt.Classes)))
	}
	opt.Split = cmp.Or(opt.Split, official)
	if opt.Split != official && !split.IsFold(opt.Split) {
		return nil, wrap(errors.Errorf("there is no split %q%s", opt.Split, didyoumean.Hint(opt.Split, []string{official, split.Example})))
	}
	t.Name = fmt.Sprintf("%s (%s, %s)", name, opt.Split, how.name)
	if err := opt.Check(t.Name, t.StepShape); err != nil {
		return nil, err
	}
	s := &set{sequence: how}
	if err := s.load(root); err != nil {
		return nil, err
	}
	if t.Parts, err = s.cut(opt.Split); err != nil {
		return nil, wrap(err)
	}
	m, err := measure.Start(opt.Normalisation, opt.Normalise, t.StepShape, true)
	if err != nil {
		return nil, wrap(err)
	}
	for _, clip := range t.Parts[datasets.Train] {
		for _, k := range s.clip(clip) {
			m.Bytes(s.picture(k))
		}
	}
	t.Normalisation = m.Normalisation()
	t.Read = func(clip int, x []float32) (label, steps int, err error) {
		for _, k := range s.clip(clip) {
			t.Normalisation.Bytes(x, s.picture(k))
			x = x[side*side:]
		}
		return int(s.tags[clip]), how.steps, nil
	}
	t.Fingerprint = fmt.Sprintf("%08x%08x-%s", crc32.ChecksumIEEE(s.levels), crc32.ChecksumIEEE(s.labels), how.name)
	return datasets.New(t), nil
}

// set is a set of pictures as sequences. They stay bytes, 55 MB for 70,000.
type set struct {
	levels []byte // (pictures, 28, 28)
	labels []byte // (pictures)
	train  int    // the pictures that the authors train on come first

	sequence sequence
	pictures []int  // of the clips, one after the other
	tags     []byte // labels of the clips
}

// load reads the four files of a set, gzipped or plain.
func (s *set) load(root string) error {
	folder := idxfile.Folder{FS: os.DirFS(root), Name: root}
	for _, part := range []string{"train", "t10k"} {
		pictures, err := folder.Read(part+"-images-idx3-ubyte", func(shape []int) error {
			if len(shape) != 3 || shape[1] != side || shape[2] != side {
				return errors.Errorf("shape is %s, want (pictures, %d, %d)", dims.Dots(shape), side, side)
			}
			if shape[0] > maxPictures {
				return errors.Errorf("there are %d pictures, more than %d", shape[0], maxPictures)
			}
			return nil
		})
		if err != nil {
			return err
		}
		labels, err := folder.Tags(part+"-labels-idx1-ubyte", pictures.Shape[0], 10)
		if err != nil {
			return err
		}
		if s.train == 0 {
			s.train = len(labels)
		}
		s.levels, s.labels = append(s.levels, pictures.Data...), append(s.labels, labels...)
	}
	return nil
}

// cut cuts the pictures into parts, and makes clips of those of each.
func (s *set) cut(by string) (parts [datasets.Validation + 1][]int, err error) {
	tested := append(make([]bool, s.train), slices.Repeat([]bool{true}, len(s.labels)-s.train)...)
	if by != official {
		if tested, err = split.Cut(by, s.labels, nil); err != nil {
			return parts, err
		}
	}
	train, test := split.Parts(tested)
	for p, pictures := range [][]int{train, test} {
		tags := make([]byte, len(pictures))
		for k, i := range pictures {
			tags[k] = s.labels[i]
		}
		if s.sequence.drawn {
			pictures, tags = s.sequence.draw(pictures, s.labels, rand.New(rand.NewPCG(3, uint64(p))))
		}
		if len(tags) == 0 {
			return parts, errors.Errorf("sequence %q: the %d pictures of the %s part are too few", s.sequence.name, len([][]int{train, test}[p]), datasets.Part(p))
		}
		for range tags {
			parts[p] = append(parts[p], len(s.tags)+len(parts[p]))
		}
		s.pictures, s.tags = append(s.pictures, pictures...), append(s.tags, tags...)
	}
	return parts, nil
}

// clip lists the pictures of a clip.
func (s *set) clip(clip int) []int {
	return s.pictures[clip*s.sequence.pictures:][:s.sequence.pictures]
}

// picture returns the levels of picture i, (28, 28).
func (s *set) picture(i int) []byte { return s.levels[i*side*side:][:side*side] }

// sequence is how pictures of 28 by 28 become clips.
type sequence struct {
	name      string
	pictures  int // of a clip
	steps     int
	stepShape []int
	drawn     bool // several pictures, of which one or none is of class 0
}

// parseSequence reads what Options.Sequence says.
func parseSequence(s string) (sequence, error) {
	s = cmp.Or(s, "rows")
	kind, number, _ := strings.Cut(s, ":")
	n, err := strconv.Atoi(number)
	switch {
	case s == "rows":
		return sequence{name: s, pictures: 1, steps: side, stepShape: []int{side}}, nil
	case s == "pixels":
		return sequence{name: s, pictures: 1, steps: side * side, stepShape: []int{1}}, nil
	case kind == "bands" && err == nil && n > 0 && side%n == 0:
		return sequence{name: s, pictures: 1, steps: side / n, stepShape: []int{n, side}}, nil
	case kind == "digits" && err == nil && n > 0 && n <= preprocess.MaxValues/(side*side):
		return sequence{name: s, pictures: n, steps: n, stepShape: []int{side, side}, drawn: true}, nil
	}
	return sequence{}, errors.Errorf("there is no sequence %q; want rows, bands:4 or another divisor of %d, pixels, or digits:10 or another number", s, side)
}

// classes returns those of the clips made of pictures of the given classes.
func (q sequence) classes(of []string) []string {
	if !q.drawn {
		return of
	}
	return []string{"without " + of[0], "with " + of[0]}
}

// draw makes clips of the pictures of a part, each of which is in one at most: every
// second clip has one picture of class 0, in any place, the others have none. It
// returns the pictures of all clips, one after the other, and the label of each.
func (q sequence) draw(part []int, labels []byte, rng *rand.Rand) (clips []int, tags []byte) {
	var zeros, others []int
	for _, k := range rng.Perm(len(part)) {
		if labels[part[k]] == 0 {
			zeros = append(zeros, part[k])
		} else {
			others = append(others, part[k])
		}
	}
	pairs := min(len(others)/(2*q.pictures), len(zeros))
	clips, tags = others[:2*pairs*q.pictures], make([]byte, 2*pairs)
	for k := range pairs {
		with := 2*k + 1
		tags[with] = 1
		clips[with*q.pictures+rng.IntN(q.pictures)] = zeros[k]
	}
	return clips, tags
}
