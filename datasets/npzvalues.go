package datasets

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/names"
)

// integers reads an array that passed perClip. It returns what check does with
// a value it refuses, the place of the value in front.
func (a *npzArray) integers(check func(v int64) error) ([]int32, error) {
	var out []int32 // grows with the values, not with the claim
	err := a.scan(func(chunk []byte) error {
		for ; len(chunk) >= a.dtype.size; chunk = chunk[a.dtype.size:] {
			v := a.dtype.integerAt(chunk)
			if err := check(v); err != nil {
				return errors.WithMessagef(err, "datasets: %s: %s is %d", a.file.name, a.at(len(out)), v)
			}
			out = append(out, int32(v))
		}
		return nil
	})
	return out, err
}

// integerAt decodes the integer that b starts with. Unsigned ones above the
// range of int64 give its largest number.
func (d dtype) integerAt(b []byte) int64 {
	var order binary.ByteOrder = binary.LittleEndian
	if d.big {
		order = binary.BigEndian
	}
	var u uint64
	switch d.size {
	case 1:
		u = uint64(b[0])
	case 2:
		u = uint64(order.Uint16(b))
	case 4:
		u = uint64(order.Uint32(b))
	default:
		u = order.Uint64(b)
	}
	if d.kind == 'u' {
		return int64(min(u, math.MaxInt64))
	}
	unused := 64 - 8*d.size
	return int64(u<<unused) >> unused // extends the sign
}

// floats decodes len(dst) values of x, which are bytes or float32.
func (d dtype) floats(dst []float32, src []byte) {
	if d.size == 1 {
		for k, v := range src[:len(dst)] {
			dst[k] = float32(v)
		}
		return
	}
	for k := range dst {
		dst[k] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*k:]))
	}
}

// notFinite returns the place of the first NaN or infinity, -1 without one.
func notFinite(x []float32) int {
	for k, v := range x {
		if v-v != 0 {
			return k
		}
	}
	return -1
}

const (
	maxClasses    = 1 << 12 // a confusion matrix has their square
	maxClassBytes = 16 << 20
)

// names reads the names of the classes: a one-dimensional array of text, each
// padded with zeros.
func (a *npzArray) names() ([]string, error) {
	switch {
	case a.dtype.kind != 'U' && a.dtype.kind != 'S':
		return nil, a.file.errorf("%s is %v, want text, as in np.array(['walk', 'run'])", a.name, a.dtype)
	case len(a.shape) != 1:
		return nil, a.file.errorf("%s has the shape (%s), want one axis of names", a.name, times(a.shape))
	case a.shape[0] < 2 || a.shape[0] > maxClasses:
		return nil, a.file.errorf("%s has %d names, want 2 to %d", a.name, a.shape[0], maxClasses)
	case a.member.UncompressedSize64 > maxClassBytes:
		return nil, a.file.errorf("%s has %d bytes, more than %d", a.name, a.member.UncompressedSize64, maxClassBytes)
	}
	var text bytes.Buffer
	if err := a.scan(func(chunk []byte) error { _, err := text.Write(chunk); return err }); err != nil {
		return nil, err
	}
	classes := make([]string, a.shape[0])
	first := make(map[string]int)
	for i := range classes {
		name := a.dtype.nameIn(text.Next(a.dtype.size))
		if err := names.Check(name); err != nil {
			return nil, a.file.errorf("%s: %v; give the class another name", a.at(i), err)
		}
		if k, ok := first[names.Key(name)]; ok {
			return nil, a.file.errorf("%s is %q, as %s is; give every class its own name", a.at(i), name, a.at(k))
		}
		classes[i], first[names.Key(name)] = name, i
	}
	return classes, nil
}

// nameIn decodes one name. What is not a character becomes a byte that is not
// UTF-8.
func (d dtype) nameIn(b []byte) string {
	if d.kind == 'S' {
		return string(bytes.TrimRight(b, "\x00"))
	}
	var order binary.ByteOrder = binary.LittleEndian
	if d.big {
		order = binary.BigEndian
	}
	var s strings.Builder
	for ; len(b) > 0; b = b[4:] {
		if r := order.Uint32(b); r > unicode.MaxRune || !utf8.ValidRune(rune(r)) {
			s.WriteByte(0xff)
		} else {
			s.WriteRune(rune(r))
		}
	}
	return strings.TrimRight(s.String(), "\x00")
}
