// Package features opens "features:DIR": features of videos, one .npy file per clip, an
// array (steps, features) of float32 such as the output of a CNN for each frame.
//
// Files lie in folders of their classes, or as the videos of UCF11, HMDB51 or YouTube
// Celebrities do, whose splits then apply; see package video. A file that cannot be read
// is a datasets.SkipError. docs/features.md shows how to make them.
package features

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/internal/clipfiles"
	"github.com/tensorzoo/tensorzoo/internal/layout"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/internal/npy"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Options say which steps are taken.
type Options struct {
	datasets.Options

	// Steps is the number of steps taken of a clip, which has steps of zeros in front if
	// there are fewer. AllSteps, or 0, takes all: clips keep their own lengths.
	Steps int

	// Sample says which: "random" (also ""), drawn once for each clip and sorted by time,
	// or "even", evenly spaced.
	Sample string

	// TestOnly leaves the training part empty, so that none of its files are read. It
	// needs Normalisation if that would be measured.
	TestOnly bool

	// MaxBad is the fraction of the clips that may be damaged, and are left out, before
	// reading fails; 0 means 0.01, and a negative number none. OnBad, which may be nil, is
	// called for each of them, by one goroutine at a time, which must not use the set.
	MaxBad float64
	OnBad  func(path string, err error)
}

// kind starts the names of sets.
const kind = "features:"

func init() {
	datasets.Register(datasets.Kind{Pattern: kind + "DIR", Open: func(ctx context.Context, name string, opt datasets.Options) (datasets.Set, error) {
		return Open(ctx, name, Options{Options: opt})
	}})
}

// Open opens the set called name, "features:DIR". Files are read when their clip is asked
// for, and only the steps that are taken. It returns an error when there is no such set
// or split, when the options do not fit it, when more files than MaxBad are damaged, and
// ctx's error when ctx is done.
func Open(ctx context.Context, name string, opt Options) (datasets.Set, error) {
	s, err := open(ctx, name, opt)
	if err != nil {
		return nil, err
	}
	return s.Set, nil // itself, whose Window datasets knows
}

func open(ctx context.Context, name string, opt Options) (*set, error) {
	if !strings.HasPrefix(name, kind) {
		return nil, errors.Errorf("datasets: %s: this is no set of features; want %sDIR", name, kind)
	}
	clips, err := clipfiles.Open(name, layout.Features, clipfiles.Options{
		Options: opt.Options, TestOnly: opt.TestOnly, MaxBad: opt.MaxBad, OnBad: opt.OnBad,
		Sampling: preprocess.Sampling{Steps: cmp.Or(opt.Steps, preprocess.AllSteps), Sample: opt.Sample},
	})
	if err != nil {
		return nil, errors.WithMessagef(err, "datasets: %s", name)
	}
	s := &set{Files: clips}
	t := &clips.Table
	if err := s.survey(ctx); err != nil {
		return nil, err
	}
	if err := opt.Check(t.Name, t.StepShape); err != nil {
		return nil, err
	}
	m, err := measure.Start(opt.Normalisation, opt.Normalise, t.StepShape, false)
	if err != nil {
		return nil, errors.WithMessagef(err, "datasets: %s", t.Name)
	}
	if m.On() {
		x := make([]float32, min(t.Steps, 1+measured/s.features)*s.features)
		err := clipfiles.Each(ctx, t.Parts[datasets.Train], func(k int) error {
			if err := s.through(k, x, func([]float32) error { return nil }); err != nil { // before any of it is measured
				return err
			}
			return s.through(k, x, func(values []float32) error {
				m.Floats(values)
				return nil
			})
		})
		if err != nil {
			return nil, err
		}
	}
	s.Table.Normalisation = m.Normalisation()
	t.Read = s.read
	if t.Sampling.Steps == preprocess.AllSteps {
		t.Window, t.Length = s.window, s.length
	}
	t.Fingerprint = clips.Print(fmt.Sprint(t.Sampling.Steps, t.Sampling.Sample))
	s.Set = datasets.New(*t)
	return s, nil
}

// measured is the number of values that are in memory while all are measured.
const measured = 1 << 18

// set is a set of arrays on disk.
type set struct {
	datasets.Set
	*clipfiles.Files
	features int
	lengths  []int // of each clip in its file; 0 of a damaged one
}

