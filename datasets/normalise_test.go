package datasets

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNormaliser(t *testing.T) {
	// Two clips of two pixels and a third that is not chosen. Red is 0 2 4 6,
	// mean 3, variance 5; green is 10 throughout; blue is 255 0 255 0.
	frames := []byte{
		0, 10, 255, 2, 10, 0,
		99, 99, 99, 99, 99, 99,
		4, 10, 255, 6, 10, 0,
	}
	norm := newNormaliser(frames, 6, []int{2, 0})
	x := make([]float32, 6)
	norm.write(x, frames[:6], 3)
	assert.InDeltaSlice(t, []float32{-3 / 2.2360680, 0, 1, -1 / 2.2360680, 0, -1}, x, 1e-6)
	assert.Equal(t, float32(1), norm[1][11], "a channel of one level is centred only")

	norm.write(x, []byte{4, 10, 255, 77, 6, 10, 0, 77}, 4)
	assert.InDeltaSlice(t, []float32{1 / 2.2360680, 0, 1, 3 / 2.2360680, 0, -1}, x, 1e-6)
}
