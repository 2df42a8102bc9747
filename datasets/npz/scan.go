package npz

import (
	"archive/zip"
	"os"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/internal/npy"
)

// scan goes through x once: it checks the values of the real steps, measures those of
// clips that are not tested, and unpacks x to a temporary file if it is packed.
func (f *file) scan(m *measure.Meter, tested []bool) error {
	var temp *os.File // what x is unpacked to, if it is packed
	start, err := f.x.member.DataOffset()
	if err != nil {
		return f.damaged("x", err)
	}
	f.values, f.offset = f.in, start+f.x.Size
	if f.x.member.Method != zip.Store {
		if temp, err = f.tempFile(); err != nil {
			return err
		}
		f.values, f.offset = temp, 0
	}
	var floats []float32 // the chunk, when it is not bytes
	size, first := f.x.Dtype.Size, 0
	clipLen := f.steps() * f.stepLen()
	return f.x.scan(func(chunk []byte) error {
		if temp != nil {
			if _, err := temp.Write(chunk); err != nil {
				return errors.Wrapf(err, "datasets: %s: cannot unpack x to %d bytes; set TMPDIR to a larger disk or save with np.savez", f.name, f.x.member.UncompressedSize64)
			}
		}
		n := len(chunk) / size
		floats = slices.Grow(floats[:0], n)
		for at, end := first, first+n; at < end; { // the real steps of each clip that is in the chunk
			clip, of := at/clipLen, m
			if tested[clip] {
				of = nil
			}
			if to := min(end, clip*clipLen+f.length(clip)*f.stepLen()); at < to {
				if err := f.measure(of, at, chunk[(at-first)*size:(to-first)*size], floats[:to-at]); err != nil {
					return err
				}
			}
			at = (clip + 1) * clipLen // behind the padding
		}
		first += n
		return nil
	})
}

// measure checks and measures a run of values of x that starts with number
// from. It has room for them as floats.
func (f *file) measure(m *measure.Meter, from int, run []byte, floats []float32) error {
	if f.x.Dtype.Size == 1 {
		m.Bytes(run)
		return nil
	}
	npy.Floats(floats, run, f.x.Dtype.Size)
	if k := measure.NotFinite(floats); k >= 0 {
		return f.errorf("%s is %v, want finite numbers in all steps of a clip; leave them out, or np.nan_to_num(x)", f.x.at(from+k), floats[k])
	}
	m.Floats(floats)
	return nil
}

// readAt reads the values of x from number first on, by way of chunk.
func (f *file) readAt(dst []float32, first int, chunk []byte) error {
	size := f.x.Dtype.Size
	for len(dst) > 0 {
		piece := dst[:min(len(dst), len(chunk)/size)]
		raw := chunk[:len(piece)*size]
		if n, err := f.values.ReadAt(raw, f.offset+int64(first)*int64(size)); n < len(raw) {
			return errors.Wrapf(err, "datasets: %s: cannot read %s", f.name, f.x.at(first))
		}
		npy.Floats(piece, raw, size)
		dst, first = dst[len(piece):], first+len(piece)
	}
	return nil
}

// tempFile makes a file that goes away when f is closed, or when the program is killed
// where the system can remove open files.
func (f *file) tempFile() (*os.File, error) {
	temp, err := os.CreateTemp("", "tensorzoo-*")
	if err != nil {
		return nil, errors.Wrapf(err, "datasets: %s: cannot unpack x; set TMPDIR to another folder or save with np.savez", f.name)
	}
	f.closers = append(f.closers, temp.Close)
	if os.Remove(temp.Name()) != nil {
		f.closers = append(f.closers, func() error { return os.Remove(temp.Name()) })
	}
	return temp, nil
}
