// Package npy reads arrays as numpy writes them.
package npy

import (
	"bytes"
	"encoding/binary"
	"io"
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
	if !bytes.HasPrefix(start[:], []byte(Magic)) {
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

func parseDict(text string) (*Header, error) {
	p := pyLiteral(text)
	h := new(Header)
	ok := p.skip('{')
	seen := make(map[string]bool)
	for ok && !p.skip('}') {
		var key, descr string
		key, ok = p.text()
		ok = ok && p.skip(':') && !seen[key]
		seen[key] = true
		switch {
		case !ok:
		case key == "descr" && p.skip('['):
			return nil, errors.New("structured dtype; save its fields as one plain array")
		case key == "descr":
			descr, ok = p.text()
			h.Dtype = Parse(descr)
		case key == "fortran_order":
			h.Fortran, ok = p.truth()
		case key == "shape":
			var err error
			if h.Shape, ok, err = p.tuple(); err != nil {
				return nil, errors.Errorf("npy header with a size that this machine cannot address: %.80q", strings.TrimSpace(text))
			}
		default:
			ok = false
		}
		if ok && !p.skip(',') {
			ok = p.skip('}')
			break
		}
	}
	if p.space(); !ok || p != "" || len(seen) != 3 {
		return nil, errors.Errorf("damaged npy header: %.80q", strings.TrimSpace(text))
	}
	return h, nil
}

// pyLiteral is the unread rest of a Python literal. Its methods return false
// when something else comes next.
type pyLiteral string

func (p *pyLiteral) space() {
	*p = pyLiteral(strings.TrimLeft(string(*p), " \t\r\n"))
}

// skip passes c, when that is next.
func (p *pyLiteral) skip(c byte) bool {
	p.space()
	if len(*p) == 0 || (*p)[0] != c {
		return false
	}
	*p = (*p)[1:]
	return true
}

// text reads a string between quotes of either kind. None that numpy writes
// has an escape.
func (p *pyLiteral) text() (string, bool) {
	quote := byte('\'')
	if !p.skip(quote) {
		quote = '"'
		if !p.skip(quote) {
			return "", false
		}
	}
	s, rest, ok := strings.Cut(string(*p), string(quote))
	*p = pyLiteral(rest)
	return s, ok && !strings.Contains(s, `\`)
}

func (p *pyLiteral) truth() (value, ok bool) {
	p.space()
	for word, value := range map[string]bool{"True": true, "False": false} {
		if rest, ok := strings.CutPrefix(string(*p), word); ok {
			*p = pyLiteral(rest)
			return value, true
		}
	}
	return false, false
}

// tuple reads sizes, as in (), (3,) and (3, 4), or (3L, 4L) as Python 2 wrote them. It
// returns an error for one that no int holds.
func (p *pyLiteral) tuple() (sizes []int, ok bool, err error) {
	sizes = []int{}
	if !p.skip('(') {
		return nil, false, nil
	}
	for !p.skip(')') {
		p.space()
		s := string(*p)
		rest := strings.TrimLeft(s, "0123456789")
		n, err := strconv.Atoi(s[:len(s)-len(rest)])
		if errors.Is(err, strconv.ErrRange) {
			return nil, false, err
		}
		if err != nil || len(sizes) == maxDims {
			return nil, false, nil
		}
		sizes = append(sizes, n)
		*p = pyLiteral(strings.TrimPrefix(rest, "L"))
		if !p.skip(',') {
			return sizes, len(sizes) > 1 && p.skip(')'), nil
		}
	}
	return sizes, true, nil
}
