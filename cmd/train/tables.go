package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// list prints models, one per row: their counts, within 80 characters, or all there is.
func list(w io.Writer, entries []zoo.Entry, asJSON, long bool) error {
	descriptions := make([]zoo.Description, len(entries))
	for k, e := range entries {
		d, err := zoo.Describe(e)
		if err != nil {
			return err
		}
		descriptions[k] = d
	}
	if asJSON {
		return writeJSON(w, descriptions)
	}
	t := newTable()
	if long {
		t.AppendHeader(table.Row{"model", "input modes", "output modes", "ranks", "input weights", "published", "layer", "model with classifier", "mul-adds a frame"})
		rightAlign(t, 5, 9)
	} else {
		t.AppendHeader(table.Row{"model", "input weights", "published", "layer", "whole model"})
		rightAlign(t, 2, 5)
	}
	for _, d := range descriptions {
		counts := table.Row{cmdline.Thousands(d.InputToHidden), orDash(d.PublishedParams), cmdline.Thousands(d.RecurrentLayer), cmdline.Thousands(d.Model)}
		if long {
			counts = append(append(table.Row{modes(d.InModes), modes(d.OutModes), ranks(d.Ranks)}, counts...), cmdline.Thousands(d.MulAddsPerFrame))
		}
		t.AppendRow(append(table.Row{d.Name}, counts...))
	}
	_, err := fmt.Fprintln(w, t.Render())
	return err
}

// describe prints one model in figures.
func describe(w io.Writer, d zoo.Description, asJSON bool) error {
	if asJSON {
		return writeJSON(w, d)
	}
	t := newTable()
	row := func(name string, value any) {
		if s := fmt.Sprint(value); s != "" && s != "-" {
			t.AppendRow(table.Row{name, value})
		}
	}
	row("model", d.Name)
	row("cell", d.Cell)
	row("format", weights(d))
	row("input modes", fmt.Sprintf("%s = %s values a step%s", modes(d.InModes), cmdline.Thousands(d.Features+d.Padding), appended(d)))
	row("output modes", fmt.Sprintf("%s = %s hidden units", modes(d.OutModes), cmdline.Thousands(d.Hidden)))
	row("ranks", ranks(d.Ranks))
	whole := "whole model"
	if d.Classes == 0 { // those of the data, which are not known here
		whole += " (without a classifier)"
	}
	t.AppendRow(table.Row{"classes", orDash(d.Classes)})
	t.AppendSeparator()
	row(inputWeights(d), ratio(d.InputToHidden, d.Dense.InputToHidden))
	row("whole recurrent layer", ratio(d.RecurrentLayer, d.Dense.RecurrentLayer))
	row(whole, ratio(d.Model, d.Dense.Model))
	row("published input-to-hidden", orDash(d.PublishedParams))
	row("multiply-adds a frame", cmdline.Thousands(d.MulAddsPerFrame))
	t.AppendSeparator()
	describeLayers(d, row)
	if d.Paper != "" {
		t.AppendSeparator()
		row("paper", text.WrapSoft(d.Paper, 70))
		row("data set", d.Data)
		if d.PublishedAccuracy != 0 {
			row("published accuracy", fmt.Sprintf("%.1f %% (the authors', not reproduced here)", d.PublishedAccuracy))
		}
		row("note", text.WrapSoft(d.Note, 70))
	}
	_, err := fmt.Fprintf(w, "%s\n\nHow the input projection of 96 frames is contracted (backend %s), axes as name:size:\n%s", t.Render(), backend.Name, d.Plan)
	return err
}

// appended says how many zeros the model appends to the values of a step.
func appended(d zoo.Description) string {
	if d.Padding == 0 {
		return ""
	}
	return fmt.Sprintf(": %s and %s", cmdline.Thousands(d.Features), cmdline.Counted(d.Padding, "appended zero"))
}

