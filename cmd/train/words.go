package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/internal/numerals"
	"github.com/tensorzoo/tensorzoo/zoo"
)

//go:embed words.tmpl
var wordsText string

var words = template.Must(template.New("").Funcs(template.FuncMap{
	"n": numerals.Thousands, "counted": numerals.Counted, "dots": dims.Dots, "line": names.Line, "shown": names.Shown,
	"max": slices.Max[[]int], "add": func(a, b int) int { return a + b }, "mul": func(a, b int) int { return a * b },
	"backend": func() string { return backend.Name },
	"fixed":   func(decimals int, v float64) string { return strconv.FormatFloat(v, 'f', decimals, 64) },
	"percent": func(part float64) string { return strconv.FormatFloat(100*part, 'f', 0, 64) + " %" },
	"cores":   cores, "ranks": ranks, "ratio": ratio, "times": times,
}).Parse(wordsText))

// worded fills in what words.tmpl has under a name, and draws its tables.
func worded(name string, data any) string {
	var b strings.Builder
	if err := words.ExecuteTemplate(&b, name, data); err != nil {
		panic(err) // a mistake in words.tmpl
	}
	return tables(b.String())
}

// tables draws the tables of a text, lines with tabs between columns and --- for a rule.
func tables(s string) string {
	var out strings.Builder
	var rows [][]string
	for line := range strings.Lines(s + "\n") { // the line at the end is that of no table
		line = strings.TrimSuffix(line, "\n")
		if cells := strings.Split(line, "\t"); len(cells) > 1 || line == "---" && len(rows) > 0 {
			rows = append(rows, cells)
			continue
		}
		if len(rows) > 0 {
			for row := range strings.SplitSeq(draw(rows), "\n") {
				fmt.Fprintln(&out, strings.TrimRight(row, " "))
			}
			rows = nil
		}
		fmt.Fprintln(&out, line)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

var isNumber = regexp.MustCompile(`^(-|[0-9.,]+)$`)

// draw draws a table. Columns of numbers under a header stand at the right; long texts in
// the second column take several lines.
func draw(rows [][]string) string {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options.DrawBorder = false
	for _, cells := range rows {
		if len(cells) == 1 {
			t.AppendSeparator()
			continue
		}
		var row table.Row
		for _, cell := range cells {
			row = append(row, cell)
		}
		t.AppendRow(row)
	}
	columns := []table.ColumnConfig{{Number: 2, WidthMax: 70, WidthMaxEnforcer: text.WrapSoft}}
	for k := range rows[0] {
		isText := func(row []string) bool { return !isNumber.MatchString(row[k]) }
		if k > 0 && len(rows) > 2 && len(rows[1]) == 1 && !slices.ContainsFunc(rows[2:], isText) {
			columns = append(columns, table.ColumnConfig{Number: k + 1, Align: text.AlignRight})
		}
	}
	t.SetColumnConfigs(columns)
	return t.Render()
}

// cores writes the shapes that the weights of a network are counted by, equal ones once.
func cores(w zoo.WeightsDescription) string {
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
	return strings.Join(shapes, " + ")
}

// ratio writes a count with its compression ratio.
func ratio(count, dense int) string {
	switch {
	case count == dense:
		return numerals.Thousands(count)
	case count > dense:
		return fmt.Sprintf("%s, %s times more than dense", numerals.Thousands(count), times(count, dense))
	}
	return fmt.Sprintf("%s, %s times fewer than dense", numerals.Thousands(count), times(dense, count))
}

// times writes how many times more one count is than another.
func times(more, fewer int) string {
	f := float64(more) / float64(fewer)
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
	for len(r) > 0 {
		n := 1
		for n < len(r) && r[n] == r[0] {
			n++
		}
		if n > 3 {
			parts = append(parts, fmt.Sprintf("%d×%d", n, r[0]))
		} else {
			parts = append(parts, slices.Repeat([]string{fmt.Sprint(r[0])}, n)...)
		}
		r = r[n:]
	}
	return strings.Join(parts, " ")
}

// shape writes 120x160x3.
func shape(s []int) string { return strings.ReplaceAll(dims.Dots(s), "·", "x") }

// show writes v as JSON, if that is asked for, or in the words of a name.
func (f *flags) show(w io.Writer, name string, v any) error {
	if f.js {
		return writeJSON(w, v)
	}
	_, err := io.WriteString(w, worded(name, v))
	return errors.Wrap(err, "train")
}

func writeJSON(w io.Writer, v any) error {
	var text bytes.Buffer
	compact, err := names.JSON(v)
	if err == nil {
		err = json.Indent(&text, compact, "", "  ")
	}
	if err == nil {
		_, err = fmt.Fprintf(w, "%s\n", &text)
	}
	return errors.Wrap(err, "train: write JSON")
}
