package main

import (
	"fmt"
	"io"
	"math"

	"github.com/tensorzoo/tensorzoo/train"
)

// divergence reports a run that has failed although its numbers are finite.
type divergence struct {
	w       io.Writer
	classes int
	rate    float64
	said    bool // of an epoch; one is enough
}

// epoch looks at the last epoch there is.
func (d *divergence) epoch(epochs []train.Epoch) {
	if len(epochs) == 0 || d.said {
		return
	}
	e := epochs[len(epochs)-1]
	d.said = d.report(fmt.Sprintf("training loss of epoch %d", e.Epoch), e.Train)
}

// report says so where the score is one of a run that has diverged.
func (d *divergence) report(what string, s train.Score) bool {
	if !s.Diverged(d.classes) {
		return false
	}
	guess := math.Log(float64(d.classes))
	fmt.Fprintf(d.w, "the run has diverged: the %s is %.4g, more than ten times that of a uniform guess, ln(%d) = %.4f; a lower -lr than %v may help\n",
		what, s.Loss, d.classes, guess, d.rate)
	return true
}
