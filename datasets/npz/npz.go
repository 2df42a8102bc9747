// Package npz opens data sets in files that numpy wrote. "npz:train.npz,test.npz" is
// two files with the arrays
//
//	x        (clips, steps, n_1, ..., n_d)   uint8 or float32
//	y        (clips)                         integers, the labels from 0
//	lengths  (clips)                         integers, the real steps of each clip; optional
//	classes  (classes)                       text, the name of each label; optional
//
// x stays on disk and is read a clip at a time; a compressed one is unpacked to a
// temporary file first. Opening reads everything once, checks it and measures the
// training part. "npz:test.npz" has no training part to measure, so that it needs
// Options.Normalisation, or a split such as fold:1/5 of its clips.
//
// docs/data.md has a complete example in Python.
package npz

import (
	"cmp"
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/internal/split"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

const (
	prefix  = "npz:" // of the names of sets
	pattern = prefix + "TRAIN.npz,TEST.npz"
)

func init() {
	datasets.Register(datasets.Kind{Pattern: pattern, Open: func(_ context.Context, name string, opt datasets.Options) (datasets.Set, error) {
		return Open(name, opt)
	}})
}

// Open opens the set called name, such as "npz:train.npz,test.npz" or "npz:test.npz".
// Without Options.Split the files are its parts. It returns an error that names the file,
// the array and the place when something is missing, damaged, or not what it should be.
func Open(name string, opt datasets.Options) (datasets.Set, error) {
	list, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return nil, errors.Errorf("datasets: %s: this is no set in npz files; want %s", name, pattern)
	}
	paths := splitPaths(list)
	switch {
	case len(paths) > 2 || slices.Contains(paths, ""):
		return nil, errors.Errorf("datasets: %q is not one or two files, as in %s; of paths with commas all files must be there", name, pattern)
	case opt.Split != "" && !split.IsFold(opt.Split):
		return nil, errors.Errorf("datasets: %s has no split %q; its files are its parts, or give folds of all clips, such as %s", name, opt.Split, split.Example)
	case len(paths) == 1 && measure.Given(opt.Normalisation, opt.Normalise) == nil && opt.Split == "":
		return nil, errors.Errorf("datasets: %s has no training file to measure the normalisation on; want %s, or a checkpoint or a split such as fold:1/5", name, pattern)
	}
	return open(name, paths, opt, false)
}

// OpenClips opens the file at path, whatever its name, as the test part of a set: clips
// for a trained model to classify, with the normalisation and the classes of its
// checkpoint. Its y may be missing; Read then returns the label -1. It returns an error
// when Open does for "npz:test.npz".
func OpenClips(path string, n preprocess.Normalisation, classes []string) (datasets.Set, error) {
	return open(prefix+path, []string{path}, datasets.Options{Normalisation: &n, Classes: classes}, true)
}

func open(name string, paths []string, opt datasets.Options, unlabelled bool) (set datasets.Set, err error) {
	var files []*file
	for _, path := range paths {
		f, failed := openFile(path, unlabelled)
		if err = failed; err != nil {
			break
		}
		files = append(files, f)
	}
	if err == nil {
		set, err = newSet(name, files, opt)
	}
	if err != nil {
		closeAll(files)
	}
	return set, err
}

func closeAll(files []*file) (err error) {
	for _, f := range files {
		err = cmp.Or(err, f.close())
	}
	return errors.WithMessage(err, "datasets")
}

