package measure

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

// exact returns the mean and the variance of each channel of x, in arithmetic
// that does not round.
func exact(x []float32, channels int) (mean, variance []float64) {
	for c := range channels {
		sum, squares, n := new(big.Rat), new(big.Rat), int64(0)
		for k := c; k < len(x); k += channels {
			v := new(big.Rat).SetFloat64(float64(x[k]))
			sum.Add(sum, v)
			squares.Add(squares, v.Mul(v, v))
			n++
		}
		count := big.NewRat(n, 1)
		sum.Quo(sum, count)
		squares.Quo(squares, count)
		squares.Sub(squares, new(big.Rat).Mul(sum, sum))
		m, _ := sum.Float64()
		v, _ := squares.Float64()
		mean, variance = append(mean, m), append(variance, v)
	}
	return mean, variance
}

// cut calls add with x in pieces of any length, which need not be whole rows.
func cut[T any](t *rapid.T, x []T, add func([]T)) {
	for len(x) > 0 {
		n := rapid.IntRange(1, len(x)).Draw(t, "piece")
		add(x[:n])
		x = x[n:]
	}
}

func TestBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		channels := rapid.IntRange(1, 5).Draw(t, "channels")
		rows := rapid.IntRange(1, 30).Draw(t, "rows")
		x := rapid.SliceOfN(rapid.Byte(), rows*channels, rows*channels).Draw(t, "x")
		floats := make([]float32, len(x))
		for k, v := range x {
			floats[k] = float32(v)
		}
		whole, pieces := NewMeter(channels), NewMeter(channels)
		whole.Bytes(x)
		cut(t, x, pieces.Bytes)
		n := whole.Normalisation()
		require.Equal(t, n, pieces.Normalisation())
		mean, variance := exact(floats, channels)
		for c := range channels {
			if variance[c] == 0 {
				variance[c] = 1
			}
			require.InDelta(t, mean[c], n.Mean[c], 1e-10)
			require.InEpsilon(t, variance[c], n.Std[c]*n.Std[c], 1e-9)
		}
	})
}

// The mean may be a million times the deviation, where the mean of squares less
// the square of the mean has no digit left.
func TestFloats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		channels := rapid.IntRange(1, 5).Draw(t, "channels")
		rows := rapid.IntRange(1, 30).Draw(t, "rows")
		far := rapid.Float32Range(-1e6, 1e6).Draw(t, "far")
		x := make([]float32, rows*channels)
		for k := range x {
			x[k] = far + rapid.Float32Range(-1, 1).Draw(t, "v")
		}
		whole, pieces := NewMeter(channels), NewMeter(channels)
		whole.Floats(x)
		cut(t, x, pieces.Floats)
		n := whole.Normalisation()
		require.Equal(t, n, pieces.Normalisation(), "the same bits")
		mean, variance := exact(x, channels)
		for c := range channels {
			require.InDelta(t, mean[c], n.Mean[c], 1e-8)
			if variance[c] == 0 {
				// Rounding of the mean may leave a trace of a distance.
				require.Equal(t, 1.0, n.Std[c])
			} else {
				require.InEpsilon(t, variance[c], n.Std[c]*n.Std[c], 1e-6)
			}
		}
	})
}

// A channel without a spread is centred only, and no values at all are well.
func TestConstant(t *testing.T) {
	values := NewMeter(2)
	values.Floats([]float32{0.1, 5, 0.1, 5, 0.1, 6})
	n := values.Normalisation()
	assert.Equal(t, float64(float32(0.1)), n.Mean[0])
	assert.Equal(t, 1.0, n.Std[0])
	assert.NotEqual(t, 1.0, n.Std[1])
	nothing := preprocess.Normalisation{Mean: []float64{0}, Std: []float64{1}}
	assert.Equal(t, nothing, NewMeter(1).Normalisation())
}

func BenchmarkMeasure(b *testing.B) {
	bytes, floats := make([]byte, 1<<20), make([]float32, 1<<20)
	for k := range bytes {
		bytes[k] = byte(k * 7)
		floats[k] = float32(bytes[k])
	}
	for _, channels := range []int{1, 3, 57600} {
		name := map[int]string{1: "global", 3: "colours", 57600: "pixels"}[channels]
		b.Run("uint8/"+name, func(b *testing.B) {
			b.SetBytes(int64(len(bytes)))
			for m := NewMeter(channels); b.Loop(); {
				m.Bytes(bytes)
			}
		})
		b.Run("float32/"+name, func(b *testing.B) {
			b.SetBytes(4 * int64(len(floats)))
			for m := NewMeter(channels); b.Loop(); {
				m.Floats(floats)
			}
		})
	}
}

func TestChannels(t *testing.T) {
	for _, test := range []struct {
		mode   string
		last   int
		levels bool
		want   int
	}{
		{"", 3, true, 3}, {"auto", 4, true, 4}, {"auto", 5, true, 1}, {"auto", 57600, false, 57600}, {"", 1, true, 1},
		{"channel", 100, true, 100}, {"channel", 100, false, 100},
		{"global", 3, true, 1}, {"global", 3, false, 1},
		{"none", 3, true, 0}, {"none", 100, false, 0},
	} {
		assert.Equal(t, test.want, channels(test.mode, []int{9, test.last}, test.levels), "%+v", test)
	}
}

// What is measured of colours normalises them.
func TestColours(t *testing.T) {
	// Two clips of two pixels. Red is 0 2 4 6, mean 3, variance 5; green is 10
	// throughout; blue is 255 0 255 0.
	frames := []byte{
		0, 10, 255, 2, 10, 0,
		4, 10, 255, 6, 10, 0,
	}
	m, err := Start(nil, "", []int{1, 2, 3}, true)
	require.NoError(t, err)
	m.Bytes(frames)
	x := make([]float32, 12)
	m.Normalisation().Bytes(x, frames)
	assert.InDeltaSlice(t, []float32{-3 / 2.2360680, 0, 1, -1 / 2.2360680, 0, -1, 1 / 2.2360680, 0, 1, 3 / 2.2360680, 0, -1}, x, 1e-6)
	m.Normalisation().Bytes(x, []byte{0, 11, 0})
	assert.Equal(t, float32(1), x[1], "a channel of one level is centred only")
}

// What is given is not measured.
func TestStart(t *testing.T) {
	given := preprocess.Normalisation{Mean: []float64{1}, Std: []float64{2}}
	for _, test := range []struct {
		given *preprocess.Normalisation
		mode  string
		want  preprocess.Normalisation
	}{
		{&given, "channel", given}, {nil, "none", preprocess.Normalisation{}},
		{nil, "minus128", preprocess.Normalisation{Mean: []float64{128}, Std: []float64{1}}}, {&given, "minus128", given},
	} {
		m, err := Start(test.given, test.mode, []int{3}, true)
		require.NoError(t, err)
		require.False(t, m.On())
		m.Bytes([]byte{1, 2, 3})
		require.Equal(t, test.want, m.Normalisation())
	}
	_, err := Start(nil, "channel", []int{1 << 21}, false)
	require.EqualError(t, err, "the last axis of x has 2097152 channels, more than 1048576 to measure apart; normalise global or none")
	_, err = Start(&given, "", []int{3}, false)
	require.NoError(t, err)
	given.Std[0] = 0
	_, err = Start(&given, "", []int{3}, false)
	require.ErrorContains(t, err, "Std[0] is 0")
}
