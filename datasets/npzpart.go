package datasets

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

// npzPart is one npz file as a part of a set. The values of x stay on disk.
type npzPart struct {
	*npzFile
	x       *npzArray // (clips, steps, n_1, ..., n_d)
	labels  []int32   // (clips)
	lengths []int32   // (clips), nil when all clips have all steps
	classes []string  // nil when the file has none

	values io.ReaderAt // what the values of x are read from,
	offset int64       // from here on
	temp   *tempFile   // what x was unpacked to, if it was packed
}

// readPart reads everything but the values of x, which scan does.
func (f *npzFile) readPart() (*npzPart, error) {
	p := &npzPart{npzFile: f}
	for _, name := range []string{"x", "y"} {
		if f.arrays[name] == nil {
			return nil, f.errorf("array %s is missing, those there are: %s", name, list(f.names()))
		}
	}
	var err error
	if p.x, err = f.array("x"); err != nil {
		return nil, err
	}
	if err := p.checkX(); err != nil {
		return nil, err
	}
	p.labels, err = p.integers("y", func(v int64) error {
		switch {
		case v < 0:
			return errors.New("a label is at least 0")
		case v >= maxClasses:
			return errors.Errorf("a label is less than %d", maxClasses)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	steps := int64(p.steps())
	p.lengths, err = p.integers("lengths", func(v int64) error {
		if v < 1 || v > steps {
			return errors.Errorf("a clip has 1 to %d steps, those of x", steps)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	names, err := f.array("classes")
	if err == nil && names != nil {
		p.classes, err = names.names()
	}
	return p, err
}

// names returns the arrays that are there.
func (f *npzFile) names() []string {
	var names []string
	for _, name := range npzArrays {
		if f.arrays[name] != nil {
			names = append(names, name)
		}
	}
	if names == nil {
		return []string{"none"}
	}
	return names
}

func (p *npzPart) integers(name string, check func(v int64) error) ([]int32, error) {
	a, err := p.array(name)
	if a == nil || err != nil {
		return nil, err
	}
	if err := a.perClip(p.clips()); err != nil {
		return nil, err
	}
	return a.integers(check)
}

func (p *npzPart) checkX() error {
	shape, d := p.x.shape, p.x.dtype
	switch {
	case d.kind == 'f' && d.size == 4 && d.big:
		return p.errorf("x is big-endian; save x.astype('<f4')")
	case d.kind == 'f' && d.size == 4, d.kind == 'u' && d.size == 1:
	case d.kind == 'f':
		return p.errorf("x is %v; save x.astype('float32')", d)
	default:
		return p.errorf("x is %v; save x.astype('float32'), or x.astype('uint8') for levels from 0 to 255", d)
	}
	switch {
	case len(shape) < 3:
		return p.errorf("x has the shape (%s), want (clips, steps, n_1, ..., n_d) with at least three axes; save x[..., None] for steps of one value", times(shape))
	case slices.Contains(shape, 0):
		return p.errorf("x has the shape (%s), every axis must be at least 1", times(shape))
	}
	room := maxBatchLen
	for _, n := range shape[1:] {
		if room /= n; room == 0 {
			return p.errorf("a clip of x has the shape (%s), more than %d values", times(shape[1:]), maxBatchLen)
		}
	}
	return nil
}

func (p *npzPart) clips() int { return p.x.shape[0] }
func (p *npzPart) steps() int { return p.x.shape[1] }

// stepLen is the number of values of a step.
func (p *npzPart) stepLen() int { return product(p.x.shape[2:]) }

// length is the number of steps that clip i really has.
func (p *npzPart) length(i int) int {
	if p.lengths == nil {
		return p.steps()
	}
	return int(p.lengths[i])
}

// fingerprint is made of the checksums in the directory of the archive.
func (p *npzPart) fingerprint() string {
	var s string
	for _, name := range []string{"x", "y", "lengths"} {
		if m := p.arrays[name]; m != nil {
			s += fmt.Sprintf("%08x", m.CRC32)
		}
	}
	return s
}

// meter measures the values of the training part.
type meter struct {
	levels *preprocess.Levels // of bytes
	values *preprocess.Values // of float32
}

// scan goes through x once: it checks the values of the real steps, measures
// them unless m is nil, and unpacks x to a temporary file if it is packed.
func (p *npzPart) scan(m *meter) error {
	if p.x.member.Method == zip.Store {
		start, err := p.x.member.DataOffset()
		if err != nil {
			return p.damaged("x", err)
		}
		p.values, p.offset = p.file, start+p.x.size
	} else {
		temp, err := newTempFile()
		if err != nil {
			return errors.Wrapf(err, "datasets: %s: cannot unpack x; set TMPDIR to another folder or save with np.savez", p.name)
		}
		p.temp, p.values = temp, temp
	}
	size := p.x.dtype.size
	var floats []float32 // the chunk, when it is not bytes
	first := 0           // number of the first value of the chunk
	return p.x.scan(func(chunk []byte) error {
		if p.temp != nil {
			if _, err := p.temp.Write(chunk); err != nil {
				return errors.Wrapf(err, "datasets: %s: cannot unpack x to %d bytes; set TMPDIR to a larger disk or save with np.savez", p.name, p.x.member.UncompressedSize64)
			}
		}
		n := len(chunk) / size
		err := p.forReal(first, n, func(from, to int) error {
			real := chunk[(from-first)*size : (to-first)*size]
			if size == 1 {
				if m != nil {
					m.levels.Add(real)
				}
				return nil
			}
			floats = slices.Grow(floats[:0], to-from)
			values := floats[:to-from]
			p.x.dtype.floats(values, real)
			if k := notFinite(values); k >= 0 {
				return p.errorf("%s is %v, want finite numbers in all steps of a clip", p.x.at(from+k), values[k])
			}
			if m != nil {
				m.values.Add(values)
			}
			return nil
		})
		first += n
		return err
	})
}

// forReal calls f for each run of values of real steps, as opposed to padding,
// among the n values of x from number first on.
func (p *npzPart) forReal(first, n int, f func(from, to int) error) error {
	if p.lengths == nil {
		return f(first, first+n)
	}
	stepLen := p.stepLen()
	clipLen := p.steps() * stepLen
	for at := first; at < first+n; {
		clip := at / clipLen
		end := clip*clipLen + p.length(clip)*stepLen
		if at < end {
			if err := f(at, min(end, first+n)); err != nil {
				return err
			}
		}
		at = (clip + 1) * clipLen
	}
	return nil
}

func (p *npzPart) closeFiles() error {
	err := p.close()
	if p.temp != nil {
		if e := p.temp.Close(); err == nil {
			err = e
		}
	}
	return errors.WithMessage(err, "datasets")
}

// tempFile is a file that goes away when it is closed, or when the program is
// killed where the system can remove open files.
type tempFile struct {
	*os.File
	removed bool
}

func newTempFile() (*tempFile, error) {
	f, err := os.CreateTemp("", "tensorzoo-*")
	if err != nil {
		return nil, err
	}
	return &tempFile{File: f, removed: os.Remove(f.Name()) == nil}, nil
}

func (f *tempFile) Close() error {
	err := f.File.Close()
	if !f.removed {
		f.removed = true
		if e := os.Remove(f.Name()); err == nil {
			err = e
		}
	}
	return err
}
