package datasets

import (
	"io"
	"os"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/regular"
)

// featureFile is an open file of one array (steps, features) of float32.
type featureFile struct {
	*os.File
	*npyHeader
}

// rows reads steps of the file into x.
func (f *featureFile) rows(rows []int, x []float32) error {
	features := f.shape[1]
	raw := make([]byte, 4*features)
	for t, row := range rows {
		if _, err := f.ReadAt(raw, f.size+int64(row)*int64(len(raw))); err != nil {
			return errors.Wrapf(err, "step %d", row)
		}
		values := x[t*features : (t+1)*features]
		f.dtype.floats(values, raw)
		if at := notFinite(values); at >= 0 {
			return errors.Errorf("[%d, %d] is %v, want finite numbers; save np.nan_to_num(x)", row, at, values[at])
		}
	}
	return nil
}

// openFeatureFile opens a file and compares what it claims with its size. Errors lack
// its name. The caller closes it.
func openFeatureFile(path string) (_ *featureFile, err error) {
	file, err := regular.Open(path)
	if errors.Is(err, regular.ErrNot) {
		return nil, errors.Errorf("%v, want one that np.save wrote", err)
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	h, err := readNPYHeader(file)
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.Errorf("cut short: %d bytes, less than the header of an npy array", info.Size())
	case err != nil:
		return nil, err
	}
	if err := h.checkFeatures(info.Size()); err != nil {
		return nil, err
	}
	return &featureFile{file, h}, nil
}

// checkFeatures returns an error when a file of so many bytes does not hold steps of
// features as its header claims.
func (h *npyHeader) checkFeatures(bytes int64) error {
	d := h.dtype
	switch {
	case d.kind == 'f' && d.size == 4 && d.big:
		return errors.New("big-endian; save x.astype('<f4')")
	case d.kind == 'O':
		return errors.New("pickled Python objects; save np.stack(x).astype('float32')")
	case d.kind == 'c':
		return errors.Errorf("%v; save np.concatenate([x.real, x.imag], axis=-1).astype('float32')", d)
	case d.kind == 'U' || d.kind == 'S':
		return errors.New("text, want numbers in float32")
	case d.kind != 'f' || d.size != 4:
		return errors.Errorf("%v; save x.astype('float32')", d)
	case len(h.shape) != 2:
		return errors.Errorf("shape (%s), want (steps, features)", times(h.shape))
	case h.shape[0] < 1 || h.shape[1] < 1:
		return errors.Errorf("shape (%s), want at least 1 step of 1 feature", times(h.shape))
	case h.fortran:
		return errors.New("Fortran order; save np.ascontiguousarray(x)")
	}
	steps, features, values := int64(h.shape[0]), int64(h.shape[1]), (bytes-h.size)/4
	if features > maxBatchLen || steps > maxBatchLen/features || steps*features != values || (bytes-h.size)%4 != 0 {
		return errors.Errorf("shape (%s) claims other than the %d bytes after its header; copy or write the file again", times(h.shape), bytes-h.size)
	}
	return nil
}
