package npz

import (
	"math"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/internal/npy"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

const (
	maxClasses    = preprocess.MaxClasses
	maxClassBytes = 16 << 20

	// maxClips bounds what the labels and lengths of a file take in memory, at 512 MB.
	maxClips = 1 << 26
)

// read reads everything but the values of x, which scan does.
func (f *file) read() (err error) {
	there := slices.DeleteFunc(slices.Clone(arrays), func(name string) bool { return f.members[name] == nil })
	for _, name := range []string{"x", "y"} {
		if f.members[name] == nil && !(name == "y" && f.unlabelled) {
			if len(there) == 0 {
				there = []string{"none"}
			}
			return f.errorf("array %s is missing, those there are: %s", name, names.List(there))
		}
	}
	if f.x, err = f.array("x"); err != nil {
		return err
	}
	if err := f.checkX(); err != nil {
		return err
	}
	f.labels, err = f.integers("y", func(v int64) error {
		switch {
		case v < 0:
			return errors.New("a label is at least 0")
		case v >= maxClasses:
			return errors.Errorf("a label is less than %d", maxClasses)
		}
		return nil
	})
	if err != nil {
		return err
	}
	steps := int64(f.steps())
	f.lengths, err = f.integers("lengths", func(v int64) error {
		if v < 1 || v > steps {
			return errors.Errorf("a clip has 1 to %d steps, those of x; correct it or leave the clip out", steps)
		}
		return nil
	})
	if err != nil {
		return err
	}
	classes, err := f.array("classes")
	if err == nil && classes != nil {
		f.classes, err = classes.names()
	}
	return err
}

func (f *file) checkX() error {
	shape, d := f.x.Shape, f.x.Dtype
	switch {
	case d.Is('f', 4) && d.Big:
		return f.errorf("x is big-endian; save x.astype('<f4')")
	case d.Kind == 'f' && d.Size != 4:
		return f.errorf("x is %v; save x.astype('float32')", d)
	case d.Kind == 'c':
		return f.errorf("x is %v; save np.stack([x.real, x.imag], axis=-1).astype('float32')", d)
	case d.Text():
		return f.errorf("x is text, want numbers, uint8 or float32")
	case d.Kind != 'f' && !d.Is('u', 1):
		return f.errorf("x is %v; save x.astype('float32'), or x.astype('uint8') for levels from 0 to 255", d)
	case len(shape) < 3:
		return f.errorf("x has the shape %s, want (clips, steps, n_1, ..., n_d) with at least three axes; save x[..., None] for steps of one value", npy.Dims(shape))
	case slices.Contains(shape, 0):
		return f.errorf("x has the shape %s, every axis must be at least 1", npy.Dims(shape))
	case shape[0] > maxClips:
		return f.errorf("x has %d clips, more than %d", shape[0], maxClips)
	}
	if err := preprocess.CheckClip(shape[1], shape[2:]); err != nil {
		return f.errorf("a clip of x has the shape %s: %v", npy.Dims(shape[1:]), err)
	}
	return nil
}

// fits compares a test file with the training file, which may be the same. steps is the
// number of those of the longest clip of both.
func (f *file) fits(train *file, steps int) error {
	if a, b := train.x.Dtype.String(), f.x.Dtype.String(); a != b {
		return f.errorf("x is %s, but %s in %s; save the same dtype in both", b, a, train.name)
	}
	if a, b := train.x.Shape[2:], f.x.Shape[2:]; !slices.Equal(a, b) {
		return f.errorf("a step of x has the shape %s, but %s in %s; save the same in both", npy.Dims(b), npy.Dims(a), train.name)
	}
	if err := preprocess.CheckClip(steps, f.x.Shape[2:]); err != nil {
		return f.errorf("clips are made as long as the longest: %v", err)
	}
	return nil
}

func (f *file) clips() int { return f.x.Shape[0] }
func (f *file) steps() int { return f.x.Shape[1] }

// stepLen is the number of values of a step.
func (f *file) stepLen() int { return dims.Size(f.x.Shape[2:]) }

// length is the number of steps that clip i really has.
func (f *file) length(i int) int {
	if f.lengths == nil {
		return f.steps()
	}
	return int(f.lengths[i])
}

// label is that of clip i, -1 where there are none.
func (f *file) label(i int) int {
	if f.labels == nil {
		return -1
	}
	return int(f.labels[i])
}

// integers reads an array of one integer for each clip, nil if there is none. It returns
// what check does with a value it refuses, the place of the value in front.
func (f *file) integers(name string, check func(v int64) error) (all []int32, err error) {
	a, err := f.array(name)
	if a == nil || err != nil {
		return nil, err
	}
	if err := a.perClip(f.clips()); err != nil {
		return nil, err
	}
	err = a.each(func(i int, value []byte) error {
		v := a.Dtype.Int(value)
		all = append(all, int32(v)) // grows with the values, not with the claim
		return errors.WithMessagef(check(v), "datasets: %s: %s is %d", f.name, a.at(i), v)
	})
	return all, err
}

// perClip checks that a holds one integer for each clip.
func (a *array) perClip(clips int) error {
	d := a.Dtype
	switch {
	case len(a.Shape) != 1:
		advice := ""
		if dims.Size(a.Shape) == clips {
			advice = "; save " + a.name + ".ravel()"
		} else if a.name == "y" && len(a.Shape) == 2 && a.Shape[1] > 1 && !d.Text() {
			advice = "; if its rows are one-hot, save y.argmax(axis=1)"
		}
		return a.errorf(" has the shape %s, want one axis, an integer for each clip%s", npy.Dims(a.Shape), advice)
	case d.Integer() && a.Shape[0] != clips:
		return a.errorf(" has %d values, x has %d clips; save one for each", a.Shape[0], clips)
	case d.Integer():
		return nil
	}
	// A cast is no answer where labels are text or measured numbers.
	switch {
	case a.name != "y":
	case d.Text():
		return a.errorf(" is text; write classes, y = np.unique(y, return_inverse=True), and save both")
	case d.Kind == 'c':
		return a.errorf(" is %v, want the number of a class for each clip", d)
	case d.Is('f', 2), d.Is('f', 4), d.Is('f', 8):
		if err := a.whole(); err != nil {
			return err
		}
	}
	return a.errorf(" is %v; save %s.astype('int64')", d, a.name)
}

// whole returns an error for the first label that is not a whole number.
func (a *array) whole() error {
	return a.each(func(i int, value []byte) error {
		switch v := a.Dtype.Float(value); {
		case math.IsNaN(v) || math.IsInf(v, 0):
			return a.file.errorf("%s is %v, want the number of a class for each clip; leave out those that have none", a.at(i), v)
		case v != math.Trunc(v):
			return a.file.errorf("%s is %v, and labels are the numbers of classes: regression is not supported; make classes of ranges, with np.digitize(y, edges)", a.at(i), v)
		}
		return nil
	})
}

// names reads the names of the classes: a one-dimensional array of text, each
// padded with zeros.
func (a *array) names() ([]string, error) {
	switch {
	case !a.Dtype.Text():
		return nil, a.errorf(" is %v, want text, as in np.array(['walk', 'run'])", a.Dtype)
	case len(a.Shape) != 1:
		return nil, a.errorf(" has the shape %s, want one axis of names", npy.Dims(a.Shape))
	case a.Shape[0] < 2 || a.Shape[0] > maxClasses:
		return nil, a.errorf(" has %d names, want 2 to %d", a.Shape[0], maxClasses)
	case a.member.UncompressedSize64 > maxClassBytes:
		return nil, a.errorf(" has %d bytes, more than %d", a.member.UncompressedSize64, maxClassBytes)
	}
	classes := make([]string, a.Shape[0])
	err := a.each(func(i int, value []byte) error {
		classes[i] = a.Dtype.Name(value)
		return nil
	})
	if err != nil {
		return nil, err
	}
	switch i, first, err := names.CheckAll(classes); {
	case err != nil:
		return nil, a.file.errorf("%s: %v; give the class another name", a.at(i), err)
	case first < i:
		return nil, a.file.errorf("%s is %q, as %s is; give every class its own name", a.at(i), classes[i], a.at(first))
	}
	return classes, nil
}
