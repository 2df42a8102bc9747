package npz

import (
	"archive/zip"
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/internal/npy"
	"github.com/tensorzoo/tensorzoo/internal/regular"
)

// arrays are those that a file may hold. Others are refused: a length array by another
// name must not be passed over.
var arrays = []string{"x", "y", "lengths", "classes"}

// file is an open npz file: a zip archive of arrays. The values of x stay on disk.
type file struct {
	name       string // as errors show it
	in         io.ReaderAt
	members    map[string]*zip.File
	unlabelled bool // y may be missing

	x       *array   // (clips, steps, n_1, ..., n_d)
	labels  []int32  // (clips), nil when there are none
	lengths []int32  // (clips), nil when all clips have all steps
	classes []string // nil when the file has none

	values io.ReaderAt // what the values of x are read from,
	offset int64       // from here on

	closers []func() error
}

// openFile opens a file on disk. The caller closes it.
func openFile(path string) (*file, error) {
	in, err := regular.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.Errorf("datasets: %s: no such file", path)
	case errors.Is(err, regular.ErrNot):
		return nil, errors.Errorf("datasets: %s is %v, want an npz file", path, err)
	case err != nil:
		return nil, errors.Wrapf(err, "datasets: %s", path)
	}
	var f *file
	info, err := in.Stat()
	if err = errors.Wrapf(err, "datasets: %s", path); err == nil {
		f, err = readArchive(path, in, info.Size())
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

// readArchive reads the directory of an archive of the given size and checks what
// can be checked there, so that nothing is unpacked before.
func readArchive(name string, in io.ReaderAt, size int64) (*file, error) {
	f := &file{name: name, in: in, members: make(map[string]*zip.File)}
	archive, err := zip.NewReader(in, size)
	if err != nil {
		start := make([]byte, len(npy.Magic))
		if n, _ := in.ReadAt(start, 0); string(start[:n]) == npy.Magic {
			return nil, f.errorf("this is a single .npy array, not an npz file; write x and y with np.savez")
		}
		return nil, errors.Wrapf(err, "datasets: %s is not an npz file, or it is cut short; write it with np.savez", name)
	}
	for _, m := range archive.File {
		array, ok := strings.CutSuffix(m.Name, ".npy")
		switch {
		case !ok || !slices.Contains(arrays, array):
			advice := "save without it"
			if didyoumean.Closest(array, arrays) != "" {
				advice = "rename it, or " + advice
			}
			return nil, f.errorf("array %q has no use here%s; %s", array, didyoumean.Hint(array, arrays), advice)
		case f.members[array] != nil:
			return nil, f.errorf("array %s is there twice", array)
		}
		f.members[array] = m
		if err := f.checkMember(array, m, size); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// checkMember compares the claims of a directory entry with the file.
func (f *file) checkMember(array string, m *zip.File, size int64) error {
	const encrypted = 1
	offset, err := m.DataOffset()
	packed, plain := m.CompressedSize64, m.UncompressedSize64
	switch {
	case err != nil:
		return f.damaged(array, err)
	case m.Flags&encrypted != 0:
		return f.errorf("%s is encrypted; write the file with np.savez", array)
	case m.Method != zip.Store && m.Method != zip.Deflate:
		return f.errorf("%s is packed with zip method %d; write the file with np.savez or np.savez_compressed", array, m.Method)
	case offset > size || packed > uint64(size-offset):
		return f.damaged(array, errors.Errorf("it claims %d bytes at %d, the file has %d", packed, offset, size))
	case m.Method == zip.Store && packed != plain:
		return f.damaged(array, errors.Errorf("it claims %d bytes, stored as %d", plain, packed))
	case m.Method == zip.Deflate && plain/maxDeflate > packed:
		return f.damaged(array, errors.Errorf("it claims %d bytes, which %d packed ones cannot hold", plain, packed))
	}
	return nil
}

// maxDeflate is how many bytes one byte of a deflate stream makes at most: two
// bits can repeat 258 bytes.
const maxDeflate = 1032

func (f *file) errorf(format string, args ...any) error {
	return errors.Errorf("datasets: %s: "+format, append([]any{f.name}, args...)...)
}

func (f *file) damaged(array string, err error) error {
	return errors.Wrapf(err, "datasets: %s: %s is damaged, copy or write the file again", f.name, array)
}

// array is one array of a file.
type array struct {
	*npy.Header
	file   *file
	name   string
	member *zip.File
}

// unpickled says what to save in place of an array of objects.
var unpickled = map[string]string{
	"x":       "numbers, unequal clips padded to the same steps with their lengths",
	"y":       "y.astype('int64'), or of names classes, y = np.unique(y.astype(str), return_inverse=True)",
	"lengths": "lengths.astype('int64')",
	"classes": "classes.astype(str)",
}

// array reads the header of an array and compares its claims with the size of
// the member. It returns nil when there is no such array.
func (f *file) array(name string) (*array, error) {
	m := f.members[name]
	if m == nil {
		return nil, nil
	}
	r, err := m.Open()
	if err != nil {
		return nil, f.damaged(name, err)
	}
	defer r.Close()
	h, err := npy.Read(r)
	if err != nil {
		return nil, errors.WithMessagef(err, "datasets: %s: %s", f.name, name)
	}
	if h.Dtype.Kind == 'O' {
		return nil, f.errorf("%s holds pickled Python objects; save %s", name, unpickled[name])
	}
	if h.Dtype.Kind == 0 {
		return nil, f.errorf("%s has the unknown dtype %q", name, h.Dtype.Descr)
	}
	total := uint64(1)
	for _, n := range append([]int{h.Dtype.Size}, h.Shape...) {
		var high uint64
		if high, total = bits.Mul64(total, uint64(n)); high != 0 || total > math.MaxInt {
			return nil, f.errorf("%s claims the shape %s, more than this machine can address", name, npy.Dims(h.Shape))
		}
	}
	header, plain := uint64(h.Size), m.UncompressedSize64
	if header > plain || total != plain-header {
		return nil, f.damaged(name, errors.Errorf("its shape %s of %v needs %d bytes after a header of %d, it has %d", npy.Dims(h.Shape), h.Dtype, total, header, plain))
	}
	if h.Fortran && len(h.Shape) > 1 {
		return nil, f.errorf("%s is in Fortran order; save np.ascontiguousarray(%s)", name, name)
	}
	return &array{Header: h, file: f, name: name, member: m}, nil
}

// chunk is how much is read at a time; whole values of every dtype.
const chunk = 256 << 10

// scan calls visit with all bytes of the values, in order and a chunk at a
// time. At the end the zip reader has compared the checksum.
func (a *array) scan(visit func(chunk []byte) error) error {
	r, err := a.member.Open()
	if err != nil {
		return a.file.damaged(a.name, err)
	}
	defer r.Close()
	if _, err := io.CopyN(io.Discard, r, a.Size); err != nil {
		return a.file.damaged(a.name, err)
	}
	left := int64(a.member.UncompressedSize64) - a.Size
	buffer := make([]byte, min(chunk, left+1)) // one more, to see the end
	for {
		n, err := io.ReadFull(r, buffer)
		left -= int64(n)
		ended := err == io.EOF || err == io.ErrUnexpectedEOF
		switch {
		case err != nil && !ended:
			return a.file.damaged(a.name, err)
		case left < 0 || ended && left > 0:
			return a.file.damaged(a.name, errors.Errorf("it does not have the %d bytes it claims", a.member.UncompressedSize64))
		}
		if err := visit(buffer[:n]); err != nil || ended {
			return err
		}
	}
}

// each calls visit with the bytes of each value, and its number.
func (a *array) each(visit func(i int, value []byte) error) error {
	i := 0
	return a.scan(func(chunk []byte) error {
		for value := range slices.Chunk(chunk, max(1, a.Dtype.Size)) {
			if err := visit(i, value); err != nil {
				return err
			}
			i++
		}
		return nil
	})
}

// at writes the place of a value, given by its number in the array, as in x[3, 0, 17].
func (a *array) at(value int) string { return measure.At(a.name, a.Shape, value) }

// errorf is an error about the array.
func (a *array) errorf(format string, args ...any) error {
	return a.file.errorf(a.name+format, args...)
}

// fingerprint is made of the checksums in the directory of the archive.
func (f *file) fingerprint() (s string) {
	for _, name := range []string{"x", "y", "lengths"} {
		if m := f.members[name]; m != nil {
			s += fmt.Sprintf("%08x", m.CRC32)
		}
	}
	return s
}
