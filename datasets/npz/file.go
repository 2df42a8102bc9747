package npz

import (
	"archive/zip"
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/internal/npy"
	"github.com/tensorzoo/tensorzoo/internal/regular"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// known are the arrays that a file may hold. Others are refused: a length array by another
// name must not be passed over.
var known = []string{"x", "y", "lengths", "classes"}

// maxClips bounds what the labels and lengths of a file take in memory, at 512 MB.
const maxClips = 1 << 26

// file is an open npz file: a zip archive of arrays. The values of x stay on disk.
type file struct {
	name   string // as errors show it
	in     io.ReaderAt
	arrays map[string]*array

	x       *array   // (clips, steps, n_1, ..., n_d)
	labels  []int32  // (clips), nil when there are none
	lengths []int32  // (clips), nil when all clips have all steps
	classes []string // nil when the file has none

	values io.ReaderAt // what the values of x are read from,
	offset int64       // from here on

	closers []func() error
}

// openFile opens a file on disk, whose y may be missing if it is unlabelled. The caller
// closes it.
func openFile(path string, unlabelled bool) (*file, error) {
	in, err := regular.Open(path)
	if err != nil {
		return nil, errors.WithMessagef(err, "datasets: %s", path)
	}
	var f *file
	info, err := in.Stat()
	if err = errors.Wrap(err, "datasets"); err == nil {
		f, err = readFile(path, in, info.Size(), unlabelled)
	}
	if err != nil {
		in.Close()
		return nil, err
	}
	f.closers = append(f.closers, in.Close)
	return f, nil
}

func (f *file) close() (err error) {
	for _, c := range f.closers {
		err = cmp.Or(err, c())
	}
	return err
}

// readFile reads everything of an archive but the values of x, which scan does. What the
// directory and the headers claim is never believed before the bytes are there.
func readFile(name string, in io.ReaderAt, size int64, unlabelled bool) (*file, error) {
	archive, err := zip.NewReader(in, size)
	if err != nil {
		return nil, errors.Wrapf(err, "datasets: %s is not an npz file, or it is cut short; write it with np.savez", name)
	}
	f := &file{name: name, in: in, arrays: map[string]*array{}}
	for _, m := range archive.File {
		name := strings.TrimSuffix(m.Name, ".npy")
		switch {
		case name == m.Name || !slices.Contains(known, name):
			return nil, f.errorf("array %q has no use here%s; rename it, or save without it", name, didyoumean.Hint(name, known))
		case f.arrays[name] != nil:
			return nil, f.errorf("array %s is there twice", name)
		}
		if f.arrays[name], err = f.array(name, m); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"x", "y"} {
		if f.arrays[name] == nil && !(name == "y" && unlabelled) {
			return nil, f.errorf("array %s is missing; save x and y with np.savez", name)
		}
	}
	f.x = f.arrays["x"]
	if err := f.checkX(); err != nil {
		return nil, err
	}
	if f.labels, err = f.integers("y", 0, maxClasses-1, fmt.Sprintf("a label is 0 to %d", maxClasses-1)); err != nil {
		return nil, err
	}
	rule := fmt.Sprintf("a clip has 1 to %d steps, those of x; correct it or leave the clip out", f.steps())
	if f.lengths, err = f.integers("lengths", 1, f.steps(), rule); err != nil {
		return nil, err
	}
	f.classes, err = f.names()
	return f, err
}

func (f *file) errorf(format string, args ...any) error {
	return errors.Errorf("datasets: %s: "+format, append([]any{f.name}, args...)...)
}

func (f *file) checkX() error {
	shape, d := f.x.Shape, f.x.Dtype
	switch {
	case !d.Is('u', 1) && (!d.Is('f', 4) || d.Big):
		return f.errorf("x is %s", d.Refused())
	case len(shape) < 3:
		return f.errorf("x has the shape %s, want (clips, steps, n_1, ..., n_d) with at least three axes; save x[..., None] for steps of one value", npy.Dims(shape))
	case slices.Contains(shape, 0) || shape[0] > maxClips:
		return f.errorf("x has the shape %s, every axis must be at least 1, and clips at most %d", npy.Dims(shape), maxClips)
	}
	return errors.WithMessagef(preprocess.CheckClip(shape[1], shape[2:]), "datasets: %s: a clip of x has", f.name)
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
	return errors.WithMessagef(preprocess.CheckClip(steps, f.x.Shape[2:]), "datasets: %s: clips are made as long as the longest", f.name)
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

// fingerprint is made of the checksums in the directory of the archive.
func (f *file) fingerprint() (s string) {
	for _, name := range []string{"x", "y", "lengths"} {
		if a := f.arrays[name]; a != nil {
			s += fmt.Sprintf("%08x", a.member.CRC32)
		}
	}
	return s
}

// scan goes through x once: it checks the values of the real steps, measures those of
// clips that are not tested, and unpacks x to a temporary file if it is packed.
func (f *file) scan(m *measure.Meter, tested []bool) error {
	var temp *os.File // what x is unpacked to, if it is packed
	start, err := f.x.member.DataOffset()
	if err != nil {
		return f.x.damaged(err)
	}
	f.values, f.offset = f.in, start+f.x.Size
	if f.x.member.Method != zip.Store {
		if temp, err = f.tempFile(); err != nil {
			return err
		}
		f.values, f.offset = temp, 0
	}
	var floats []float32
	size, first := f.x.Dtype.Size, 0
	clipLen := f.steps() * f.stepLen()
	for chunk, err := range f.x.chunks() {
		if err != nil {
			return err
		}
		if temp != nil {
			if _, err := temp.Write(chunk); err != nil {
				return f.unpacking(err)
			}
		}
		end := first + len(chunk)/size
		floats = slices.Grow(floats[:0], end-first)[:end-first]
		if size > 1 {
			npy.Floats(floats, chunk, size)
		}
		for at := first; at < end; { // the real steps of each clip that is in the chunk
			clip := at / clipLen
			of, to := m, max(at, min(end, clip*clipLen+f.length(clip)*f.stepLen()))
			if tested[clip] {
				of = nil
			}
			if values := floats[at-first : to-first]; size == 1 {
				of.Bytes(chunk[at-first : to-first])
			} else if k := measure.NotFinite(values); k >= 0 {
				return f.errorf("%s is %v, want finite numbers in all steps of a clip; leave them out, or np.nan_to_num(x)", f.x.at(at+k), values[k])
			} else {
				of.Floats(values)
			}
			at = (clip + 1) * clipLen // behind the padding
		}
		first = end
	}
	return nil
}

// read reads a clip into x, by way of chunk. It also fails when the file has changed.
func (f *file) read(clip, from int, x []float32, n preprocess.Normalisation, chunk []byte) (label, steps int, err error) {
	label, steps = -1, f.length(clip)
	if f.labels != nil {
		label = int(f.labels[clip])
	}
	size, first, end := f.x.Dtype.Size, (clip*f.steps()+from)*f.stepLen(), min(len(x), max(0, steps-from)*f.stepLen())
	for at := 0; at < end; {
		values := x[at:min(end, at+len(chunk)/size)]
		raw := chunk[:len(values)*size]
		if n, err := f.values.ReadAt(raw, f.offset+int64(first+at)*int64(size)); n < len(raw) {
			return 0, 0, errors.Wrapf(err, "datasets: %s: cannot read %s", f.name, f.x.at(first+at))
		}
		npy.Floats(values, raw, size)
		at += len(values)
	}
	n.Apply(x[:end])
	if k := measure.NotFinite(x[:end]); k >= 0 {
		return 0, 0, f.errorf("%s is not a finite float32 after normalisation; the file may have changed since it was opened", f.x.at(first+k))
	}
	clear(x[end:])
	return label, steps, nil
}

// tempFile makes a file that goes away when f is closed, or when the program is killed
// where the system can remove open files.
func (f *file) tempFile() (*os.File, error) {
	temp, err := os.CreateTemp("", "tensorzoo-*")
	if err != nil {
		return nil, f.unpacking(err)
	}
	f.closers = append(f.closers, temp.Close)
	if os.Remove(temp.Name()) != nil {
		f.closers = append(f.closers, func() error { return os.Remove(temp.Name()) })
	}
	return temp, nil
}

func (f *file) unpacking(err error) error {
	return errors.Wrapf(err, "datasets: %s: cannot unpack x; set TMPDIR to a larger disk or save with np.savez", f.name)
}
