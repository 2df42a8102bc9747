package compare

import (
	"io"
	"math"
	"slices"

	"github.com/tensorzoo/tensorzoo/internal/charts"
	"github.com/tensorzoo/tensorzoo/train"
)

// Plot is a picture of the results.
type Plot struct {
	Name    string // of its files, without an ending; the first word says which section of the report it is in
	Caption string
	picture charts.Picture
}

// SVG writes the plot as an SVG file.
func (p Plot) SVG(w io.Writer) error {
	_, err := charts.SVG(w, p.picture)
	return err
}

// Plots draws the results: accuracy against size and arithmetic, curves of the training,
// costs, and a confusion matrix for each model.
func (r *Results) Plots() []Plot {
	all := []Plot{
		r.accuracyOver("accuracy-recurrent-layer", "Whole recurrent layer", "learnable values", func(m *Result) int { return m.Sizes.RecurrentLayer }),
		r.accuracyOver("accuracy-input-weights", "Weights from the input", "learnable values", func(m *Result) int { return m.Sizes.InputToHidden }),
		r.accuracyOver("accuracy-multiply-adds", "Accuracy and arithmetic", "multiply-adds a frame", func(m *Result) int { return m.Sizes.MulAddsPerFrame }),
		r.curves("curves-loss", charts.Panel{Title: "Training loss", Y: "cross-entropy, nats", LogY: true}, func(s train.Score) float64 { return s.Loss }),
		r.curves("curves-accuracy", charts.Panel{Title: "Training accuracy", Y: "accuracy"}, func(s train.Score) float64 { return s.Accuracy }),
		r.bars("costs-time", "Time", "milliseconds a training step", func(m *Result) Sample { return m.StepMillis }),
		r.bars("costs-memory", "Memory", "peak resident MB", func(m *Result) Sample { return m.PeakMB }),
	}
	// Not every system reports memory.
	all = slices.DeleteFunc(all, func(p Plot) bool { b, ok := p.picture.(charts.BarPanel); return ok && len(b.Bars) == 0 })
	for _, m := range r.Models {
		if len(m.Seeds) > 0 {
			classes, counts := m.Confusion()
			all = append(all, Plot{"confusion-" + m.Model.Name, said("caption of a confusion", m), charts.Matrix{Title: m.Model.Name + ", all seeds", Classes: classes, Counts: counts}})
		}
	}
	return all
}

// accuracyOver is the plot of the test accuracies over some size of the models.
func (r *Results) accuracyOver(name, title, axis string, size func(m *Result) int) Plot {
	p := charts.Panel{Title: title, X: axis, Y: "test accuracy", LogX: true, SideBySide: true}
	for _, m := range r.Models {
		l := charts.Line{Name: m.Model.Name, Marker: true}
		addTo(&l, float64(size(m)), m.Accuracy)
		p.Lines = append(p.Lines, l)
	}
	return Plot{name, said("caption of "+name, nil), charts.Panels{p}}
}

// addTo adds a mean and its standard deviation to a line.
func addTo(l *charts.Line, x float64, s Sample) {
	l.X, l.Y = append(l.X, x), append(l.Y, s.Mean)
	l.Low, l.High = append(l.Low, s.Mean-s.SD), append(l.High, s.Mean+s.SD)
}

// bars is the plot of a figure of the models that have it.
func (r *Results) bars(name, title, axis string, of func(m *Result) Sample) Plot {
	p := charts.BarPanel{Title: title, X: axis}
	for _, m := range r.Models {
		if s := of(m); len(s.Values) > 0 {
			p.Bars = append(p.Bars, charts.Bar{Name: m.Model.Name, Value: s.Mean, Low: max(0, s.Mean-s.SD), High: s.Mean + s.SD})
		}
	}
	return Plot{name, said("caption of "+name, nil), p}
}

// curves is the plot of a figure of every epoch: a line per model, the mean over the seeds,
// and its standard deviation.
func (r *Results) curves(name string, p charts.Panel, figure func(s train.Score) float64) Plot {
	p.X, p.IntegerX = "epoch", true
	for _, m := range r.Models {
		l := charts.Line{Name: m.Model.Name}
		for {
			e := len(l.X)
			s := sampled(m.Runs, func(run *Run) float64 {
				if e < len(run.Epochs) {
					return figure(run.Epochs[e].Train)
				}
				return math.NaN()
			})
			if len(s.Values) == 0 {
				break
			}
			addTo(&l, float64(e+1), s)
		}
		if len(l.X) > 0 {
			p.Lines = append(p.Lines, l)
		}
	}
	return Plot{name, said("caption of "+name, nil), charts.Panels{p}}
}
