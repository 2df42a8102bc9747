package datasets

import (
	"encoding/binary"
	"math"
)

// perClip checks that a, if it is there, holds one integer for each clip.
func (a *npzArray) perClip(clips int) error {
	switch {
	case len(a.shape) != 1:
		advice := ""
		if product(a.shape) == clips {
			advice = "; save " + a.name + ".ravel()"
		} else if a.name == "y" && len(a.shape) == 2 && a.shape[1] > 1 && a.dtype.kind != 'U' && a.dtype.kind != 'S' {
			advice = "; if its rows are one-hot, save y.argmax(axis=1)"
		}
		return a.file.errorf("%s has the shape (%s), want one axis, an integer for each clip%s", a.name, times(a.shape), advice)
	case !a.dtype.integer():
		return a.notIntegers()
	case a.shape[0] != clips:
		return a.file.errorf("%s has %d values, x has %d clips; save one for each", a.name, a.shape[0], clips)
	}
	return nil
}

// notIntegers says how to make integers of what a holds. A cast is no answer where labels
// are text or measured numbers.
func (a *npzArray) notIntegers() error {
	d := a.dtype
	switch {
	case a.name != "y":
	case d.kind == 'U' || d.kind == 'S':
		return a.file.errorf("y is text; write classes, y = np.unique(y, return_inverse=True), and save both")
	case d.kind == 'c':
		return a.file.errorf("y is %v, want the number of a class for each clip", d)
	case d.kind == 'f' && d.size <= 8:
		if err := a.whole(); err != nil {
			return err
		}
	}
	return a.file.errorf("%s is %v; save %s.astype('int64')", a.name, d, a.name)
}

// whole returns an error for the first label that is not a whole number.
func (a *npzArray) whole() error {
	n := 0
	return a.scan(func(chunk []byte) error {
		for ; len(chunk) >= a.dtype.size; chunk = chunk[a.dtype.size:] {
			switch v := a.dtype.floatAt(chunk); {
			case math.IsNaN(v) || math.IsInf(v, 0):
				return a.file.errorf("%s is %v, want the number of a class for each clip; leave out those that have none", a.at(n), v)
			case v != math.Trunc(v):
				return a.file.errorf("%s is %v, and labels are the numbers of classes: regression is not supported; make classes of ranges, with np.digitize(y, edges)", a.at(n), v)
			}
			n++
		}
		return nil
	})
}

// floatAt decodes the float of 2, 4 or 8 bytes that b starts with.
func (d dtype) floatAt(b []byte) float64 {
	var order binary.ByteOrder = binary.LittleEndian
	if d.big {
		order = binary.BigEndian
	}
	switch d.size {
	case 8:
		return math.Float64frombits(order.Uint64(b))
	case 4:
		return float64(math.Float32frombits(order.Uint32(b)))
	}
	half := order.Uint16(b)
	exponent, fraction := int(half>>10&0x1f), int(half&0x3ff)
	switch exponent {
	case 0x1f:
		return math.NaN() // or infinite
	case 0:
		exponent = 1
	default:
		fraction |= 0x400
	}
	return math.Copysign(math.Ldexp(float64(fraction), exponent-25), 1-2*float64(half>>15))
}
