package npz

import (
	"archive/zip"
	"io"
	"iter"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/internal/npy"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

const (
	maxClasses    = preprocess.MaxClasses
	maxClassBytes = 16 << 20
)

// array is one array of a file.
type array struct {
	*npy.Header
	file   *file
	name   string
	member *zip.File
}

// array reads the header of an array.
func (f *file) array(name string, m *zip.File) (*array, error) {
	a := &array{file: f, name: name, member: m}
	r, err := m.Open()
	if err != nil {
		return nil, a.damaged(err)
	}
	defer r.Close()
	a.Header, err = npy.Read(r, m.UncompressedSize64)
	return a, errors.WithMessagef(err, "datasets: %s: %s", f.name, name)
}

func (a *array) damaged(err error) error {
	return errors.Wrapf(err, "datasets: %s: %s is damaged, copy or write the file again", a.file.name, a.name)
}

// at writes the place of a value, given by its number in the array, as in x[3, 0, 17].
func (a *array) at(value int) string { return measure.At(a.name, a.Shape, value) }

// chunk is about how many bytes are read at a time.
const chunk = 256 << 10

// chunks yields the bytes of the values, whole values at a time, or an error. At the end
// the zip reader has compared the checksum.
func (a *array) chunks() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		r, err := a.member.Open()
		if err == nil {
			defer r.Close()
			_, err = io.CopyN(io.Discard, r, a.Size)
		}
		left := int(int64(a.member.UncompressedSize64) - a.Size)
		buffer := make([]byte, min(left, max(1, chunk/a.Dtype.Size)*a.Dtype.Size))
		for err == nil && left > 0 {
			piece := buffer[:min(left, len(buffer))]
			if _, err = io.ReadFull(r, piece); err == nil && !yield(piece, nil) {
				return
			}
			left -= len(piece)
		}
		if err == nil {
			switch _, err = io.CopyN(io.Discard, r, 1); err {
			case io.EOF:
				return
			case nil:
				err = errors.Errorf("it has more than the %d bytes it claims", a.member.UncompressedSize64)
			}
		}
		yield(nil, a.damaged(err))
	}
}

// saved is what to save where an array is no integer for each clip.
var saved = map[string]string{
	"y":       "y.astype('int64'), of one-hot rows y.argmax(axis=1), of names np.unique(y, return_inverse=True)[1]; regression is not supported",
	"lengths": "lengths.astype('int64')",
}

// integers reads an array of one integer for each clip, nil if there is none. The rule
// says which there may be.
func (f *file) integers(name string, least, most int, rule string) (all []int32, err error) {
	a := f.arrays[name]
	if a == nil {
		return nil, nil
	}
	if !a.Dtype.Integer() || !slices.Equal(a.Shape, f.x.Shape[:1]) {
		return nil, f.errorf("%s is %v of shape %s, want an integer for each of %d clips; save %s", name, a.Dtype, npy.Dims(a.Shape), f.clips(), saved[name])
	}
	for chunk, err := range a.chunks() {
		if err != nil {
			return nil, err
		}
		for value := range slices.Chunk(chunk, a.Dtype.Size) {
			v := a.Dtype.Int(value)
			if v < int64(least) || v > int64(most) {
				return nil, f.errorf("%s is %d: %s", a.at(len(all)), v, rule)
			}
			all = append(all, int32(v)) // grows with the values, not with the claim
		}
	}
	return all, nil
}

// names reads the names of the classes, nil if there are none: text, padded with zeros.
func (f *file) names() (all []string, err error) {
	a := f.arrays["classes"]
	if a == nil {
		return nil, nil
	}
	switch size := a.member.UncompressedSize64; {
	case !a.Dtype.Text() || len(a.Shape) != 1:
		return nil, f.errorf("classes is %v of shape %s, want one axis of text, as in np.array(['walk', 'run'])", a.Dtype, npy.Dims(a.Shape))
	case a.Shape[0] < 2 || a.Shape[0] > maxClasses || size > maxClassBytes:
		return nil, f.errorf("classes has %d names in %d bytes, want 2 to %d in at most %d", a.Shape[0], size, maxClasses, maxClassBytes)
	}
	for chunk, err := range a.chunks() {
		if err != nil {
			return nil, err
		}
		for value := range slices.Chunk(chunk, a.Dtype.Size) {
			all = append(all, a.Dtype.Name(value))
		}
	}
	return all, errors.WithMessagef(names.CheckAll("classes", all), "datasets: %s", f.name)
}
