package npy

import (
	"io"
	"os"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/internal/regular"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Rows is an open file of one array (steps, features) of float32.
type Rows struct {
	*os.File
	Steps, Features int
	Start           int64 // of the values
}

// OpenRows opens a file and compares what it claims with its size. Errors lack its name.
// The caller closes it.
func OpenRows(path string) (*Rows, error) {
	file, err := regular.Open(path)
	if errors.Is(err, regular.ErrNot) {
		return nil, errors.Errorf("%v, want one that np.save wrote", err)
	}
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	var h *Header
	if err == nil {
		h, err = Read(file)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.Errorf("cut short: %d bytes, less than the header of an npy array", info.Size())
		}
	}
	if err == nil {
		err = h.checkRows(info.Size())
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return &Rows{file, h.Shape[0], h.Shape[1], h.Size}, nil
}

// Take reads some of the steps into x.
func (f *Rows) Take(steps []int, x []float32) error {
	raw := make([]byte, 4*f.Features)
	for t, step := range steps {
		if _, err := f.ReadAt(raw, f.Start+int64(step)*int64(len(raw))); err != nil {
			return errors.Wrapf(err, "step %d", step)
		}
		values := x[t*f.Features : (t+1)*f.Features]
		Floats(values, raw, 4)
		if at := measure.NotFinite(values); at >= 0 {
			return errors.Errorf("[%d, %d] is %v, want finite numbers; save np.nan_to_num(x)", step, at, values[at])
		}
	}
	return nil
}

// checkRows returns an error when a file of so many bytes does not hold steps of
// features as its header claims.
func (h *Header) checkRows(bytes int64) error {
	d := h.Dtype
	switch {
	case d.Is('f', 4) && d.Big:
		return errors.New("big-endian; save x.astype('<f4')")
	case d.Kind == 'O':
		return errors.New("pickled Python objects; save np.stack(x).astype('float32')")
	case d.Kind == 'c':
		return errors.Errorf("%v; save np.concatenate([x.real, x.imag], axis=-1).astype('float32')", d)
	case d.Text():
		return errors.New("text, want numbers in float32")
	case !d.Is('f', 4):
		return errors.Errorf("%v; save x.astype('float32')", d)
	case len(h.Shape) != 2:
		return errors.Errorf("shape %s, want (steps, features)", Dims(h.Shape))
	case h.Shape[0] < 1 || h.Shape[1] < 1:
		return errors.Errorf("shape %s, want at least 1 step of 1 feature", Dims(h.Shape))
	case h.Fortran:
		return errors.New("Fortran order; save np.ascontiguousarray(x)")
	}
	steps, features, values := int64(h.Shape[0]), int64(h.Shape[1]), (bytes-h.Size)/4
	if features > preprocess.MaxValues || steps > preprocess.MaxValues/features || steps*features != values || (bytes-h.Size)%4 != 0 {
		return errors.Errorf("shape %s claims other than the %d bytes after its header; copy or write the file again", Dims(h.Shape), bytes-h.Size)
	}
	return nil
}
