// Package npy reads arrays as numpy writes them.
package npy

import (
	"encoding/binary"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/dims"
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

// Read reads to the first value. Errors lack the names of the file and the array.
func Read(r io.Reader) (*Header, error) {
	var start [8]byte
	if _, err := io.ReadFull(r, start[:]); err != nil {
		return nil, errors.Wrap(err, "no npy header")
	}
	if string(start[:len(Magic)]) != Magic {
		return nil, errors.Errorf("not an npy array: it starts with %q", start[:len(Magic)])
	}
	major, minor := start[6], start[7]
	width := 4
	switch {
	case minor != 0 || major < 1 || major > 3:
		return nil, errors.Errorf("npy version %d.%d, want 1.0, 2.0 or 3.0", major, minor)
	case major == 1:
		width = 2
	}
	var length [4]byte
	if _, err := io.ReadFull(r, length[:width]); err != nil {
		return nil, errors.Wrap(err, "npy header cut short")
	}
	n := binary.LittleEndian.Uint32(length[:])
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
	h.Size = int64(len(start)+width) + int64(n)
	return h, nil
}

// dict is what numpy writes, three entries in any order. No text in it has an escape, and
// Python 2 wrote sizes as 3L. A tuple has a comma, or is empty.
var (
	entry      = `\s*['"](\w+)['"]\s*:\s*('[^'\\]*'|"[^"\\]*"|True|False|\(\s*\)|\((?:\s*\d+L?\s*,)+(?:\s*\d+L?)?\s*\))\s*`
	dict       = regexp.MustCompile(`^\s*\{` + entry + `,` + entry + `,` + entry + `,?\s*\}\s*$`)
	number     = regexp.MustCompile(`\d+`)
	structured = regexp.MustCompile(`['"]descr['"]\s*:\s*\[`)
)

func parseDict(text string) (*Header, error) {
	if structured.MatchString(text) {
		return nil, errors.New("structured dtype; save its fields as one plain array")
	}
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
				n, err := strconv.Atoi(size)
				if err != nil {
					return nil, errors.Errorf("npy header with a size that this machine cannot address: %.80q", strings.TrimSpace(text))
				}
				h.Shape = append(h.Shape, n)
			}
		default:
			continue
		}
		seen[key] = true
	}
	if len(seen) != 3 || len(h.Shape) > maxDims {
		return nil, errors.Errorf("damaged npy header: %.80q", strings.TrimSpace(text))
	}
	return h, nil
}
