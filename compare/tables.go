package compare

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/numerals"
)

// sheet is a table, as text, Markdown and CSV, and in parts for the page, which
// stacks the cells of a row on a narrow screen.
type sheet struct {
	table.Writer
	Header  table.Row
	Rows    []table.Row
	numbers []int // columns of numbers, from 0, which stand at the right
}

// Number reports whether column k, from 0, holds numbers.
func (t *sheet) Number(k int) bool { return slices.Contains(t.numbers, k) }

//go:embed words.tmpl
var wordsText string

// words are the texts and tables of a report.
var words = template.Must(template.New("").Funcs(template.FuncMap{
	"counted": numerals.Counted, "grouped": numerals.Thousands, "join": join, "commas": func(all []string) string { return strings.Join(all, ", ") },
	"over": func(a, b float64) float64 { return a / b }, "less": func(a, b float64) float64 { return a - b }, "backend": func() string { return backend.Name },
	"first": func(c Curve) Grown { return c.Points[0] }, "last": func(c Curve) Grown { return c.Points[len(c.Points)-1] }, "grew": Curve.grew,
	"pm": Sample.plusMinus, "each": Sample.each, "figure": figure, "p": pValue, "points": points,
	"verdict": func(of interface{ verdict() string }) string { return of.verdict() }, "cell": (*Result).cell,
	"set": (*Results).set, "alike": (*Results).alike, "tested": (*Results).tested, "others": (*Results).others,
	"tried": (*Results).tried, "widened": (*Results).widened, "atEdge": (*Results).atEdge,
}).Parse(wordsText))

// said executes a template of the words.
func said(name string, data any) string {
	var b strings.Builder
	if err := words.ExecuteTemplate(&b, name, data); err != nil {
		panic(err)
	}
	return strings.Trim(b.String(), "\n")
}

// newTable returns a table of the words.
func newTable(name string, data any) *sheet {
	t := &sheet{Writer: table.NewWriter()}
	t.SetStyle(table.StyleLight)
	t.Style().Options.DrawBorder = false
	t.Style().Format.Header = text.FormatDefault
	var columns []table.ColumnConfig
	lines := strings.Split(said("table "+name, data), "\n")
	for k, cell := range strings.Split(lines[0], "\t") {
		name, number := strings.CutSuffix(cell, "#")
		if t.Header = append(t.Header, name); number {
			t.numbers = append(t.numbers, k)
			columns = append(columns, table.ColumnConfig{Number: k + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	for _, line := range lines[1:] {
		var row table.Row
		for cell := range strings.SplitSeq(line, "\t") {
			row = append(row, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	t.AppendHeader(t.Header)
	t.AppendRows(t.Rows)
	t.SetColumnConfigs(columns)
	return t
}

// figure writes a number for programs, and nothing for one that is not known.
func figure(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}

func pValue(p float64) string {
	if math.IsNaN(p) {
		return "-"
	}
	return fmt.Sprintf("%.3g", p)
}

func points(difference float64) string {
	if math.IsNaN(difference) { // of a model without a result
		return "-"
	}
	return fmt.Sprintf("%+.1f points", 100*difference)
}

// tried lists the learning rates that were tried for any model, sorted.
func (r *Results) tried() []float64 {
	var rates []float64
	for _, m := range r.Models {
		rates = append(rates, m.tried()...)
	}
	slices.Sort(rates)
	return slices.Compact(rates)
}

// cell is what the table of learning rates has for one of them.
func (r *Result) cell(rate float64) string {
	k := slices.IndexFunc(r.Searched, func(c Candidate) bool { return c.Rate == rate })
	if k < 0 {
		return "-"
	}
	text := "diverged"
	if r.Searched[k].Accuracy >= 0 {
		var accuracies []float64
		for _, run := range r.Searched[k].Rounds {
			accuracies = append(accuracies, run.Test.Accuracy)
		}
		text = newSample(accuracies).plusMinus(4)
	}
	if rate == r.Rate {
		text += " *"
	}
	return text
}

//go:embed reported.csv
var reported string

// others lists what the papers' tables report of methods that are not compared here, on the
// data that the published accuracies of the models are for: method, data and accuracy.
func (r *Results) others() [][]string {
	rows, err := csv.NewReader(strings.NewReader(reported)).ReadAll()
	if err != nil {
		panic(err)
	}
	return slices.DeleteFunc(rows, func(row []string) bool {
		return !slices.ContainsFunc(r.Models, func(m *Result) bool { return m.Model.PublishedAccuracy > 0 && m.Model.Data == row[1] })
	})
}
