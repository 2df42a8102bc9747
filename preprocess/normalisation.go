// Package preprocess describes what is done to a stored clip before a model sees
// it: which steps are taken and how values are normalised.
//
// It imports nothing of the project, so that a data set, a checkpoint and a
// program that only predicts agree on one description.
package preprocess

import (
	"math"
	"slices"

	"github.com/pkg/errors"
)

// Normalisation maps a stored value v of channel c to (v - Mean[c]) / Std[c].
// Channels count along the last axis of a step, such as the colours of a frame.
// A single entry applies to all values; without entries nothing changes.
type Normalisation struct {
	Mean []float64 `json:"mean"`
	Std  []float64 `json:"std"`
}

// Check returns an error when n does not fit steps of shape (n_1, ..., n_d):
// Mean and Std must have the same number of entries, 0, 1 or n_d, all of them
// finite and those of Std positive.
func (n Normalisation) Check(stepShape []int) error {
	if len(n.Mean) != len(n.Std) {
		return errors.Errorf("normalisation: Mean has %d entries and Std %d, want as many", len(n.Mean), len(n.Std))
	}
	last := 1
	if len(stepShape) > 0 {
		last = stepShape[len(stepShape)-1]
	}
	if k := len(n.Mean); k > 1 && k != last {
		return errors.Errorf("normalisation: there are %d entries, want 0, 1 or %d, the last axis of a step", k, last)
	}
	for c, mean := range n.Mean {
		if math.IsNaN(mean) || math.IsInf(mean, 0) {
			return errors.Errorf("normalisation: Mean[%d] is %v, want a finite number", c, mean)
		}
		if std := n.Std[c]; !(std > 0) || math.IsInf(std, 0) {
			return errors.Errorf("normalisation: Std[%d] is %v, want a finite number above 0", c, std)
		}
	}
	return nil
}

// Apply normalises x in place. Its shape is (..., n_d), whole rows of the last
// axis of a step. The arithmetic is float64, rounded once at the end.
func (n Normalisation) Apply(x []float32) {
	switch len(n.Mean) {
	case 0:
	case 1:
		mean, std := n.Mean[0], n.Std[0]
		for k, v := range x {
			x[k] = float32((float64(v) - mean) / std)
		}
	default:
		mean, std := n.Mean, n.Std[:len(n.Mean)]
		for len(x) >= len(mean) {
			for c, v := range x[:len(mean)] {
				x[c] = float32((float64(v) - mean[c]) / std[c])
			}
			x = x[len(mean):]
		}
	}
}

// Bytes writes stored bytes, whole rows of the last axis of a step, to x as
// normalised values: the bits that Apply gives.
func (n Normalisation) Bytes(x []float32, stored []byte) {
	const most, levels = 4, 256 // channels with a table, and its length
	channels := max(1, len(n.Mean))
	if channels > most || len(stored) < channels*levels {
		for k, v := range stored {
			x[k] = float32(v)
		}
		n.Apply(x[:len(stored)])
		return
	}
	var table [most][levels]float32
	for level := range levels {
		row := [most]float32{float32(level), float32(level), float32(level), float32(level)}
		n.Apply(row[:channels])
		for c := range channels {
			table[c][level] = row[c]
		}
	}
	for c := range channels {
		for at := c; at < len(stored); at += channels {
			x[at] = table[c][stored[at]]
		}
	}
}

// Clone returns a copy that shares no memory with n.
func (n Normalisation) Clone() Normalisation {
	return Normalisation{Mean: slices.Clone(n.Mean), Std: slices.Clone(n.Std)}
}
