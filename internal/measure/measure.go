// Package measure measures the mean and the standard deviation of stored values.
package measure

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// The modes of normalising that measure nothing, or not always. Minus128 makes v - 128 of
// v, as the papers' public code does.
const (
	Auto     = "auto"
	None     = "none"
	Minus128 = "minus128"
)

// Check returns an error for an unknown mode. "" is Auto.
func Check(mode string) error {
	modes := []string{Auto, "channel", "global", None, Minus128}
	if mode != "" && !slices.Contains(modes, mode) {
		return errors.Errorf("no normalisation is called %q%s", mode, didyoumean.Hint(mode, modes))
	}
	return nil
}

// Given returns what is known without measuring: n, or what the mode fixes; otherwise
// nil.
func Given(n *preprocess.Normalisation, mode string) *preprocess.Normalisation {
	if n == nil && mode == Minus128 {
		return &preprocess.Normalisation{Mean: []float64{128}, Std: []float64{1}}
	}
	return n
}

// maxChannels bounds what a meter needs for each of its channels. A checkpoint
// has to hold their statistics, too.
const maxChannels = 1 << 20

// Start returns a meter for what the mode measures, all values of the training part, or
// one that is off and has the normalisation that is given. bytes says that values are
// bytes. It returns an error when the one given does not fit steps of that shape, or when
// there are too many channels.
func Start(n *preprocess.Normalisation, mode string, stepShape []int, bytes bool) (*Meter, error) {
	if n = Given(n, mode); n != nil {
		return &Meter{given: n.Clone()}, n.Check(stepShape)
	}
	channels := channels(mode, stepShape, bytes)
	if channels > maxChannels {
		return nil, errors.Errorf("the last axis of x has %d channels, more than %d to measure apart; normalise global or none", channels, maxChannels)
	}
	return NewMeter(channels), nil
}

// colours is the largest last axis of bytes that is taken for the colours of a
// pixel: grey, grey and alpha, RGB, RGBA.
const colours = 4

// channels returns how many channels a mode measures apart, 0 for none. Bytes
// with a long last axis are levels on one scale, as in frames without a colour
// axis or flattened: a mean and a deviation for each pixel would blow up the
// noise of those that hardly change. Other values may have a unit for each
// place of the last axis, as the coordinates of a joint do.
func channels(mode string, stepShape []int, bytes bool) int {
	last := stepShape[len(stepShape)-1]
	switch {
	case mode == None:
		return 0
	case mode == "global", mode != "channel" && bytes && last > colours:
		return 1
	}
	return last
}

// Meter measures values a piece at a time, either bytes or floats. Those of a piece
// continue where the last ones ended: the channel of the first follows that of the last
// one before.
//
// The sums of bytes are integers and so exact, whatever the order. Floats take the
// updates of Welford (Technometrics 4, 1962), which lose no digits when the mean is far
// from zero; the same values in the same order give the same bits, however they are cut
// into pieces.
type Meter struct {
	given    preprocess.Normalisation // instead of measuring
	channels []channel
	at       int // channel of the next value

	bytes   uint64  // how many
	floats  uint64  // how many per channel up to that one
	inverse float64 // 1/floats
}

// channel is what is known of a channel: the sums of bytes; or the mean of floats, and the
// sum of their squared distances to it.
type channel struct {
	sum, ofSquares uint64
	mean, squares  float64
}

// NewMeter returns a meter that measures each channel separately; 1 channel measures all
// values as one, and none is off.
func NewMeter(channels int) *Meter { return &Meter{channels: make([]channel, channels)} }

// On reports whether the meter wants values. Others take none, nil among them.
func (m *Meter) On() bool { return m != nil && len(m.channels) > 0 }

// Bytes takes further values.
func (m *Meter) Bytes(x []byte) {
	if !m.On() {
		return
	}
	m.bytes += uint64(len(x))
	n := len(m.channels)
	for first := range min(n, len(x)) {
		c := &m.channels[(m.at+first)%n]
		sum, ofSquares := c.sum, c.ofSquares
		for k := first; k < len(x); k += n {
			v := uint64(x[k])
			sum, ofSquares = sum+v, ofSquares+v*v
		}
		c.sum, c.ofSquares = sum, ofSquares
	}
	m.at = (m.at + len(x)) % n
}

// Floats takes further values, which must be finite.
func (m *Meter) Floats(x []float32) {
	if !m.On() {
		return
	}
	for _, v := range x {
		if m.at == 0 {
			m.floats++
			m.inverse = 1 / float64(m.floats)
		}
		// The conversions keep the compiler from fusing a product into a sum, which
		// would give other bits on other processors.
		c := &m.channels[m.at]
		before := float64(v) - c.mean
		c.mean += float64(before * m.inverse)
		c.squares += float64(before * (float64(v) - c.mean))
		if m.at++; m.at == len(m.channels) {
			m.at = 0
		}
	}
}

// Normalisation returns the mean and the population standard deviation of each channel.
// A channel of one value has nothing to scale: its Std is 1. A meter that is off returns
// what it was given.
func (m *Meter) Normalisation() (n preprocess.Normalisation) {
	if !m.On() {
		return m.given
	}
	for _, c := range m.channels {
		mean, variance := c.mean, c.squares/float64(max(m.floats, 1))
		if m.bytes > 0 {
			count := float64(m.bytes / uint64(len(m.channels)))
			mean = float64(c.sum) / count
			variance = float64(c.ofSquares)/count - float64(mean*mean) // not fused
		}
		std := math.Sqrt(variance)
		if !(std > 0) {
			std = 1
		}
		n.Mean, n.Std = append(n.Mean, mean), append(n.Std, std)
	}
	return n
}

// NotFinite returns the place of the first NaN or infinity, -1 without one.
func NotFinite[T float32 | float64](x []T) int {
	return slices.IndexFunc(x, func(v T) bool { return v-v != 0 })
}

// At writes the place of a value, given by its number in an array, the way numpy does,
// as in x[3, 0, 17].
func At(array string, shape []int, value int) string {
	index := make([]string, len(shape))
	for k := len(shape) - 1; k >= 0; k-- {
		index[k] = strconv.Itoa(value % shape[k])
		value /= shape[k]
	}
	return array + "[" + strings.Join(index, ", ") + "]"
}
