package main

import (
	"fmt"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/internal/charts"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/drawing"
	"github.com/tensorzoo/tensorzoo/internal/numerals"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// gateClips is how many clips the picture of the gates is measured on.
const gateClips = 256

// drawCurves draws loss and accuracy over the epochs, and the test score at the
// epoch whose weights were tested when there is a result.
func drawCurves(path, title string, epochs []train.Epoch, r *train.Result) error {
	zero, one := 0.0, 1.0
	loss := charts.Panel{Title: title + ", loss", X: "epoch", Y: "cross-entropy (nats)", Min: &zero}
	accuracy := charts.Panel{Title: title + ", accuracy", X: "epoch", Y: "part of the clips", Min: &zero, Max: &one}
	add := func(name string, of func(train.Epoch) *train.Score) {
		l, a := charts.Line{Name: name}, charts.Line{Name: name}
		for _, e := range epochs {
			if s := of(e); s != nil {
				l.X, l.Y = append(l.X, float64(e.Epoch)), append(l.Y, s.Loss)
				a.X, a.Y = append(a.X, float64(e.Epoch)), append(a.Y, s.Accuracy)
			}
		}
		if len(l.X) > 0 {
			loss.Lines, accuracy.Lines = append(loss.Lines, l), append(accuracy.Lines, a)
		}
	}
	add("training", func(e train.Epoch) *train.Score { return &e.Train })
	add("validation", func(e train.Epoch) *train.Score { return e.Validation })
	if r != nil {
		at := []float64{float64(r.Best)}
		loss.Lines = append(loss.Lines, charts.Line{Name: "test", X: at, Y: []float64{r.Test.Loss}, Marker: true})
		accuracy.Lines = append(accuracy.Lines, charts.Line{Name: "test", X: at, Y: []float64{r.Test.Accuracy}, Marker: true})
	}
	return charts.Save(path, charts.Panels{loss, accuracy})
}

// drawGates draws, for each layer and direction, the gates' means and how much of
// them is saturated.
func drawGates(path string, gates []train.Gate) error {
	zero, one := 0.0, 1.0
	var panels []charts.Panel
	for k, g := range gates {
		if k == 0 || g.Layer != gates[k-1].Layer {
			panels = append(panels,
				charts.Panel{Title: g.Layer + ", gates", X: "step", Y: "mean activation", Max: &one},
				charts.Panel{Title: g.Layer + ", saturation", X: "step", Y: "part within 5 % of an end", Min: &zero, Max: &one})
		}
		x := make([]float64, len(g.Mean))
		for t := range x {
			x[t] = float64(t + 1)
		}
		means, saturation := &panels[len(panels)-2], &panels[len(panels)-1]
		means.Lines = append(means.Lines, charts.Line{Name: g.Name, X: x, Y: g.Mean})
		saturation.Lines = append(saturation.Lines, charts.Line{Name: g.Name, X: x, Y: g.Saturated})
	}
	return charts.Save(path, charts.Panels(panels))
}

// drawNetworks draws the tensor networks of a model's weights: those from the
// input, and the recurrent ones where they are decomposed.
func drawNetworks(path string, e zoo.Entry) error {
	weights, err := e.Spec.Weights()
	if err != nil {
		return cmdline.Usage{Err: err}
	}
	var panels []drawing.Panel
	for _, w := range weights {
		if w.Role == cells.HiddenToHidden && w.Matrix.Format == "Dense" {
			continue
		}
		what := map[cells.Role]string{cells.InputToHidden: "input-to-hidden", cells.HiddenToHidden: "hidden-to-hidden", cells.Joint: "input and state to hidden"}[w.Role]
		if w.Layer > 1 || len(weights) > 2 {
			what = fmt.Sprintf("layer %d, %s", w.Layer, what)
		}
		panels = append(panels, drawing.Panel{
			Title: fmt.Sprintf("%s, %s: %s × %s in %s weights", e.Name, what,
				numerals.Thousands(w.Matrix.Rows()), numerals.Thousands(w.Matrix.Cols()), numerals.Thousands(w.Matrix.Params())),
			Matrix: w.Matrix,
		})
	}
	return drawing.Draw(path, panels...)
}
