package datasets

import (
	"archive/zip"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

// meter measures the values of the training part.
type meter struct {
	levels *preprocess.Levels // of bytes
	values *preprocess.Values // of float32
}

// maxChannels bounds what a meter needs for each of its channels. A checkpoint
// has to hold their statistics, too.
const maxChannels = 1 << 20

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
	var floats []float32 // the chunk, when it is not bytes
	size, first := p.x.dtype.size, 0
	return p.x.scan(func(chunk []byte) error {
		if p.temp != nil {
			if _, err := p.temp.Write(chunk); err != nil {
				return errors.Wrapf(err, "datasets: %s: cannot unpack x to %d bytes; set TMPDIR to a larger disk or save with np.savez", p.name, p.x.member.UncompressedSize64)
			}
		}
		n := len(chunk) / size
		floats = slices.Grow(floats[:0], n)
		err := p.forReal(first, n, func(from, to int) error {
			m := m
			if p.tested != nil && p.tested[from/(p.steps()*p.stepLen())] {
				m = nil
			}
			return p.measure(m, from, chunk[(from-first)*size:(to-first)*size], floats[:to-from])
		})
		first += n
		return err
	})
}

// measure checks and measures a run of values of x that starts with number
// from. It has room for them as floats.
func (p *npzPart) measure(m *meter, from int, run []byte, floats []float32) error {
	if p.x.dtype.size == 1 {
		if m != nil {
			m.levels.Add(run)
		}
		return nil
	}
	p.x.dtype.floats(floats, run)
	if k := notFinite(floats); k >= 0 {
		return p.errorf("%s is %v, want finite numbers in all steps of a clip; leave them out, or np.nan_to_num(x)", p.x.at(from+k), floats[k])
	}
	if m != nil {
		m.values.Add(floats)
	}
	return nil
}

// forReal calls f for each run of values of real steps, as opposed to padding,
// among the n values of x from number first on. A run is within a clip where clips
// differ.
func (p *npzPart) forReal(first, n int, f func(from, to int) error) error {
	if p.lengths == nil && p.tested == nil {
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
