package npy

import (
	"bytes"
	"encoding/binary"
	"math"
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

// Parse reads what numpy calls a type.
func Parse(descr string) Dtype {
	d := Dtype{Descr: descr, Big: strings.HasPrefix(descr, ">")}
	s := descr
	if s != "" && strings.Contains("<>|=", s[:1]) {
		s = s[1:]
	}
	if s == "O" {
		d.Kind = 'O'
		return d
	}
	const most = 1 << 20 // keeps sizes of text from overflowing
	if s == "" {
		return d
	}
	n, err := strconv.ParseUint(s[1:], 10, 32)
	if err != nil || n > most {
		return d
	}
	d.Kind, d.Size = s[0], int(n)
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
	return (d.Kind == 'i' || d.Kind == 'u') && (d.Size == 1 || d.Size == 2 || d.Size == 4 || d.Size == 8)
}

// String returns the name that numpy has for d.
func (d Dtype) String() string {
	switch d.Kind {
	case 'f', 'i', 'u', 'c':
		name := map[byte]string{'f': "float", 'i': "int", 'u': "uint", 'c': "complex"}[d.Kind]
		return name + strconv.Itoa(8*d.Size)
	case 'b':
		return "bool"
	case 'U', 'S':
		return "text"
	}
	return strconv.Quote(d.Descr)
}

// bits returns those of a number of 1, 2, 4 or 8 bytes.
func (d Dtype) bits(b []byte) uint64 {
	var whole [8]byte
	for k, v := range b[:d.Size] { // little-endian
		if d.Big {
			k = d.Size - 1 - k
		}
		whole[k] = v
	}
	return binary.LittleEndian.Uint64(whole[:])
}

// Int decodes the integer that b starts with. Unsigned ones above the range of int64 give
// its largest number.
func (d Dtype) Int(b []byte) int64 {
	u := d.bits(b)
	if d.Kind == 'u' {
		return int64(min(u, math.MaxInt64))
	}
	unused := 64 - 8*d.Size
	return int64(u<<unused) >> unused // extends the sign
}

// Float decodes the float of 2, 4 or 8 bytes that b starts with.
func (d Dtype) Float(b []byte) float64 {
	bits := d.bits(b)
	switch d.Size {
	case 8:
		return math.Float64frombits(bits)
	case 4:
		return float64(math.Float32frombits(uint32(bits)))
	}
	exponent, fraction := int(bits>>10&0x1f), int(bits&0x3ff)
	switch exponent {
	case 0x1f:
		return math.NaN() // or infinite
	case 0:
		exponent = 1
	default:
		fraction |= 0x400
	}
	return math.Copysign(math.Ldexp(float64(fraction), exponent-25), 1-2*float64(bits>>15))
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
