package main

import (
	"fmt"

	"github.com/tensorzoo/tensorzoo/internal/charts"
	"github.com/tensorzoo/tensorzoo/train"
)

// gateClips is how many clips the picture of the gates is measured on.
const gateClips = 256

// drawCurves draws loss and accuracy over the epochs, and the test score at the
// epoch whose weights were tested when there is a result.
func drawCurves(path, title string, epochs []train.Epoch, r *train.Result) error {
	zero, one := 0.0, 1.0
	loss := charts.Panel{Title: title + ", loss", X: "epoch", Y: "cross-entropy (nats)", Min: &zero, IntegerX: true}
	accuracy := charts.Panel{Title: title + ", accuracy", X: "epoch", Y: "part of the clips", Min: &zero, Max: &one, IntegerX: true}
	training := func(e train.Epoch) *train.Score { return &e.Train }
	validation := func(e train.Epoch) *train.Score { return e.Validation }
	for _, series := range []struct {
		name string
		of   func(train.Epoch) *train.Score
	}{{"training", training}, {"validation", validation}} {
		l, a := charts.Line{Name: series.name}, charts.Line{Name: series.name}
		for _, e := range epochs {
			if s := series.of(e); s != nil {
				l.X, l.Y = append(l.X, float64(e.Epoch)), append(l.Y, s.Loss)
				a.X, a.Y = append(a.X, float64(e.Epoch)), append(a.Y, s.Accuracy)
			}
		}
		if len(l.X) > 0 {
			loss.Lines, accuracy.Lines = append(loss.Lines, l), append(accuracy.Lines, a)
		}
	}
	if r != nil {
		at := []float64{float64(r.Best)}
		loss.Lines = append(loss.Lines, charts.Line{Name: "test", X: at, Y: []float64{r.Test.Loss}, Marker: true})
		accuracy.Lines = append(accuracy.Lines, charts.Line{Name: "test", X: at, Y: []float64{r.Test.Accuracy}, Marker: true})
	}
	return charts.Save(path, charts.Panels{loss, accuracy})
}

func drawConfusion(path, title string, e *train.Evaluation) error {
	title = fmt.Sprintf("%s, accuracy %.3f on %s test clips", title, e.Accuracy, thousands(e.Clips))
	return charts.Save(path, charts.Matrix{Title: title, Classes: e.Classes, Counts: e.Confusion})
}

// drawGates draws, for each layer and direction, the gates' means and how much of
// them is saturated.
func drawGates(path string, gates []train.Gate) error {
	zero, one := 0.0, 1.0
	var panels []charts.Panel
	for k, g := range gates {
		if k == 0 || g.Layer != gates[k-1].Layer {
			panels = append(panels,
				charts.Panel{Title: g.Layer + ", gates", X: "step", Y: "mean activation", Max: &one, IntegerX: true},
				charts.Panel{Title: g.Layer + ", saturation", X: "step", Y: "part within 5 % of an end", Min: &zero, Max: &one, IntegerX: true})
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