// survey reads the headers of the files of both parts. A clip has as many features as
// most have.
func (s *set) survey(ctx context.Context) error {
	s.lengths = make([]int, len(s.Paths))
	widths, votes := make([]int, len(s.Paths)), map[int]int{}
	err := clipfiles.Each(ctx, s.Used(), func(k int) error {
		a, err := npy.OpenRows(s.Paths[k])
		if err != nil {
			return s.Damaged(k, err)
		}
		s.lengths[k], widths[k] = a.Steps, a.Features
		votes[a.Features]++
		return a.Close()
	})
	if err != nil {
		return err
	}
	for width, n := range votes {
		if n > votes[s.features] || n == votes[s.features] && width < s.features {
			s.features = width
		}
	}
	longest := 0
	err = clipfiles.Each(ctx, s.Used(), func(k int) error {
		if s.lengths[k] > 0 && widths[k] != s.features {
			s.lengths[k] = 0
			return s.Damaged(k, errors.Errorf("it has %d features a step, and most clips have %d", widths[k], s.features))
		}
		longest = max(longest, s.lengths[k])
		return nil
	})
	if err != nil {
		return err
	}
	t := &s.Table
	if longest == 0 {
		return errors.Errorf("datasets: %s: no clip can be read", t.Name)
	}
	t.StepShape, t.Steps = []int{s.features}, t.Sampling.Steps
	if t.Steps == preprocess.AllSteps {
		t.Steps = longest
	}
	return errors.WithMessagef(preprocess.CheckClip(t.Steps, t.StepShape), "datasets: %s: a clip has", t.Name)
}

// read reads the file of the clip. The error of a damaged one is a SkipError, as long
// as there are few of them.
func (s *set) read(k int, x []float32) (label, steps int, err error) {
	front := 0
	if s.Table.Sampling.Steps != preprocess.AllSteps { // padded in front, as videos are; else lengths tell
		front = max(0, s.Table.Steps-s.lengths[k])
	}
	values := x[front*s.features:]
	if steps, err = s.rows(k, 0, values); err != nil {
		return 0, 0, err
	}
	clear(x[:front*s.features])
	clear(values[steps*s.features:])
	return s.Table.Label(k), front + steps, s.normalise(k, 0, values[:steps*s.features])
}

// length is the Length of a set of which all steps are taken. A damaged clip is left out of its
// batch; it has the longest's, so that it reorders no clips of one length.
func (s *set) length(k int) int { return cmp.Or(s.lengths[k], s.Table.Steps) }

// normalise normalises values of clip k, which begin at one of the steps taken.
func (s *set) normalise(k, from int, values []float32) error {
	s.Table.Normalisation.Apply(values)
	if at := measure.NotFinite(values); at >= 0 {
		return s.Damaged(k, errors.Errorf("feature %d of step %d of those taken is not a finite float32 after normalisation", at%s.features, from+at/s.features))
	}
	return nil
}

// window is the Window of a set of which all steps are taken. Before the first ones of a clip
// it reads all, so that a damaged clip is left out as a whole.
func (s *set) window(k, from int, x []float32) (label, steps int, err error) {
	if at := 0; from == 0 {
		err := s.through(k, x, func(values []float32) error {
			err := s.normalise(k, at, values)
			at += len(values) / s.features
			return err
		})
		if err != nil {
			return 0, 0, err
		}
	}
	if steps, err = s.rows(k, from, x); err != nil {
		return 0, 0, err
	}
	there := min(len(x), max(0, steps-from)*s.features)
	clear(x[there:])
	return s.Table.Label(k), steps, s.normalise(k, from, x[:there])
}

// through reads the steps that are taken of clip k into x, as many at a time as it has room
// for, and calls do with the values of each time.
func (s *set) through(k int, x []float32, do func(values []float32) error) error {
	room := len(x) / s.features
	for from, steps := 0, 1; from < steps; from += room {
		var err error
		if steps, err = s.rows(k, from, x); err != nil {
			return err
		}
		if err := do(x[:min(room, steps-from)*s.features]); err != nil {
			return err
		}
	}
	return nil
}

// rows reads the steps that are taken of clip k, from one on, into x, as many as it has room
// for, and returns the number of all that are taken.
func (s *set) rows(k, from int, x []float32) (steps int, err error) {
	if err := s.Known(k); err != nil {
		return 0, err
	}
	a, err := npy.OpenRows(s.Paths[k])
	if err != nil {
		return 0, s.Damaged(k, err)
	}
	defer a.Close()
	if a.Steps != s.lengths[k] || a.Features != s.features {
		return 0, s.Damaged(k, errors.Errorf("its shape is %s now, it has changed since the set was opened", npy.Dims([]int{a.Steps, a.Features})))
	}
	rng := clipfiles.Generator(clipfiles.Seed(s.Paths[k]), 0)
	rows, steps := clipfiles.Window(a.Steps, from, len(x)/s.features, *s.Table.Sampling, rng)
	if err := a.Take(rows, x); err != nil {
		return 0, s.Damaged(k, err)
	}
	return steps, nil
}
