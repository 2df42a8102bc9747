package npy

import (
	"bytes"
	"encoding/binary"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Dtype is the type of the values of an array, such as "<f4".
type Dtype struct {
	Descr string
	Big   bool // big-endian
	Kind  byte // i, u, f, b, U, S, O, ...; 0 when Descr is not understood
	Size  int  // bytes of a value
}

var dtype = regexp.MustCompile(`^([<>|=]?)([A-Za-z])([0-9]{0,6})$`)

// Parse reads what numpy calls a type.
func Parse(descr string) Dtype {
	d := Dtype{Descr: descr}
	if found := dtype.FindStringSubmatch(descr); found != nil {
		d.Big, d.Kind = found[1] == ">", found[2][0]
		d.Size, _ = strconv.Atoi(found[3]) // which objects do not have
	}
	if d.Kind == 'U' {
		d.Size *= 4 // UTF-32
	}
	return d
}

// Is reports whether d has that kind and size.
func (d Dtype) Is(kind byte, size int) bool { return d.Kind == kind && d.Size == size }

// Text reports whether values are text.
func (d Dtype) Text() bool { return d.Kind == 'U' || d.Kind == 'S' }

// Integer reports whether values are integers that Int reads.
func (d Dtype) Integer() bool {
	return (d.Kind == 'i' || d.Kind == 'u') && slices.Contains([]int{1, 2, 4, 8}, d.Size)
}

// String returns the name that numpy has for d.
func (d Dtype) String() string {
	switch d.Kind {
	case 'f', 'i', 'u', 'c':
		name := map[byte]string{'f': "float", 'i': "int", 'u': "uint", 'c': "complex"}[d.Kind]
		name += strconv.Itoa(8 * d.Size)
		if d.Big {
			name = "big-endian " + name
		}
		return name
	case 'b':
		return "bool"
	case 'U', 'S':
		return "text"
	}
	return strconv.Quote(d.Descr)
}

// Refused says what is wrong with the type of values that Floats does not decode.
func (d Dtype) Refused() string {
	if strings.ContainsRune("biuf", rune(d.Kind)) {
		return d.String() + "; save x.astype('float32')"
	}
	return d.String() + ", want numbers in float32"
}

// Int decodes the integer that b starts with. Unsigned ones above the range of int64 give
// its largest number.
func (d Dtype) Int(b []byte) int64 {
	var u uint64
	for k := range d.Size { // from the highest byte
		if !d.Big {
			k = d.Size - 1 - k
		}
		u = u<<8 | uint64(b[k])
	}
	if d.Kind == 'u' {
		return int64(min(u, math.MaxInt64))
	}
	unused := 64 - 8*d.Size
	return int64(u<<unused) >> unused // extends the sign
}

// Name decodes one text, which is padded with zeros. What is not a character becomes a
// byte that is not UTF-8.
func (d Dtype) Name(b []byte) string {
	if d.Kind == 'S' {
		return string(bytes.TrimRight(b, "\x00"))
	}
	var order binary.ByteOrder = binary.LittleEndian
	if d.Big {
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

// Floats decodes len(dst) values, which are bytes or little-endian float32.
func Floats(dst []float32, src []byte, size int) {
	if size == 1 {
		for k, v := range src[:len(dst)] {
			dst[k] = float32(v)
		}
		return
	}
	for k := range dst {
		dst[k] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*k:]))
	}
}
