// Package npy reads arrays as numpy writes them.
package npy

import (
	"encoding/binary"
	"io"
	"math"
	"math/bits"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/internal/regular"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Header is what an array of numpy says of itself before its values, in the
// format that numpy.lib.format describes: a magic text, a version, the length
// of the rest, and a Python dict with the first three entries.
type Header struct {
	Dtype   Dtype
	Fortran bool // columns first
	Shape   []int

	Size int64 // bytes of the header, with the magic text
}

// Magic is what an array begins with.
const Magic = "\x93NUMPY"

const (
	maxHeader = 64 << 10 // of the dict; that of a plain array has about 100 bytes
	maxDims   = 64       // as in numpy 2
)

// Dims writes a shape the way errors show it, as in (6·48·64·3).
func Dims(shape []int) string {
	if len(shape) == 0 {
		return "()"
	}
	return "(" + dims.Dots(shape) + ")"
}

// Read reads to the first value of an array and compares what it claims with its size in
// bytes. Errors lack the names of the file and the array.
func Read(r io.Reader, size uint64) (*Header, error) {
	var buffer [12]byte
	start := buffer[:10] // with the length of version 1
	if _, err := io.ReadFull(r, start); err != nil {
		return nil, errors.Wrap(err, "no npy header")
	}
	major, minor := start[6], start[7]
	switch {
	case string(start[:len(Magic)]) != Magic:
		return nil, errors.Errorf("not an npy array: it starts with %q", start[:len(Magic)])
	case minor != 0 || major < 1 || major > 3:
		return nil, errors.Errorf("npy version %d.%d, want 1.0, 2.0 or 3.0", major, minor)
	case major > 1:
		start = buffer[:]
		if _, err := io.ReadFull(r, start[10:]); err != nil {
			return nil, errors.Wrap(err, "npy header cut short")
		}
	}
	n := binary.LittleEndian.Uint32(buffer[8:])
	if n > maxHeader {
		return nil, errors.Errorf("npy header of %d bytes, more than %d", n, maxHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, errors.Wrap(err, "npy header cut short")
	}
	h, err := parseDict(string(text))
	if err != nil {
		return nil, err
	}
	h.Size = int64(len(start)) + int64(n)
	return h, h.check(size)
}

// check returns an error for values that cannot be read, and unless their number makes up
// the size of the array.
func (h *Header) check(size uint64) error {
	total := uint64(h.Dtype.Size)
	for _, n := range h.Shape {
		high, low := bits.Mul64(total, uint64(n))
		if total = low; high > 0 {
			total = math.MaxUint64
		}
	}
	switch {
	case h.Dtype.Kind == 'O':
		return errors.New("pickled Python objects; save np.array(x.tolist()), with clips of unequal length padded")
	case h.Dtype.Size == 0:
		return errors.Errorf("unknown dtype %q", h.Dtype.Descr)
	case h.Fortran && len(h.Shape) > 1:
		return errors.New("Fortran order; save np.ascontiguousarray(x)")
	case total > math.MaxInt || uint64(h.Size) > size || total != size-uint64(h.Size):
		return errors.Errorf("shape %s of %v claims other than the %d bytes after its header; copy or write the file again",
			Dims(h.Shape), h.Dtype, int64(size)-h.Size)
	}
	return nil
}

// dict is what numpy writes, three entries in any order. No text in it has an escape, and
// Python 2 wrote sizes as 3L. A tuple has a comma, or is empty.
var (
	entry  = `\s*['"](\w+)['"]\s*:\s*('[^'\\]*'|"[^"\\]*"|True|False|\(\s*\)|\((?:\s*\d+L?\s*,)+(?:\s*\d+L?)?\s*\))\s*`
	dict   = regexp.MustCompile(`^\s*\{` + entry + `,` + entry + `,` + entry + `,?\s*\}\s*$`)
	number = regexp.MustCompile(`\d+`)
)

func parseDict(text string) (*Header, error) {
	h, seen := new(Header), map[string]bool{}
	found := dict.FindStringSubmatch(text)
	for k := 1; k < len(found); k += 2 {
		key, value := found[k], found[k+1]
		switch {
		case key == "descr" && strings.ContainsAny(value[:1], `'"`):
			h.Dtype = Parse(value[1 : len(value)-1])
		case key == "fortran_order" && (value == "True" || value == "False"):
			h.Fortran = value == "True"
		case key == "shape" && value[0] == '(':
			h.Shape = []int{}
			for _, size := range number.FindAllString(value, -1) {
				n, _ := strconv.Atoi(size) // the largest int for larger ones, which no file has room for
				h.Shape = append(h.Shape, n)
			}
		default:
			continue
		}
		seen[key] = true
	}
	if len(seen) != 3 || len(h.Shape) > maxDims {
		return nil, errors.Errorf("npy header that is damaged, or of no plain array: %.80q", strings.TrimSpace(text))
	}
	return h, nil
}

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
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	var h *Header
	if err == nil {
		h, err = Read(file, uint64(info.Size()))
	}
	if err == nil {
		err = h.checkRows()
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

// checkRows returns an error unless the values are steps of features.
func (h *Header) checkRows() error {
	switch {
	case !h.Dtype.Is('f', 4) || h.Dtype.Big:
		return errors.Errorf("it is %v", h.Dtype.Refused())
	case len(h.Shape) != 2:
		return errors.Errorf("shape %s, want (steps, features)", Dims(h.Shape))
	case h.Shape[0] < 1 || h.Shape[1] < 1:
		return errors.Errorf("shape %s, want at least 1 step of 1 feature", Dims(h.Shape))
	}
	return preprocess.CheckClip(h.Shape[0], h.Shape[1:])
}
