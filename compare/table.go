package compare

import (
	"slices"

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