// splitPaths splits a list of files at the comma between them. A path may have commas
// too: the one that counts has a file on either side.
func splitPaths(files string) []string {
	for at, c := range files {
		if c == ',' && isThere(files[:at]) && isThere(files[at+1:]) {
			return []string{files[:at], files[at+1:]}
		}
	}
	if isThere(files) {
		return []string{files}
	}
	return strings.Split(files, ",") // some are missing
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// newSet makes a set of files, those of the training and the test part, or of the test
// part alone. Labels and lengths are in memory, the values are read from disk a clip at a
// time. Clips are numbered on from file to file. With an error the caller closes them.
func newSet(name string, files []*file, opt datasets.Options) (_ datasets.Set, err error) {
	test := files[len(files)-1]
	t := datasets.Table{Name: name, StepShape: test.x.Shape[2:]}
	var prints []string
	var tested []bool
	var labels []int32
	for _, f := range files {
		t.Steps, prints = max(t.Steps, f.steps()), append(prints, f.fingerprint())
		tested, labels = append(tested, slices.Repeat([]bool{f == test}, f.clips())...), append(labels, f.labels...)
	}
	t.Fingerprint = strings.Join(prints, "-")
	if err := test.fits(files[0], t.Steps); err != nil {
		return nil, err
	}
	if err := opt.Check(name, t.StepShape); err != nil {
		return nil, err
	}
	if t.Classes, err = classesOf(files, opt); err != nil {
		return nil, err
	}
	if opt.Split != "" {
		t.Name += " (" + opt.Split + ")"
		if tested, err = split.Cut(opt.Split, labels, nil); err != nil {
			return nil, errors.WithMessagef(err, "datasets: %s", name)
		}
	}
	t.Parts[datasets.Train], t.Parts[datasets.Test] = split.Parts(tested)
	m, err := measure.Start(opt.Normalisation, opt.Normalise, t.StepShape, test.x.Dtype.Size == 1)
	if err != nil {
		return nil, errors.WithMessagef(err, "datasets: %s", name)
	}
	for _, f := range files {
		if err := f.scan(m, tested[:f.clips()]); err != nil {
			return nil, err
		}
		tested = tested[f.clips():]
	}
	t.Normalisation = m.Normalisation()
	chunks := sync.Pool{New: func() any { return new([chunk]byte) }}
	at := func(clip int) (f *file, k int) {
		if n := files[0].clips(); clip >= n {
			return files[1], clip - n
		}
		return files[0], clip
	}
	t.Length = func(clip int) int {
		f, k := at(clip)
		return f.length(k)
	}
	t.Window = func(clip, from int, x []float32) (label, steps int, err error) {
		f, k := at(clip)
		chunk := chunks.Get().(*[chunk]byte)
		defer chunks.Put(chunk)
		return f.read(k, from, x, t.Normalisation, chunk[:])
	}
	t.Read = func(clip int, x []float32) (label, steps int, err error) { return t.Window(clip, 0, x) }
	t.Close = sync.OnceValue(func() error { return closeAll(files) }) // a Read under way fails
	return datasets.New(t), nil
}

// classesOf takes the names of a checkpoint, those of the first file, or numbers, and
// compares them with the files.
func classesOf(files []*file, opt datasets.Options) (classes []string, err error) {
	first := files[0]
	switch {
	case opt.Classes != nil:
		classes = slices.Clone(opt.Classes)
	case first.classes != nil:
		classes = first.classes
	case len(files) == 1 && opt.Split == "":
		return nil, first.errorf("there are no classes; save their names as classes, or give the Classes of a checkpoint")
	default:
		most := slices.Max(first.labels)
		if clips := len(first.labels); int(most) >= max(2, clips) {
			// One wrong label would make thousands of classes that have no clip.
			return nil, first.errorf("y[%d] is %d, but there are %d clips; number the classes from 0, or save their names as classes", slices.Index(first.labels, most), most, clips)
		}
		for k := range int(most) + 1 {
			classes = append(classes, strconv.Itoa(k))
		}
	}
	for _, f := range files {
		if f.classes != nil && !names.Equal(f.classes, classes) {
			return nil, f.errorf("classes are %s, want %s, as in the checkpoint or the first file", names.List(f.classes), names.List(classes))
		}
		for i, label := range f.labels {
			if n := len(classes); int(label) >= n {
				return nil, f.errorf("y[%d] is %d, but there are %d classes, 0 to %d; correct it, or add its name to classes", i, label, n, n-1)
			}
		}
	}
	return classes, nil
}
