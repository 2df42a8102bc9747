package datasets

import "math"

// rgb is the number of colour channels of a stored frame.
const rgb = 3

// normaliser maps the levels of each colour channel to (level - mean) / std.
// There are only 256 levels, so the arithmetic is done once per level.
type normaliser [rgb][256]float32

// newNormaliser takes the mean and the population standard deviation of each
// channel from the chosen clips of frames, which holds clips of clipLen bytes
// of interleaved channels. The sums are integers and so exact, whatever the
// number of pixels or the order of the clips.
func newNormaliser(frames []byte, clipLen int, clips []int) *normaliser {
	var sum, squares [rgb]uint64
	for _, i := range clips {
		clip := frames[i*clipLen : (i+1)*clipLen]
		for len(clip) >= rgb {
			for c, level := range clip[:rgb] {
				sum[c] += uint64(level)
				squares[c] += uint64(level) * uint64(level)
			}
			clip = clip[rgb:]
		}
	}
	pixels := float64(len(clips) * clipLen / rgb)
	norm := new(normaliser)
	for c := range norm {
		mean := float64(sum[c]) / pixels
		// The conversion keeps the compiler from fusing the product into the
		// difference, which would give other bits on other processors.
		std := math.Sqrt(float64(squares[c])/pixels - float64(mean*mean))
		if !(std > 0) {
			std = 1 // a channel of one level carries nothing to scale
		}
		for level := range norm[c] {
			norm[c][level] = float32((float64(level) - mean) / std)
		}
	}
	return norm
}

// write normalises interleaved pixels of stride bytes, the first three of them
// red, green and blue, into x of shape (pixels, 3).
func (n *normaliser) write(x []float32, pixels []byte, stride int) {
	for len(x) >= rgb && len(pixels) >= stride {
		x[0], x[1], x[2] = n[0][pixels[0]], n[1][pixels[1]], n[2][pixels[2]]
		x, pixels = x[rgb:], pixels[stride:]
	}
}
