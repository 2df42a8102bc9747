package main

import (
	"os"
	"path/filepath"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/charts"
)

// picture is a plot of the report, written as SVG and PNG.
type picture struct {
	name, caption string // the file's name without its ending
	draw          func(path string) error
}

const plotsDir = "plots"

// pictures lists the plots of the results. The first word of a name says which
// section of the report it belongs to.
func pictures(results []*result) []picture {
	const beside = "Bars are one standard deviation over the seeds; models of nearly one size stand side by side, and the tables have their sizes."
	all := []picture{
		accuracyOver("accuracy-recurrent-layer", "Test accuracy against the learnable values of the whole recurrent layer. "+beside,
			"Whole recurrent layer", "learnable values", results, func(r *result) int { return r.RecurrentLayer }),
		accuracyOver("accuracy-input-weights", "Test accuracy against the weights from the input alone, which the papers count. "+beside,
			"Weights from the input", "learnable values", results, func(r *result) int { return r.InputToHidden }),
		accuracyOver("accuracy-multiply-adds", "Test accuracy against the multiply-adds of a frame. "+beside,
			"Accuracy and arithmetic", "multiply-adds a frame", results, func(r *result) int { return r.MulAddsPerFrame }),
		{"curves-loss", "Loss in training, by epoch: the mean over the seeds, within one standard deviation.", func(path string) error {
			return charts.Draw(path, charts.Panel{Title: "Training loss", X: "epoch", Y: "cross-entropy, nats", LogY: true, IntegerX: true,
				Lines: curves(results, func(o *outcome, e int) float64 { return o.Epochs[e].Train.Loss })})
		}},
		{"curves-accuracy", "Accuracy in training, by epoch: the mean over the seeds, within one standard deviation.", func(path string) error {
			return charts.Draw(path, charts.Panel{Title: "Training accuracy", X: "epoch", Y: "accuracy", IntegerX: true,
				Lines: curves(results, func(o *outcome, e int) float64 { return o.Epochs[e].Train.Accuracy })})
		}},
	}
	all = append(all, bars("costs-time", "Median time of a training step: mean and standard deviation over the seeds.",
		"Time", "milliseconds a training step", results, func(r *result) sample { return r.stepMillis })...)
	all = append(all, bars("costs-memory", "Largest resident memory of the process: mean and standard deviation over the seeds.",
		"Memory", "peak resident MB", results, func(r *result) sample { return r.peakMB })...)
	for _, r := range results {
		if len(r.seeds) == 0 {
			continue
		}
		classes, counts := r.confusion()
		all = append(all, picture{"confusion-" + r.Entry.Name, "What " + r.Entry.Name + " takes the test clips of each class for, all seeds together.", func(path string) error {
			return charts.Confusion(path, r.Entry.Name+", all seeds", classes, counts)
		}})
	}
	return all
}

// accuracyOver is the plot of the test accuracies over some size of the models.
func accuracyOver(name, caption, title, axis string, results []*result, size func(r *result) int) picture {
	return picture{name, caption, func(path string) error {
		p := charts.Panel{Title: title, X: axis, Y: "test accuracy", LogX: true, SideBySide: true}
		for _, r := range results {
			low, high := r.accuracy.mean-r.accuracy.sd, r.accuracy.mean+r.accuracy.sd
			p.Lines = append(p.Lines, charts.Line{Name: r.Entry.Name, Marker: true, X: []float64{float64(size(r))}, Y: []float64{r.accuracy.mean}, Low: []float64{low}, High: []float64{high}})
		}
		return charts.Draw(path, p)
	}}
}

// bars is the plot of a figure of the models that have it; there is none if none has, as
// not every system reports memory.
func bars(name, caption, title, axis string, results []*result, of func(r *result) sample) []picture {
	p := charts.BarPanel{Title: title, X: axis}
	for _, r := range results {
		if s := of(r); len(s.values) > 0 {
			p.Bars = append(p.Bars, charts.Bar{Name: r.Entry.Name, Value: s.mean, Low: max(0, s.mean-s.sd), High: s.mean + s.sd})
		}
	}
	if len(p.Bars) == 0 {
		return nil
	}
	return []picture{{name, caption, func(path string) error { return charts.Bars(path, p) }}}
}

// curves returns a line per model: the mean over the seeds of a figure of every
// epoch, and its standard deviation.
func curves(results []*result, figure func(o *outcome, epoch int) float64) []charts.Line {
	var lines []charts.Line
	for _, r := range results {
		l := charts.Line{Name: r.Entry.Name}
		for e := 0; ; e++ {
			var values []float64
			for _, o := range r.runs {
				if e < len(o.Epochs) {
					values = append(values, figure(o, e))
				}
			}
			if len(values) == 0 {
				break
			}
			s := newSample(values)
			l.X, l.Y = append(l.X, float64(e+1)), append(l.Y, s.mean)
			l.Low, l.High = append(l.Low, s.mean-s.sd), append(l.High, s.mean+s.sd)
		}
		if len(l.X) > 0 {
			lines = append(lines, l)
		}
	}
	return lines
}

// confusion adds the seeds' matrices up.
func (r *result) confusion() (classes []string, counts [][]int) {
	for _, o := range r.runs {
		if o.Diverged != "" {
			continue
		}
		classes = o.Classes
		if counts == nil {
			counts = make([][]int, len(classes))
			for i := range counts {
				counts[i] = make([]int, len(classes))
			}
		}
		for i, row := range o.Confusion {
			for j, n := range row {
				counts[i][j] += n
			}
		}
	}
	return classes, counts
}

// drawPictures writes the plots to the folder dir of a report.
func drawPictures(dir string, all []picture) error {
	if err := os.MkdirAll(filepath.Join(dir, plotsDir), 0o777); err != nil {
		return errors.Wrap(err, "compare: -out")
	}
	for _, p := range all {
		for _, ending := range []string{".svg", ".png"} {
			if err := p.draw(filepath.Join(dir, plotsDir, p.name+ending)); err != nil {
				return errors.Wrap(err, "compare: -out")
			}
		}
	}
	return nil
}
