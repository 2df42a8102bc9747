package train

import (
	"math"
	"slices"
	"strconv"
)

// Score is a mean over clips.
type Score struct {
	Loss     float64 `json:"loss"`     // cross-entropy, in nats
	Accuracy float64 `json:"accuracy"` // fraction of the clips whose largest logit is the label's
	Clips    int     `json:"clips"`
}

// Diverged reports whether the loss is more than ten times ln(classes), that of a uniform
// guess: training has failed, though every number is finite. A model that has memorised
// its training clips may be a few times above a guess on others.
func (s Score) Diverged(classes int) bool {
	return s.Loss > 10*math.Log(float64(max(2, classes)))
}

// tally adds scores up.
type tally struct {
	Loss  float64 `json:"loss"`
	Hits  float64 `json:"hits"`
	Clips int     `json:"clips"`
}

func (t *tally) add(other tally) {
	t.Loss += other.Loss
	t.Hits += other.Hits
	t.Clips += other.Clips
}

func (t *tally) score() Score {
	n := math.Max(1, float64(t.Clips))
	return Score{Loss: t.Loss / n, Accuracy: t.Hits / n, Clips: t.Clips}
}

// argmax returns the place of the largest value, -1 where one is NaN.
func argmax(x []float32) int { return slices.Index(x, slices.Max(x)) }

// number writes NaN, +Inf and the rest for a message.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 5, 64) }
