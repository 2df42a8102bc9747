package datasets

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
	"github.com/tensorzoo/tensorzoo/internal/regular"
)

// npzArrays are the arrays that a file may hold. Others are refused: a length
// array by another name must not be passed over.
var npzArrays = []string{"x", "y", "lengths", "classes"}

// npzFile is an open npz file: a zip archive of arrays.
type npzFile struct {
	name   string // as errors show it
	file   io.ReaderAt
	arrays map[string]*zip.File
	close  func() error

	unlabelled bool // y may be missing
}

// openNPZFile opens a file on disk. The caller closes it.
func openNPZFile(path string) (*npzFile, error) {
	file, err := regular.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.Errorf("datasets: %s: no such file", path)
	case errors.Is(err, regular.ErrNot):
		return nil, errors.Errorf("datasets: %s is %v, want an npz file", path, err)
	case err != nil:
		return nil, errors.Wrapf(err, "datasets: %s", path)
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, errors.Wrapf(err, "datasets: %s", path)
	}
	f, err := readNPZ(path, file, info.Size())
	if err != nil {
		file.Close()
		return nil, err
	}
	f.close = file.Close
	return f, nil
}

// readNPZ reads the directory of an archive of the given size and checks what
// can be checked there, so that nothing is unpacked before.
func readNPZ(name string, file io.ReaderAt, size int64) (*npzFile, error) {
	f := &npzFile{name: name, file: file, arrays: make(map[string]*zip.File), close: func() error { return nil }}
	archive, err := zip.NewReader(file, size)
	if err != nil {
		start := make([]byte, len(npyMagic))
		if n, _ := file.ReadAt(start, 0); bytes.Equal(start[:n], []byte(npyMagic)) {
			return nil, f.errorf("this is a single .npy array, not an npz file; write x and y with np.savez")
		}
		return nil, errors.Wrapf(err, "datasets: %s is not an npz file, or it is cut short; write it with np.savez", name)
	}
	for _, m := range archive.File {
		array, ok := strings.CutSuffix(m.Name, ".npy")
		switch {
		case !ok || !slices.Contains(npzArrays, array):
			advice := "save without it"
			if didyoumean.Closest(array, npzArrays) != "" {
				advice = "rename it, or " + advice
			}
			return nil, f.errorf("array %q has no use here%s; %s", array, didyoumean.Hint(array, npzArrays), advice)
		case f.arrays[array] != nil:
			return nil, f.errorf("array %s is there twice", array)
		}
		f.arrays[array] = m
		if err := f.checkMember(array, m, size); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// checkMember compares the claims of a directory entry with the file.
func (f *npzFile) checkMember(array string, m *zip.File, size int64) error {
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

func (f *npzFile) errorf(format string, args ...any) error {
	return errors.Errorf("datasets: %s: "+format, append([]any{f.name}, args...)...)
}

func (f *npzFile) damaged(array string, err error) error {
	return errors.Wrapf(err, "datasets: %s: %s is damaged, copy or write the file again", f.name, array)
}

// npzArray is one array of a file.
type npzArray struct {
	*npyHeader
	file   *npzFile
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
func (f *npzFile) array(name string) (*npzArray, error) {
	m := f.arrays[name]
	if m == nil {
		return nil, nil
	}
	r, err := m.Open()
	if err != nil {
		return nil, f.damaged(name, err)
	}
	defer r.Close()
	h, err := readNPYHeader(r)
	if err != nil {
		return nil, errors.WithMessagef(err, "datasets: %s: %s", f.name, name)
	}
	if h.dtype.kind == 'O' {
		return nil, f.errorf("%s holds pickled Python objects; save %s", name, unpickled[name])
	}
	if h.dtype.kind == 0 {
		return nil, f.errorf("%s has the unknown dtype %q", name, h.dtype.descr)
	}
	total := uint64(1)
	for _, n := range append([]int{h.dtype.size}, h.shape...) {
		var high uint64
		if high, total = bits.Mul64(total, uint64(n)); high != 0 || total > math.MaxInt {
			return nil, f.errorf("%s claims the shape (%s), more than this machine can address", name, times(h.shape))
		}
	}
	header, plain := uint64(h.size), m.UncompressedSize64
	if header > plain || total != plain-header {
		return nil, f.damaged(name, errors.Errorf("its shape (%s) of %v needs %d bytes after a header of %d, it has %d", times(h.shape), h.dtype, total, header, plain))
	}
	if h.fortran && len(h.shape) > 1 {
		return nil, f.errorf("%s is in Fortran order; save np.ascontiguousarray(%s)", name, name)
	}
	return &npzArray{npyHeader: h, file: f, name: name, member: m}, nil
}

// npzChunk is how much is read at a time; whole values of every dtype.
const npzChunk = 256 << 10

// scan calls visit with all bytes of the values, in order and a chunk at a
// time. At the end the zip reader has compared the checksum.
func (a *npzArray) scan(visit func(chunk []byte) error) error {
	r, err := a.member.Open()
	if err != nil {
		return a.file.damaged(a.name, err)
	}
	defer r.Close()
	if _, err := io.CopyN(io.Discard, r, a.size); err != nil {
		return a.file.damaged(a.name, err)
	}
	left := int64(a.member.UncompressedSize64) - a.size
	buffer := make([]byte, min(npzChunk, left+1)) // one more, to see the end
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

// at writes the place of a value, given by its number in the array, the way
// numpy does, as in x[3, 0, 17].
func (a *npzArray) at(value int) string {
	index := make([]string, len(a.shape))
	for k := len(a.shape) - 1; k >= 0; k-- {
		index[k] = strconv.Itoa(value % a.shape[k])
		value /= a.shape[k]
	}
	return a.name + "[" + strings.Join(index, ", ") + "]"
}
