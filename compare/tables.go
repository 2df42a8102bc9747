package compare

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// sheet is a table, as text, Markdown and CSV, and in parts for the page, which
// stacks the cells of a row on a narrow screen.
type sheet struct {
	table.Writer
	Header  table.Row
	Rows    []table.Row
	numbers []int
}

// newTable returns a table with a header. The given columns, from 1, hold numbers,
// which stand at the right.
func newTable(header table.Row, numbers ...int) *sheet {
	t := &sheet{Writer: table.NewWriter(), Header: header, numbers: numbers}
	t.SetStyle(table.StyleLight)
	t.Style().Options.DrawBorder = false
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(header)
	var columns []table.ColumnConfig
	for _, n := range numbers {
		columns = append(columns, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	return t
}

// add appends a row.
func (t *sheet) add(row ...any) {
	t.AppendRow(row)
	t.Rows = append(t.Rows, row)
}

// Number reports whether column k, from 0, holds numbers.
func (t *sheet) Number(k int) bool { return slices.Contains(t.numbers, k+1) }

// grouped writes whole numbers as 57,600.
var grouped = message.NewPrinter(language.English)

// orDash writes what a model has, or that it has none.
func orDash(has bool, text string) string {
	if !has {
		return "-"
	}
	return text
}

// accuracies is the main table.
func (r *Results) accuracies() *sheet {
	t := newTable(table.Row{"model", "test accuracy", "of each seed", "against the best", "published accuracy (reported)", "recurrent layer", "input weights", "published weights (reported)", "learning rate"}, 6, 7, 8, 9)
	for _, m := range r.Models {
		t.add(m.Model.Name, m.Accuracy.plusMinus(4), m.Accuracy.each(4), m.verdict(), orDash(m.Model.PublishedAccuracy > 0, percentOn(m.Model.PublishedAccuracy, m.Model.Data)),
			grouped.Sprint(m.Sizes.RecurrentLayer), grouped.Sprint(m.Sizes.InputToHidden), orDash(m.Model.PublishedParams > 0, grouped.Sprint(m.Model.PublishedParams)), m.chosen())
	}
	return t
}

func percentOn(accuracy float64, data string) string {
	return fmt.Sprintf("%.1f %% on %s", accuracy, data)
}

// chosen writes the learning rate.
func (r *Result) chosen() string { return orDash(r.Rate != 0, fmt.Sprintf("%g", r.Rate)) }

// costs is the table of what training took.
func (r *Results) costs() *sheet {
	t := newTable(table.Row{"model", "a step, ms", "training, s", "peak memory, MB", "multiply-adds a frame", "whole model", "test loss"}, 2, 3, 4, 5, 6, 7)
	for _, m := range r.Models {
		t.add(m.Model.Name, m.StepMillis.plusMinus(1), m.TrainingSeconds.plusMinus(1), m.PeakMB.plusMinus(0),
			grouped.Sprint(m.Sizes.MulAddsPerFrame), grouped.Sprint(m.Sizes.Model), m.Loss.plusMinus(3))
	}
	return t
}

// searches is the table of the learning rates that were tried.
func (r *Results) searches() *sheet {
	var rates []float64
	for _, m := range r.Models {
		rates = append(rates, m.tried()...)
	}
	slices.Sort(rates)
	rates = slices.Compact(rates)
	header := table.Row{"model"}
	numbers := make([]int, len(rates))
	for k, rate := range rates {
		header = append(header, fmt.Sprintf("%g", rate))
		numbers[k] = k + 2
	}
	t := newTable(header, numbers...)
	for _, m := range r.Models {
		row := table.Row{m.Model.Name}
		for _, rate := range rates {
			cell := "-"
			if k := slices.IndexFunc(m.Searched, func(c Candidate) bool { return c.Rate == rate }); k >= 0 {
				cell = m.Searched[k].cell()
				if rate == m.Rate {
					cell += " *"
				}
			}
			row = append(row, cell)
		}
		t.add(row...)
	}
	return t
}

func (c Candidate) cell() string {
	if c.Accuracy < 0 {
		return "diverged"
	}
	var accuracies []float64
	for _, run := range c.Rounds {
		accuracies = append(accuracies, run.Test.Accuracy)
	}
	return newSample(accuracies).plusMinus(4)
}

// claimed is the table of published orders of two models.
func claimed(all []Claim) *sheet {
	t := newTable(table.Row{"claim", "reported difference", "difference here", "p", "verdict"}, 2, 3, 4)
	for _, c := range all {
		above, below := c.Above.Model, c.Below.Model
		t.add(above.Name+" above "+below.Name, fmt.Sprintf("%+.1f points", above.PublishedAccuracy-below.PublishedAccuracy),
			fmt.Sprintf("%+.1f points", 100*c.Difference), orDash(!math.IsNaN(c.P), fmt.Sprintf("%.3g", c.P)), c.verdict())
	}
	return t
}

// figures is the table for programs, a row per model.
func (r *Results) figures() table.Writer {
	t := table.NewWriter()
	header := table.Row{"model", "cell", "format", "joint", "params_input_to_hidden", "params_recurrent_layer", "params_model", "mul_adds_per_frame",
		"learning_rate", "seeds", "diverged_seeds"}
	for _, name := range []string{"accuracy", "loss", "step_ms", "training_s", "peak_rss_mb"} {
		header = append(header, name+"_mean", name+"_sd", name+"_by_seed")
	}
	t.AppendHeader(append(header, "difference_to_best", "p_holm", "against_best", "published_accuracy_percent", "published_on", "published_input_weights"))
	number := func(v float64) string {
		if math.IsNaN(v) {
			return ""
		}
		return strconv.FormatFloat(v, 'g', 6, 64)
	}
	for _, m := range r.Models {
		row := table.Row{m.Model.Name, m.Sizes.Cell, m.Sizes.Format, m.Sizes.Joint, m.Sizes.InputToHidden, m.Sizes.RecurrentLayer, m.Sizes.Model, m.Sizes.MulAddsPerFrame,
			m.chosen(), strings.Trim(fmt.Sprint(m.Seeds), "[]"), strings.Trim(fmt.Sprint(m.Diverged()), "[]")}
		for k, s := range []Sample{m.Accuracy, m.Loss, m.StepMillis, m.TrainingSeconds, m.PeakMB} {
			row = append(row, number(s.Mean), number(s.SD), s.each([]int{6, 6, 2, 2, 1}[k]))
		}
		accuracy, on, weights := "", "", ""
		if m.Model.PublishedAccuracy > 0 {
			accuracy, on = number(m.Model.PublishedAccuracy), m.Model.Data
		}
		if m.Model.PublishedParams > 0 {
			weights = fmt.Sprint(m.Model.PublishedParams)
		}
		t.AppendRow(append(row, number(m.Difference), number(m.P), m.verdict(), accuracy, on, weights))
	}
	return t
}

//go:embed reported.csv
var reported string

// others is the table of what the papers' tables report of methods that are not compared
// here, on the data that the published accuracies of the models are for.
func (r *Results) others() *sheet {
	t := newTable(table.Row{"method", "published accuracy (reported)"})
	rows, err := csv.NewReader(strings.NewReader(reported)).ReadAll()
	if err != nil {
		panic(err)
	}
	for _, row := range rows[1:] { // method, data, accuracy
		if slices.ContainsFunc(r.Models, func(m *Result) bool { return m.Model.PublishedAccuracy > 0 && m.Model.Data == row[1] }) {
			t.add(row[0], row[2]+" % on "+row[1])
		}
	}
	return t
}