// weights names the format, and whether input and state share a network.
func weights(d zoo.Description) string {
	if d.Joint {
		return d.Format + ", one network for the input and the state"
	}
	return d.Format
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
	t := newTable()
	t.AppendRows([]table.Row{
		{"test accuracy", fmt.Sprintf("%.4f (%s clips, loss %.4f)", r.Test.Accuracy, cmdline.Thousands(r.Test.Clips), r.Test.Loss)},
		{"weights of", bestEpoch(r)},
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

func bestEpoch(r *train.Result) string {
	by := "training loss"
	if r.Epochs[r.Best-1].Validation != nil {
		by = "validation loss"
	}
	text := fmt.Sprintf("epoch %d, the lowest %s", r.Best, by)
	if r.Stopped {
		text += fmt.Sprintf("; stopped after %d epochs, -patience being over", len(r.Epochs))
	}
	return text
}

// printScores prints an evaluation: its score, a row for each class, and the
// confusion matrix.
func printScores(w io.Writer, dir string, m *zoo.Model, set datasets.Set, e *train.Evaluation) error {
	fmt.Fprintf(w, "%s of %s on the test part of %s: accuracy %.4f (%s clips, loss %.4f)\n", m.Name, names.Shown(dir), names.Line(set.Name()), e.Accuracy, cmdline.Thousands(e.Clips), e.Loss)
	if n := set.Clips(datasets.Test) - e.Clips; n > 0 {
		fmt.Fprintf(w, "%s left out for being damaged\n", cmdline.Counted(n, "test clip"))
	}
	fmt.Fprintln(w)
	t := newTable()
	t.AppendHeader(table.Row{"class", "clips", "predicted", "precision", "recall"})
	for _, c := range e.ByClass() {
		t.AppendRow(table.Row{c.Class, c.Clips, c.Predicted, part(c.Precision), part(c.Recall)})
	}
	rightAlign(t, 2, 5)
	fmt.Fprintf(w, "%s\n\n", t.Render())
	t = newTable()
	header := table.Row{"true \\ predicted"}
	for _, name := range e.Classes {
		header = append(header, name)
	}
	t.AppendHeader(header)
	for k, name := range e.Classes {
		row := table.Row{name}
		for _, n := range e.Confusion[k] {
			row = append(row, n)
		}
		t.AppendRow(row)
	}
	rightAlign(t, 2, len(e.Classes)+1)
	_, err := fmt.Fprintln(w, t.Render())
	return err
}

func part(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.3f", v)
}

func newTable() table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options.DrawBorder = false
	t.Style().Format.Header = text.FormatDefault
	return t
}

func rightAlign(t table.Writer, from, to int) {
	var columns []table.ColumnConfig
	for k := from; k <= to; k++ {
		columns = append(columns, table.ColumnConfig{Number: k, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
}

// ratio writes a count with its compression ratio.
func ratio(count, dense int) string {
	if count == dense {
		return cmdline.Thousands(count)
	}
	if count > dense {
		return fmt.Sprintf("%s, %s times more than dense", cmdline.Thousands(count), factor(float64(count)/float64(dense)))
	}
	return fmt.Sprintf("%s, %s times fewer than dense", cmdline.Thousands(count), factor(float64(dense)/float64(count)))
}

func factor(f float64) string {
	if f < 100 {
		return fmt.Sprintf("%.1f", f)
	}
	return cmdline.Thousands(int(f))
}

// modes writes 8·10·10·9·8, shape 120x160x3.
func modes(m []int) string { return join(m, "·") }
func shape(s []int) string { return join(s, "x") }

func join(n []int, by string) string {
	s := make([]string, len(n))
	for k, v := range n {
		s[k] = fmt.Sprint(v)
	}
	return strings.Join(s, by)
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
			for range n {
				parts = append(parts, fmt.Sprint(r[k]))
			}
		}
		k += n
	}
	return strings.Join(parts, " ")
}

func orDash(n int) string {
	if n == 0 {
		return "-"
	}
	return cmdline.Thousands(n)
}
