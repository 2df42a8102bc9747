package main

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/charts"
)

// picture is a plot of the report, written as SVG and PNG.
type picture struct {
	name, caption string // the file's name without its ending
	draw          func(path string) error
}

const plotsDir = "plots"

// pictures lists the plots of the results.
func pictures(results []*result) []picture {
	of := func(size func(r *result) int) []charts.Line {
		var lines []charts.Line
		for _, r := range results {
			low, high := r.accuracy.mean-r.accuracy.sd, r.accuracy.mean+r.accuracy.sd
			lines = append(lines, charts.Line{Name: r.Entry.Name, Marker: true, X: []float64{float64(size(r))}, Y: []float64{r.accuracy.mean}, Low: []float64{low}, High: []float64{high}})
		}
		return lines
	}
	const accuracy = "test accuracy"
	all := []picture{
		{"accuracy-parameters", "Test accuracy against parameters; bars are one standard deviation over the seeds.", func(path string) error {
			return charts.Draw(path,
				charts.Panel{Title: "Whole recurrent layer", X: "learnable values", Y: accuracy, LogX: true, Lines: of(func(r *result) int { return r.RecurrentLayer })},
				charts.Panel{Title: "Weights from the input alone, which the papers count", X: "learnable values", Y: accuracy, LogX: true, Lines: of(func(r *result) int { return r.InputToHidden })})
		}},
		{"accuracy-multiply-adds", "Test accuracy against multiply-adds of a frame; bars are one standard deviation over the seeds.", func(path string) error {
			return charts.Draw(path, charts.Panel{Title: "Accuracy and arithmetic", X: "multiply-adds a frame", Y: accuracy, LogX: true, Lines: of(func(r *result) int { return r.MulAddsPerFrame })})
		}},
		{"curves", "Loss and accuracy in training, by epoch: the mean over the seeds, within one standard deviation.", func(path string) error {
			return charts.Draw(path,
				charts.Panel{Title: "Training loss", X: "epoch", Y: "cross-entropy, nats", LogY: true, IntegerX: true, Lines: curves(results, func(o *outcome, e int) float64 { return o.Epochs[e].Train.Loss })},
				charts.Panel{Title: "Training accuracy", X: "epoch", Y: "accuracy", IntegerX: true, Lines: curves(results, func(o *outcome, e int) float64 { return o.Epochs[e].Train.Accuracy })})
		}},
		{"costs", "Median time of a training step, and the largest resident memory of the process: mean and standard deviation over the seeds.", func(path string) error {
			bars := func(of func(r *result) sample) []charts.Bar {
				var all []charts.Bar
				for _, r := range results {
					if s := of(r); len(s.values) > 0 {
						all = append(all, charts.Bar{Name: r.Entry.Name, Value: s.mean, Low: max(0, s.mean-s.sd), High: s.mean + s.sd})
					}
				}
				return all
			}
			var panels []charts.BarPanel
			for _, p := range []charts.BarPanel{
				{Title: "Time", X: "milliseconds a training step", LogX: true, Bars: bars(func(r *result) sample { return r.stepMillis })},
				{Title: "Memory", X: "peak resident MB", LogX: true, Bars: bars(func(r *result) sample { return r.peakMB })},
			} {
				if len(p.Bars) > 0 { // not every system tells of memory
					panels = append(panels, p)
				}
			}
			return charts.Bars(path, panels...)
		}},
	}
	if !slices.ContainsFunc(results, func(r *result) bool { return len(r.stepMillis.values)+len(r.peakMB.values) > 0 }) {
		all = all[:len(all)-1]
	}
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

// curves returns a line a model: the mean over the seeds of a figure of every
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
