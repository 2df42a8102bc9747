// Package actions is the data set "actions", which is part of the program: 1024 clips of
// 6 RGB frames, 48 rows by 64 columns, of animated characters from the game Flare, one of
// each of 8 actions, 16 subjects and 8 view directions. It is rendered game art on a
// black ground, not camera footage. Use it to see that a model learns and to compare
// models with each other, not to predict an accuracy on real video.
//
// Both splits divide the set by subject, and every class is equally frequent in each part:
//
//	heldout-subjects   768 train, 256 test   subjects 3, 7, 10, 14 are tested (default)
//	few-subjects       256 train, 768 test   subjects 0, 5, 8, 13 are trained on
//
// A small dense LSTM gets nearly all of heldout-subjects right, so few-subjects is the
// split that tells models apart. Each colour is normalised by what the training part has
// as stored: frames are scaled first and normalised after.
//
// The art is by Clint Bellanger and the Flare contributors, under the Creative Commons
// Attribution-ShareAlike licence 3.0 or later; README.md in this folder has the details.
package actions

import (
	"cmp"
	"context"
	"embed"
	"encoding/hex"
	"image"
	"io/fs"
	"slices"
	"strconv"
	"sync"

	"github.com/pkg/errors"
	"golang.org/x/image/draw"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/idxfile"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/internal/split"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// The licence of the frames asks that its text and the names of the authors
// travel with them, so COPYRIGHT is part of every program that holds them.
//
//go:embed COPYRIGHT frames-64x48-idx5-ubyte.gz labels-idx1-ubyte.gz subjects-idx1-ubyte.gz
var files embed.FS

const (
	name        = "actions"
	numSubjects = 16
	rgb         = 3 // colour channels of a stored frame

	framesFile   = "frames-64x48-idx5-ubyte.gz"
	labelsFile   = "labels-idx1-ubyte.gz"
	subjectsFile = "subjects-idx1-ubyte.gz"
)

var classes = []string{"stance", "run", "swing", "cast", "shoot", "block", "hit", "die"}

// training lists the subjects each split trains on.
var training = map[string][]byte{
	"heldout-subjects": {0, 1, 2, 4, 5, 6, 8, 9, 11, 12, 13, 15},
	"few-subjects":     {0, 5, 8, 13},
}

// Splits returns the names of the splits, the default first. Folds, as "fold:1/4", are of
// whole subjects.
func Splits() []string { return []string{"heldout-subjects", "few-subjects"} }

// Options say which clips are trained on, and the size of the frames.
type Options struct {
	datasets.Options

	// Height and Width are the rows and columns of the frames the model wants;
	// frames of another size are scaled, ignoring their aspect ratio. Both zero
	// means the stored size.
	Height, Width int
}

func init() {
	datasets.Register(datasets.Kind{Pattern: name, Open: func(_ context.Context, _ string, opt datasets.Options) (datasets.Set, error) {
		return Open(Options{Options: opt})
	}})
}

// Open opens the set. It returns an error when there is no such split, when only one of
// Height and Width is given, or when the options do not fit the set.
func Open(opt Options) (datasets.Set, error) {
	a, err := load()
	if err != nil {
		return nil, err
	}
	return newSet(a, opt)
}

// actions is the whole set as it is stored, 56 MB for all sets of a process.
type actions struct {
	frames           *idxfile.File // (clips, steps, rows, columns, 3)
	labels, subjects []byte        // (clips)
}

// load unpacks the embedded files, once however many sets are opened.
var load = sync.OnceValues(func() (*actions, error) { return read(files) })

func read(files fs.FS) (*actions, error) {
	folder := idxfile.Folder{FS: files, Name: name}
	frames, err := folder.Read(framesFile, func(s []int) error {
		if len(s) != 5 || s[4] != rgb {
			return errors.Errorf("shape is %s, want (clips, steps, rows, columns, %d)", dims.Dots(s), rgb)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	a := &actions{frames: frames}
	if a.labels, err = folder.Tags(labelsFile, frames.Shape[0], len(classes)); err != nil {
		return nil, err
	}
	if a.subjects, err = folder.Tags(subjectsFile, frames.Shape[0], numSubjects); err != nil {
		return nil, err
	}
	return a, nil
}

// set is a view of actions: a split and a frame size. Frames stay bytes.
type set struct {
	datasets.Set
	*actions
	clips [2][]int // index in actions of the clips of each part
}

func newSet(a *actions, opt Options) (datasets.Set, error) {
	opt.Split = cmp.Or(opt.Split, Splits()[0])
	t := datasets.Table{
		Name: name + " (" + opt.Split + ")", Classes: classes, StepShape: slices.Clone(a.frames.Shape[2:]), Steps: a.frames.Shape[1],
		Fingerprint: fingerprint(), Group: a.subject,
	}
	wrap := func(err error) error { return errors.WithMessage(err, "datasets: actions") }
	switch {
	case training[opt.Split] == nil && !split.IsFold(opt.Split):
		return nil, errors.Errorf("datasets: actions has no split %q%s", opt.Split, didyoumean.Hint(opt.Split, append(Splits(), split.Example)))
	case opt.Classes != nil && !slices.Equal(opt.Classes, classes):
		return nil, errors.Errorf("datasets: actions has the classes %s, not %s", names.List(classes), names.List(opt.Classes))
	}
	if err := preprocess.CheckFrame(opt.Height, opt.Width); err != nil {
		return nil, wrap(err)
	}
	tested, err := a.tested(opt.Split)
	if err != nil {
		return nil, wrap(err)
	}
	var scale *scaler // nil when the frames are wanted as stored
	if stored := t.StepShape; opt.Height != 0 && (opt.Height != stored[0] || opt.Width != stored[1]) {
		scale = newScaler(stored[0], stored[1], opt.Height, opt.Width)
		t.StepShape = []int{opt.Height, opt.Width, rgb}
	}
	if err := opt.Check(t.Name, t.StepShape); err != nil {
		return nil, err
	}
	train, test := split.Parts(tested)
	m, err := measure.Start(opt.Normalisation, opt.Normalise, []int{rgb}, true)
	if err != nil {
		return nil, wrap(err)
	}
	for _, clip := range train {
		m.Bytes(a.clip(clip))
	}
	t.Parts, t.Normalisation = [...][]int{train, test, nil}, m.Normalisation()
	t.Read = func(clip int, x []float32) (label, steps int, err error) {
		if levels := a.clip(clip); scale == nil {
			t.Normalisation.Bytes(x, levels)
		} else {
			scale.clip(x, levels, t.Normalisation)
		}
		return int(a.labels[clip]), t.Steps, nil
	}
	return &set{datasets.New(t), a, [2][]int{train, test}}, nil
}

// tested reports which clips are in the test part of a split.
func (a *actions) tested(of string) ([]bool, error) {
	if split.IsFold(of) {
		return split.Cut(of, a.labels, a.subject)
	}
	tested := make([]bool, len(a.subjects))
	for i, subject := range a.subjects {
		tested[i] = !slices.Contains(training[of], subject)
	}
	return tested, nil
}

// subject names the subject of a clip, as in "subject 3".
func (a *actions) subject(clip int) string { return "subject " + strconv.Itoa(int(a.subjects[clip])) }

// clip returns the levels of a clip.
func (a *actions) clip(clip int) []byte {
	n := dims.Size(a.frames.Shape[1:])
	return a.frames.Data[clip*n : (clip+1)*n]
}

// fingerprint is made of the checksums and sizes that gzip files end with.
func fingerprint() string {
	const trailer = 8
	var sums []byte
	for _, name := range []string{framesFile, labelsFile} {
		data, _ := files.ReadFile(name) // which is part of the program
		sums = append(sums, data[len(data)-trailer:]...)
	}
	return hex.EncodeToString(sums)
}

// scaler resizes frames of one size to another with bilinear interpolation:
// pixel centres are at half coordinates, and a shrinking side widens the tent
// so that no stored pixel is skipped. The result is within one of 256 levels,
// as it would be in a video scaled beforehand.
//
// The weights are computed once. A scaler is safe for concurrent use.
type scaler struct {
	draw.Scaler
	from, to image.Rectangle
}

func newScaler(fromHeight, fromWidth, toHeight, toWidth int) *scaler {
	bilinear := draw.BiLinear.NewScaler(toWidth, toHeight, fromWidth, fromHeight)
	return &scaler{bilinear, image.Rect(0, 0, fromWidth, fromHeight), image.Rect(0, 0, toWidth, toHeight)}
}

// clip scales frames of interleaved RGB bytes and normalises them into x of shape
// (frames, rows, columns, 3).
func (s *scaler) clip(x []float32, frames []byte, n preprocess.Normalisation) {
	// The draw package is fast for RGBA only, so frames gain an alpha channel, opaque.
	from, to := image.NewRGBA(s.from), image.NewRGBA(s.to)
	draw.Draw(from, s.from, image.Opaque, image.Point{}, draw.Src)
	scaled := make([]byte, s.to.Dx()*s.to.Dy()*rgb)
	const rgba = 4
	for ; len(frames) > 0; x = x[len(scaled):] {
		for at := 0; at < len(from.Pix); at += rgba {
			copy(from.Pix[at:], frames[:rgb])
			frames = frames[rgb:]
		}
		s.Scale(to, s.to, from, s.from, draw.Src, nil)
		for at, p := 0, to.Pix; len(p) >= rgba; at, p = at+rgb, p[rgba:] {
			scaled[at], scaled[at+1], scaled[at+2] = p[0], p[1], p[2]
		}
		n.Bytes(x, scaled)
	}
}
