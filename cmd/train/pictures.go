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
	return charts.Draw(path, loss, accuracy)
}

func drawConfusion(path, title string, e *train.Evaluation) error {
	title = fmt.Sprintf("%s, accuracy %.3f on %s test clips", title, e.Accuracy, thousands(e.Clips))
	return charts.Confusion(path, title, e.Classes, e.Confusion)
}

// drawGates draws a panel for each layer and direction.
func drawGates(path string, gates []train.Gate) error {
	var panels []charts.Panel
	for _, g := range gates {
		if len(panels) == 0 || panels[len(panels)-1].Title != gatesTitle(g) {
			lowest, highest := -1.0, 1.0
			panels = append(panels, charts.Panel{Title: gatesTitle(g), X: "step", Y: "activation", Min: &lowest, Max: &highest, IntegerX: true})
		}
		line := charts.Line{Name: g.Name, Y: g.Mean, Low: g.Low, High: g.High}
		for t := range g.Mean {
			line.X = append(line.X, float64(t+1))
		}
		p := &panels[len(panels)-1]
		p.Lines = append(p.Lines, line)
	}
	return charts.Draw(path, panels...)
}

func gatesTitle(g train.Gate) string { return g.Layer + ": mean, and where 80 % of the values are" }
