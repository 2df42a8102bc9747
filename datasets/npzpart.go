package datasets

import (
	"fmt"
	"io"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

// npzPart is one npz file as a part of a set. The values of x stay on disk.
type npzPart struct {
	*npzFile
	x       *npzArray // (clips, steps, n_1, ..., n_d)
	labels  []int32   // (clips), nil when there are none
	lengths []int32   // (clips), nil when all clips have all steps
	classes []string  // nil when the file has none
	tested  []bool    // (clips), of a set cut into folds: those that are not measured

	values io.ReaderAt // what the values of x are read from,
	offset int64       // from here on
	temp   *tempFile   // what x was unpacked to, if it was packed
}

// maxClips bounds what the labels and lengths of a file take in memory, at 512 MB.
const maxClips = 1 << 26

// readPart reads everything but the values of x, which scan does.
func (f *npzFile) readPart() (*npzPart, error) {
	p := &npzPart{npzFile: f}
	for _, name := range []string{"x", "y"} {
		if f.arrays[name] == nil && !(name == "y" && f.unlabelled) {
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
			return errors.Errorf("a clip has 1 to %d steps, those of x; correct it or leave the clip out", steps)
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
	case d.kind == 'c':
		return p.errorf("x is %v; save np.stack([x.real, x.imag], axis=-1).astype('float32')", d)
	case d.kind == 'U' || d.kind == 'S':
		return p.errorf("x is text, want numbers, uint8 or float32")
	default:
		return p.errorf("x is %v; save x.astype('float32'), or x.astype('uint8') for levels from 0 to 255", d)
	}
	switch {
	case len(shape) < 3:
		return p.errorf("x has the shape (%s), want (clips, steps, n_1, ..., n_d) with at least three axes; save x[..., None] for steps of one value", times(shape))
	case slices.Contains(shape, 0):
		return p.errorf("x has the shape (%s), every axis must be at least 1", times(shape))
	}
	if shape[0] > maxClips {
		return p.errorf("x has %d clips, more than %d", shape[0], maxClips)
	}
	if err := preprocess.CheckClip(shape[1], shape[2:]); err != nil {
		return p.errorf("a clip of x has the shape (%s): %v", times(shape[1:]), err)
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

// label is that of clip i, -1 where there are none.
func (p *npzPart) label(i int) int {
	if p.labels == nil {
		return -1
	}
	return int(p.labels[i])
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

func (p *npzPart) closeFiles() error {
	err := p.close()
	if p.temp != nil {
		if e := p.temp.Close(); err == nil {
			err = e
		}
	}
	return errors.WithMessage(err, "datasets")
}
