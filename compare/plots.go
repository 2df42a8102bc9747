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
	const beside = " Bars are one standard deviation over the seeds; models of nearly one size stand side by side, and the tables have their sizes."
	all := []Plot{
		{"accuracy-recurrent-layer", "Test accuracy against the learnable values of the whole recurrent layer." + beside,
			r.accuracyOver("Whole recurrent layer", "learnable values", func(m *Result) int { return m.Sizes.RecurrentLayer })},
		{"accuracy-input-weights", "Test accuracy against the weights from the input alone, which the papers count." + beside,
			r.accuracyOver("Weights from the input", "learnable values", func(m *Result) int { return m.Sizes.InputToHidden })},
		{"accuracy-multiply-adds", "Test accuracy against the multiply-adds of a frame." + beside,
			r.accuracyOver("Accuracy and arithmetic", "multiply-adds a frame", func(m *Result) int { return m.Sizes.MulAddsPerFrame })},
		{"curves-loss", "Loss in training, by epoch: the mean over the seeds, within one standard deviation.",
			charts.Panels{{Title: "Training loss", X: "epoch", Y: "cross-entropy, nats", LogY: true, IntegerX: true,
				Lines: r.curves(func(s train.Score) float64 { return s.Loss })}}},
		{"curves-accuracy", "Accuracy in training, by epoch: the mean over the seeds, within one standard deviation.",
			charts.Panels{{Title: "Training accuracy", X: "epoch", Y: "accuracy", IntegerX: true,
				Lines: r.curves(func(s train.Score) float64 { return s.Accuracy })}}},
		{"costs-time", "Median time of a training step: mean and standard deviation over the seeds.",
			r.bars("Time", "milliseconds a training step", func(m *Result) Sample { return m.StepMillis })},
		{"costs-memory", "Largest resident memory of the process: mean and standard deviation over the seeds.",
			r.bars("Memory", "peak resident MB", func(m *Result) Sample { return m.PeakMB })},
	}
	// Not every system reports memory.
	all = slices.DeleteFunc(all, func(p Plot) bool { b, ok := p.picture.(charts.BarPanel); return ok && len(b.Bars) == 0 })
	for _, m := range r.Models {
		if len(m.Seeds) > 0 {
			classes, counts := m.Confusion()
			all = append(all, Plot{"confusion-" + m.Model.Name, "What " + m.Model.Name + " takes the test clips of each class for, all seeds together.",
				charts.Matrix{Title: m.Model.Name + ", all seeds", Classes: classes, Counts: counts}})
		}
	}
	return all
}

// accuracyOver is the plot of the test accuracies over some size of the models.
func (r *Results) accuracyOver(title, axis string, size func(m *Result) int) charts.Picture {
	p := charts.Panel{Title: title, X: axis, Y: "test accuracy", LogX: true, SideBySide: true}
	for _, m := range r.Models {
		a := m.Accuracy
		p.Lines = append(p.Lines, charts.Line{Name: m.Model.Name, Marker: true, X: []float64{float64(size(m))}, Y: []float64{a.Mean}, Low: []float64{a.Mean - a.SD}, High: []float64{a.Mean + a.SD}})
	}
	return charts.Panels{p}
}

// bars is the plot of a figure of the models that have it.
func (r *Results) bars(title, axis string, of func(m *Result) Sample) charts.Picture {
	p := charts.BarPanel{Title: title, X: axis}
	for _, m := range r.Models {
		if s := of(m); len(s.Values) > 0 {
			p.Bars = append(p.Bars, charts.Bar{Name: m.Model.Name, Value: s.Mean, Low: max(0, s.Mean-s.SD), High: s.Mean + s.SD})
		}
	}
	return p
}

// curves returns a line per model: the mean over the seeds of a figure of every
// epoch, and its standard deviation.
func (r *Results) curves(figure func(s train.Score) float64) []charts.Line {
	var lines []charts.Line
	for _, m := range r.Models {
		l := charts.Line{Name: m.Model.Name}
		for e := 0; ; e++ {
			s := sampled(m.Runs, func(run *Run) float64 {
				if e < len(run.Epochs) {
					return figure(run.Epochs[e].Train)
				}
				return math.NaN()
			})
			if len(s.Values) == 0 {
				break
			}
			l.X, l.Y = append(l.X, float64(e+1)), append(l.Y, s.Mean)
			l.Low, l.High = append(l.Low, s.Mean-s.SD), append(l.High, s.Mean+s.SD)
		}
		if len(l.X) > 0 {
			lines = append(lines, l)
		}
	}
	return lines
}
