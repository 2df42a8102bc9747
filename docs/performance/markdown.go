package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/durable"
)

// views are the tables of the page, by what stands in their markers: <!-- figures NAME -->.
var views = map[string]func(all []*record) [][]string{
	"steps":       stepsView,
	"first":       pivoted("recurrences", func(f map[string]float64) string { return figure(f, "first", 2) }),
	"long steps":  pivoted("recurrences", func(f map[string]float64) string { return figure(f, "step", 1) }),
	"long memory": pivoted("recurrences", beyond),
	"shares":      sharesView,
	"products":    sideBySide("products", "rate", 0),
	"adam":        sideBySide("adam", "ns", 1),
	"machines":    machinesView,
}

var block = regexp.MustCompile(`(?s)(<!-- figures ([a-z ]+) -->\n).*?(<!-- end -->)`)

// renderPage writes the tables of the figures in a folder into the page.
func renderPage(page, dir string) error {
	all, err := readRecords(dir)
	if err != nil {
		return err
	}
	old, err := os.ReadFile(page)
	if err != nil {
		return errors.Wrap(err, "performance")
	}
	text, err := rendered(string(old), all)
	if err != nil || text == string(old) {
		return errors.Wrap(err, page)
	}
	return errors.Wrap(durable.WriteFile(page, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }), "performance")
}

// rendered returns the text with each of its tables made anew.
func rendered(text string, all []*record) (string, error) {
	var unknown []string
	made := block.ReplaceAllStringFunc(text, func(old string) string {
		parts := block.FindStringSubmatch(old)
		view := views[parts[2]]
		if view == nil {
			unknown = append(unknown, parts[2])
			return old
		}
		return parts[1] + "\n" + markdown(view(all)) + "\n" + parts[3]
	})
	if len(unknown) > 0 {
		return "", errors.Errorf("there are no figures called %q", unknown)
	}
	return made, nil
}

// markdown writes a table whose first row is the header.
func markdown(rows [][]string) string {
	var b strings.Builder
	for k, cells := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
		if k == 0 {
			fmt.Fprintln(&b, strings.Repeat("|---", len(cells))+"|")
		}
	}
	return b.String()
}

func of(all []*record, table string) []*record {
	return slices.DeleteFunc(slices.Clone(all), func(r *record) bool { return r.Table != table })
}

// figure writes a value, or a dash where there is none.
func figure(values map[string]float64, name string, decimals int) string {
	v, is := values[name]
	if !is || v == 0 {
		return "-"
	}
	if v >= 100 {
		decimals = 0
	}
	return fmt.Sprintf("%.*f", decimals, v)
}

// beyond is the peak of memory without that of the process before it began.
func beyond(f map[string]float64) string {
	if f["peak"] == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", f["peak"]-f["base"])
}

func stepsView(all []*record) [][]string {
	rows := [][]string{{"processor", "model", "threads", "step ms", "processor ms", "peak MB", "PyTorch step ms", "processor ms", "peak MB", "ratio of steps"}}
	for _, r := range of(all, "steps") {
		for _, each := range r.Rows {
			ratio := "-"
			if each.Peer["step"] > 0 {
				ratio = fmt.Sprintf("%.2f", each.Values["step"]/each.Peer["step"])
			}
			theirs := figure(each.Peer, "step", 1)
			if each.How != "" {
				theirs += " (" + each.How + ")"
			}
			rows = append(rows, []string{r.Processor, "`" + each.Name + "`", fmt.Sprint(each.Threads),
				figure(each.Values, "step", 1), figure(each.Values, "cpu", 1), figure(each.Values, "peak", 0),
				theirs, figure(each.Peer, "cpu", 1), figure(each.Peer, "peak", 0), ratio})
		}
	}
	return rows
}

// pivoted has a column for each number of steps, and the peer's figures in brackets.
func pivoted(table string, cell func(f map[string]float64) string) func(all []*record) [][]string {
	return func(all []*record) [][]string {
		var lengths []int
		for _, r := range of(all, table) {
			for _, each := range r.Rows {
				lengths = append(lengths, each.Steps)
			}
		}
		slices.Sort(lengths)
		lengths = slices.Compact(lengths)
		head := []string{"processor", "cell, units", "threads"}
		for _, n := range lengths {
			head = append(head, fmt.Sprintf("%d steps", n))
		}
		rows := [][]string{head}
		for _, r := range of(all, table) {
			last := ""
			for _, each := range r.Rows {
				if line := fmt.Sprint(each.Name, each.Threads); line != last {
					rows = append(rows, append([]string{r.Processor, each.Name, fmt.Sprint(each.Threads)}, slices.Repeat([]string{"-"}, len(lengths))...))
					last = line
				}
				text := cell(each.Values)
				if each.Peer != nil {
					text += " (" + cell(each.Peer) + ")"
				}
				rows[len(rows)-1][3+slices.Index(lengths, each.Steps)] = text
			}
		}
		return rows
	}
}

func sharesView(all []*record) [][]string {
	rows := [][]string{{"processor", "model", "products", "of these, packing", "elementwise", "moving", "optimiser", "other"}}
	for _, r := range of(all, "shares") {
		for _, each := range r.Rows {
			cells := []string{r.Processor, "`" + each.Name + "`"}
			for _, name := range []string{"products", "packing", "elementwise", "moving", "optimiser", "other"} {
				text := "-"
				if v, is := each.Values[name]; is {
					text = fmt.Sprintf("%.0f %%", 100*v)
				}
				cells = append(cells, text)
			}
			rows = append(rows, cells)
		}
	}
	return rows
}

// sideBySide has a column for each processor.
func sideBySide(table, value string, decimals int) func(all []*record) [][]string {
	return func(all []*record) [][]string {
		records := of(all, table)
		longest := slices.Clone(records)
		slices.SortStableFunc(longest, func(a, b *record) int { return len(b.Rows) - len(a.Rows) })
		rows, at := [][]string{{""}}, map[string]int{}
		for _, r := range longest { // whose order of rows is the best one
			for _, each := range r.Rows {
				if at[each.Name] == 0 {
					at[each.Name] = len(rows)
					rows = append(rows, append([]string{each.Name}, slices.Repeat([]string{"-"}, len(records))...))
				}
			}
		}
		for k, r := range records {
			rows[0] = append(rows[0], r.Processor)
			for _, each := range r.Rows {
				rows[at[each.Name]][1+k] = figure(each.Values, value, decimals)
			}
		}
		return rows
	}
}

// machinesView says where and when figures were measured.
func machinesView(all []*record) [][]string {
	rows := [][]string{{"figures", "processor", "Go", "date", "beside", "remarks"}}
	dash := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	for _, t := range tables {
		for _, r := range of(all, t.name) {
			rows = append(rows, []string{t.name, r.Processor, r.Go, r.Date, dash(r.Peer), dash(r.Note)})
		}
	}
	return rows
}
