package datasets

import (
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// The modes of Options.Normalise.
const (
	auto    = "auto"
	channel = "channel"
	global  = "global"
	none    = "none"

	// minus128 measures nothing: v becomes v - 128, as in the papers' public code.
	minus128 = "minus128"
)

var normaliseModes = []string{auto, channel, global, none, minus128}

func checkNormalise(mode string) error {
	if mode != "" && !slices.Contains(normaliseModes, mode) {
		return errors.Errorf("no normalisation is called %q%s", mode, didyoumean.Hint(mode, normaliseModes))
	}
	return nil
}

// fixed returns the normalisation of a mode that measures nothing but changes
// values, nil for other modes.
func fixed(mode string) *preprocess.Normalisation {
	if mode != minus128 {
		return nil
	}
	return &preprocess.Normalisation{Mean: []float64{128}, Std: []float64{1}}
}

// colours is the largest last axis of bytes that is taken for the colours of a
// pixel: grey, grey and alpha, RGB, RGBA.
const colours = 4

// channels returns how many channels a mode measures apart, 0 for none. Bytes
// with a long last axis are levels on one scale, as in frames without a colour
// axis or flattened: a mean and a deviation for each pixel would blow up the
// noise of those that hardly change. Other values may have a unit for each
// place of the last axis, as the coordinates of a joint do.
func channels(mode string, stepShape []int, levels bool) int {
	last := stepShape[len(stepShape)-1]
	switch {
	case mode == none:
		return 0
	case mode == global, mode != channel && levels && last > colours:
		return 1
	}
	return last
}

func cloneNormalisation(n preprocess.Normalisation) preprocess.Normalisation {
	return preprocess.Normalisation{Mean: slices.Clone(n.Mean), Std: slices.Clone(n.Std)}
}

// rgb is the number of colour channels of a stored frame.
const rgb = 3

// normaliser maps the levels of each colour channel to their normalised value.
// There are only 256 levels, so the arithmetic is done once per level.
type normaliser [rgb][256]float32

func newNormaliser(n preprocess.Normalisation) *normaliser {
	norm := new(normaliser)
	for level := range 256 {
		var pixel [rgb]float32
		for c := range pixel {
			pixel[c] = float32(level)
		}
		n.Apply(pixel[:])
		for c, v := range pixel {
			norm[c][level] = v
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
