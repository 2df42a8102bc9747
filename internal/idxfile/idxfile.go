// Package idxfile reads IDX files, the format of the MNIST files.
package idxfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/regular"
)

// File is what an IDX file has in it: two zero bytes, the element type, the number of
// dimensions, one big-endian int32 for the size of each dimension, then the elements.
type File struct {
	Path  string
	Shape []int
	Data  []byte // the elements in row-major order
}

const (
	typeUint8 = 0x08
	maxDims   = 8
)

// Read reads an IDX file of unsigned bytes, gzipped or plain, to its end, once check
// accepts its shape: what is gzipped may unpack to a thousand times its size. The name
// is only for errors. Nothing a header says is believed before the bytes are there: the
// memory used grows with the data read.
func Read(name string, r io.Reader, check func(shape []int) error) (*File, error) {
	plain := bufio.NewReader(r)
	r = plain
	var err error
	if magic, _ := plain.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		r, err = gzip.NewReader(plain)
		err = errors.Wrap(err, "damaged gzip header")
	}
	f := &File{Path: name}
	if err == nil {
		err = f.read(r, check)
	}
	if err != nil {
		return nil, errors.WithMessagef(err, "datasets: %s", name)
	}
	return f, nil
}

// Folder is a folder of files.
type Folder struct {
	fs.FS
	Name string // for errors
}

// Read reads the file called name, plain or with .gz behind it, see Read.
func (d Folder) Read(name string, check func(shape []int) error) (*File, error) {
	for _, ending := range []string{"", ".gz"} {
		path := filepath.Join(d.Name, name+ending)
		info, err := fs.Stat(d.FS, name+ending)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err == nil && !info.Mode().IsRegular(): // opening a pipe would block
			return nil, errors.Errorf("datasets: %s is %v, want an IDX file", path, regular.ErrNot)
		}
		file, err := d.Open(name + ending)
		if err != nil {
			return nil, errors.Wrapf(err, "datasets: %s", path)
		}
		defer file.Close()
		return Read(path, file, check)
	}
	return nil, errors.Errorf("datasets: there is no %s in %s, plain or with .gz; see docs/data.md", name, d.Name)
}

// Tags reads one number below limit for each clip.
func (d Folder) Tags(name string, clips, limit int) ([]byte, error) {
	f, err := d.Read(name, func(shape []int) error {
		if !slices.Equal(shape, []int{clips}) {
			return errors.Errorf("shape is %s, want %d, one value for each clip", dims.Dots(shape), clips)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, tag := range f.Data {
		if int(tag) >= limit {
			return nil, errors.Errorf("datasets: %s: clip %d has the value %d, want less than %d", f.Path, i, tag, limit)
		}
	}
	return f.Data, nil
}

// read reads what is not, or no more, gzipped.
func (f *File) read(r io.Reader, check func(shape []int) error) (err error) {
	if f.Shape, err = readShape(r); err != nil {
		return err
	}
	if err := check(f.Shape); err != nil {
		return err
	}
	total, shape := 1, dims.Dots(f.Shape)
	for _, n := range f.Shape {
		if total > (math.MaxInt-1)/n {
			return errors.Errorf("IDX header announces %s elements, more than this machine can address", shape)
		}
		total *= n
	}
	// The byte past the end that is asked for makes gzip compare its checksum.
	f.Data, err = io.ReadAll(io.LimitReader(r, int64(total)+1))
	switch {
	case err != nil:
		return errors.Wrapf(err, "after %d of %d bytes", len(f.Data), total)
	case len(f.Data) < total:
		return errors.Errorf("IDX file is cut short: its header announces %s = %d bytes, %d are there", shape, total, len(f.Data))
	case len(f.Data) > total:
		return errors.Errorf("IDX file goes on after the %s = %d bytes its header announces", shape, total)
	}
	return nil
}

func readShape(r io.Reader) ([]int, error) {
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return nil, errors.Wrap(err, "no IDX header")
	}
	dims := int(magic[3])
	switch {
	case magic[0] != 0 || magic[1] != 0:
		return nil, errors.Errorf("not an IDX file: it starts with % x, want 00 00", magic[:2])
	case magic[2] != typeUint8:
		return nil, errors.Errorf("IDX elements have type %#02x, want %#02x (unsigned bytes)", magic[2], typeUint8)
	case dims < 1 || dims > maxDims:
		return nil, errors.Errorf("IDX header announces %d dimensions, want 1 to %d", dims, maxDims)
	}
	sizes := make([]int32, dims)
	if err := binary.Read(r, binary.BigEndian, sizes); err != nil {
		return nil, errors.Wrapf(err, "IDX header lacks the sizes of its %d dimensions", dims)
	}
	shape := make([]int, dims)
	for k, n := range sizes {
		if n <= 0 {
			return nil, errors.Errorf("IDX dimension %d of %d has size %d, want at least 1", k+1, dims, n)
		}
		shape[k] = int(n)
	}
	return shape, nil
}
