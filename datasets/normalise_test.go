package datasets

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

func TestNormaliser(t *testing.T) {
	// Two clips of two pixels. Red is 0 2 4 6, mean 3, variance 5; green is 10
	// throughout; blue is 255 0 255 0.
	frames := []byte{
		0, 10, 255, 2, 10, 0,
		4, 10, 255, 6, 10, 0,
	}
	levels := preprocess.NewLevels(rgb)
	levels.Add(frames)
	norm := newNormaliser(levels.Normalisation())
	x := make([]float32, 6)
	norm.write(x, frames[:6], 3)
	assert.InDeltaSlice(t, []float32{-3 / 2.2360680, 0, 1, -1 / 2.2360680, 0, -1}, x, 1e-6)
	assert.Equal(t, float32(1), norm[1][11], "a channel of one level is centred only")

	norm.write(x, []byte{4, 10, 255, 77, 6, 10, 0, 77}, 4)
	assert.InDeltaSlice(t, []float32{1 / 2.2360680, 0, 1, 3 / 2.2360680, 0, -1}, x, 1e-6)
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
