package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/internal/numerals"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// newTable returns a table. Its columns from the given one on, the first being 1, hold
// numbers, which stand at the right.
func newTable(numbers int, header ...any) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options.DrawBorder = false
	t.Style().Format.Header = text.FormatDefault
	if len(header) > 0 {
		t.AppendHeader(header)
	}
	var columns []table.ColumnConfig
	for k := numbers; k <= len(header); k++ {
		columns = append(columns, table.ColumnConfig{Number: k, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	return t
}

// row makes a row of a name and values.
func row[T any](name string, values []T) table.Row {
	r := table.Row{name}
	for _, v := range values {
		r = append(r, v)
	}
	return r
}

// printList prints the models that -model matches, one per row: their counts, within 80
// characters, or all there is.
func (f *flags) printList(w io.Writer) error {
	pattern := "*"
	if f.given("model") {
		pattern = f.model
	}
	entries, err := zoo.List(pattern)
	if err != nil {
		return cmdline.Usage{Err: err}
	}
	if len(entries) == 0 {
		return badf("no model matches %q; -list without -model prints all", f.model)
	}
	t := newTable(2, "model", "input weights", "published", "layer", "whole model")
	more := "-long prints modes, ranks and multiply-adds too, -describe all of one model\n"
	if f.long {
		t = newTable(5, "model", "input modes", "output modes", "ranks", "input weights", "published", "layer", "model with classifier", "mul-adds a frame")
		more = ""
	}
	descriptions := make([]zoo.Description, len(entries))
	for k, e := range entries {
		d, err := zoo.Describe(e)
		if err != nil {
			return err
		}
		descriptions[k] = d
		counts := table.Row{numerals.Thousands(d.InputToHidden), orDash(d.PublishedParams), numerals.Thousands(d.RecurrentLayer), numerals.Thousands(d.Model)}
		if f.long {
			counts = append(append(table.Row{dims.Dots(d.InModes), dims.Dots(d.OutModes), ranks(d.Ranks)}, counts...), numerals.Thousands(d.MulAddsPerFrame))
		}
		t.AppendRow(row(d.Name, counts))
	}
	if f.js {
		return writeJSON(w, descriptions)
	}
	_, err = fmt.Fprintf(w, "%s\n%s-protocol paper trains as a paper's public code does, see docs/reproducing.md\n", t.Render(), more)
	return errors.Wrap(err, "train")
}

// describedWidth is that of the texts of a description.
const describedWidth = 70

// describe prints one model in figures.
func describe(w io.Writer, d zoo.Description, asJSON bool) error {
	if asJSON {
		return writeJSON(w, d)
	}
	t := newTable(1)
	row := func(name string, value any) {
		if s := fmt.Sprint(value); s != "" && s != "-" {
			t.AppendRow(table.Row{name, value})
		}
	}
	format, appended, whole := d.Format, "", "whole model"
	if d.Joint {
		format += ", one network for the input and the state"
	}
	if d.Padding > 0 {
		appended = fmt.Sprintf(": %s and %s", numerals.Thousands(d.Features), numerals.Counted(d.Padding, "appended zero"))
	}
	if d.Classes == 0 { // those of the data, which are not known here
		whole += " (without a classifier)"
	}
	row("model", d.Name)
	row("cell", d.Cell)
	row("format", format)
	row("input modes", fmt.Sprintf("%s = %s values a step%s", dims.Dots(d.InModes), numerals.Thousands(d.Features+d.Padding), appended))
	row("output modes", fmt.Sprintf("%s = %s hidden units", dims.Dots(d.OutModes), numerals.Thousands(d.Hidden)))
	row("ranks", ranks(d.Ranks))
	t.AppendRow(table.Row{"classes", orDash(d.Classes)})
	t.AppendSeparator()
	row(inputWeights(d), ratio(d.InputToHidden, d.Dense.InputToHidden))
	row("whole recurrent layer", ratio(d.RecurrentLayer, d.Dense.RecurrentLayer))
	row(whole, ratio(d.Model, d.Dense.Model))
	row("published input-to-hidden", orDash(d.PublishedParams))
	row("multiply-adds a frame", numerals.Thousands(d.MulAddsPerFrame))
	t.AppendSeparator()
	describeLayers(d, row)
	if d.Paper != "" {
		t.AppendSeparator()
		row("paper", text.WrapSoft(d.Paper, describedWidth))
		row("data set", d.Data)
		if d.PublishedAccuracy != 0 {
			row("published accuracy", fmt.Sprintf("%.1f %% (the authors', not reproduced here)", d.PublishedAccuracy))
		}
		row("note", text.WrapSoft(d.Note, describedWidth))
	}
	_, err := fmt.Fprintf(w, "%s\n\nHow the input projection of 96 frames is contracted (backend %s), axes as name:size:\n%s", t.Render(), backend.Name, d.Plan)
	return err
}

// describeLayers calls row with what all learnable values of a model are counted from.
func describeLayers(d zoo.Description, row func(name string, value any)) {
	features := 0
	for k, l := range d.Layers {
		both := ""
		if l.Directions > 1 {
			both = fmt.Sprintf(" in each of %d directions", l.Directions)
		}
		row(fmt.Sprintf("layer %d", k+1), fmt.Sprintf("%s units%s, from %s values a step", numerals.Thousands(l.Hidden), both, numerals.Thousands(l.Features)))
		for _, w := range l.Weights {
			row("  "+w.Role, text.WrapSoft(network(w), describedWidth)+"\n"+text.WrapSoft(sum(w), describedWidth))
		}
		row("  bias", numerals.Thousands(l.Bias))
		features = l.Hidden * l.Directions
	}
	if d.Classes > 0 {
		row("classifier", fmt.Sprintf("%d·%d + %d = %s", features, d.Classes, d.Classes, numerals.Thousands((features+1)*d.Classes)))
	}
}

// network names the format of weights, their modes and their ranks.
func network(w zoo.WeightsDescription) string {
	s := w.Format
	if w.Blocks > 0 {
		s += " of " + numerals.Counted(w.Blocks, "block")
	}
	s += fmt.Sprintf(", %s to %s", dims.Dots(w.InModes), dims.Dots(w.OutModes))
	if len(w.Ranks) > 0 {
		s += ", ranks " + ranks(w.Ranks)
	}
	return s
}

// sum counts weights by the shapes of their cores.
func sum(w zoo.WeightsDescription) string {
	times := map[string]int{}
	var shapes []string
	for _, c := range w.Cores {
		s := dims.Dots(c.Shape)
		if times[s] == 0 {
			shapes = append(shapes, s)
		}
		times[s] += max(1, w.Blocks)
	}
	for k, s := range shapes {
		if n := times[s]; n > 1 {
			shapes[k] = fmt.Sprintf("%d×%s", n, s)
		}
	}
	return fmt.Sprintf("%s = %s", strings.Join(shapes, " + "), numerals.Thousands(w.Params))
}

// inputWeights says what InputToHidden counts.
func inputWeights(d zoo.Description) string {
	if d.Joint {
		return "weights for input and state"
	}
	return "input-to-hidden weights"
}

// report prints what a run measured.
func report(w io.Writer, d zoo.Description, r *train.Result) error {
	by := "training loss"
	if r.Epochs[r.Best-1].Validation != nil {
		by = "validation loss"
	}
	best := fmt.Sprintf("epoch %d, the lowest %s", r.Best, by)
	if r.Stopped {
		best += fmt.Sprintf("; stopped after %d epochs, -patience being over", len(r.Epochs))
	}
	t := newTable(1)
	t.AppendRows([]table.Row{
		{"test accuracy", fmt.Sprintf("%.4f (%s clips, loss %.4f)", r.Test.Accuracy, numerals.Thousands(r.Test.Clips), r.Test.Loss)},
		{"weights of", best},
		{inputWeights(d), ratio(d.InputToHidden, d.Dense.InputToHidden)},
		{"whole recurrent layer", ratio(d.RecurrentLayer, d.Dense.RecurrentLayer)},
		{"whole model", ratio(d.Model, d.Dense.Model)},
	})
	if r.StepMillis > 0 { // a run that was complete when it was resumed has none
		t.AppendRow(table.Row{"a training step", fmt.Sprintf("%.1f ms (median)", r.StepMillis)})
		t.AppendRow(table.Row{"training", fmt.Sprintf("%.1f s", r.Training.Seconds())})
	}
	_, err := fmt.Fprintln(w, t.Render())
	return err
}

// printScores prints an evaluation: its score, a row for each class, and the
// confusion matrix.
func printScores(w io.Writer, dir string, m *zoo.Model, set datasets.Set, e *train.Evaluation) error {
	fmt.Fprintf(w, "%s of %s on the test part of %s: accuracy %.4f (%s clips, loss %.4f)\n", m.Name, names.Shown(dir), names.Line(set.Name()), e.Accuracy, numerals.Thousands(e.Clips), e.Loss)
	if n := set.Clips(datasets.Test) - e.Clips; n > 0 {
		fmt.Fprintf(w, "%s left out for being damaged\n", numerals.Counted(n, "test clip"))
	}
	part := func(v float64) string {
		if math.IsNaN(v) {
			return "-"
		}
		return fmt.Sprintf("%.3f", v)
	}
	scores := newTable(2, "class", "clips", "predicted", "precision", "recall")
	for _, c := range e.ByClass() {
		scores.AppendRow(table.Row{c.Class, c.Clips, c.Predicted, part(c.Precision), part(c.Recall)})
	}
	confusion := newTable(2, row("true \\ predicted", e.Classes)...)
	for k, name := range e.Classes {
		confusion.AppendRow(row(name, e.Confusion[k]))
	}
	_, err := fmt.Fprintf(w, "\n%s\n\n%s\n", scores.Render(), confusion.Render())
	return err
}

// ratio writes a count with its compression ratio.
func ratio(count, dense int) string {
	switch {
	case count == dense:
		return numerals.Thousands(count)
	case count > dense:
		return fmt.Sprintf("%s, %s times more than dense", numerals.Thousands(count), factor(float64(count)/float64(dense)))
	}
	return fmt.Sprintf("%s, %s times fewer than dense", numerals.Thousands(count), factor(float64(dense)/float64(count)))
}

func factor(f float64) string {
	if f < 100 {
		return fmt.Sprintf("%.1f", f)
	}
	return numerals.Thousands(int(f))
}

// ranks writes a list, runs of one value as 12×5.
func ranks(r []int) string {
	if len(r) == 0 {
		return "-"
	}
	var parts []string
	for k := 0; k < len(r); {
		n := 1
		for k+n < len(r) && r[k+n] == r[k] {
			n++
		}
		if n > 3 {
			parts = append(parts, fmt.Sprintf("%d×%d", n, r[k]))
		} else {
			parts = append(parts, slices.Repeat([]string{fmt.Sprint(r[k])}, n)...)
		}
		k += n
	}
	return strings.Join(parts, " ")
}

func orDash(n int) string {
	if n == 0 {
		return "-"
	}
	return numerals.Thousands(n)
}

// shape writes 120x160x3.
func shape(s []int) string { return strings.ReplaceAll(dims.Dots(s), "·", "x") }
