package compare

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"path/filepath"
	"strings"
	texttemplate "text/template"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/charts"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/internal/numerals"
)

// report is what the files of a report have in common.
type report struct {
	Title    string
	Command  string // that makes it again; "" for none
	Protocol []string
	Best     string // a sentence or two
	Sections []section
}

// section is a table and what has to be known to read it, and plots.
type section struct {
	Title string
	Text  []string
	Table *sheet // nil for none
	Plots []Plot
}

//go:embed report.html report.md.tmpl
var files embed.FS

var (
	page     = template.Must(template.ParseFS(files, "report.html"))
	markdown = texttemplate.Must(texttemplate.ParseFS(files, "report.md.tmpl"))
)

// Save writes a report to a folder, which it makes: index.html, report.md, results.csv and
// plots as SVG and PNG.
func (r *Results) Save(dir string) error {
	for _, p := range r.Plots() {
		if err := p.save(dir); err != nil {
			return errors.Wrap(err, "compare")
		}
	}
	for name, write := range map[string]func(io.Writer) error{"index.html": r.HTML, "report.md": r.Markdown, "results.csv": r.CSV} {
		if err := durable.WriteFile(filepath.Join(dir, name), write); err != nil {
			return errors.Wrapf(err, "compare: %s", name)
		}
	}
	return nil
}

// HTML writes the report as one page that needs nothing else.
func (r *Results) HTML(w io.Writer) error { return page.Execute(w, r.report()) }

// Markdown writes the report with links to the plots as Save writes them.
func (r *Results) Markdown(w io.Writer) error { return markdown.Execute(w, r.report()) }

// CSV writes a row per model, for programs.
func (r *Results) CSV(w io.Writer) error {
	_, err := fmt.Fprintln(w, r.table("results.csv").RenderCSV())
	return err
}

// Text returns the table of accuracies for a terminal, and what to know of the best model
// and the learning rates.
func (r *Results) Text() string {
	text := r.table("Accuracy").Render() + "\n\n" + r.best()
	if edges := r.edges(); edges != "" {
		text += "\n" + edges
	}
	return text
}

// report puts together what the results say: sections with a text, a table or plots, as far
// as there are any.
func (r *Results) report() *report {
	out := &report{"Recurrent models side by side", r.Command, r.paragraphs("protocol"), r.best(), nil}
	plots := map[string][]Plot{}
	for _, p := range r.Plots() {
		kind, _, _ := strings.Cut(p.Name, "-")
		plots[kind] = append(plots[kind], p)
	}
	for _, s := range []section{
		{Title: "Accuracy", Plots: plots["accuracy"]}, {Title: "Beside the papers' claims"}, {Title: "Other methods in the papers"},
		{Title: "Training", Plots: plots["curves"]}, {Title: "Costs", Plots: plots["costs"]}, {Title: "Learning rates"},
		{Title: "Confusions", Plots: plots["confusion"]},
	} {
		if words.Lookup("table "+s.Title) != nil {
			if s.Table = r.table(s.Title); len(s.Table.Rows) == 0 {
				continue
			}
		}
		s.Text = r.paragraphs(s.Title)
		out.Sections = append(out.Sections, s)
	}
	return out
}

// paragraphs are those of a text of the words.
func (r *Results) paragraphs(name string) (all []string) {
	for text := range strings.SplitSeq(r.said(name), "\n\n") {
		if text = strings.TrimSpace(text); text != "" {
			all = append(all, text)
		}
	}
	return all
}

// set names the data as the runs do.
func (r *Results) set() string {
	set := r.Protocol.Data
	for _, m := range r.Models {
		for _, run := range m.Runs {
			set = run.Set
		}
	}
	return names.Line(set)
}

// best says which models a reader may take for the best.
func (r *Results) best() string {
	text := "No model has a result."
	var alike []string
	for _, m := range r.Models {
		switch {
		case m.Best:
			text = fmt.Sprintf("The highest mean is that of %s, %s, with %s learnable values in its recurrent layer.", m.Model.Name, m.Accuracy.plusMinus(4), numerals.Thousands(m.Sizes.RecurrentLayer))
		case m.P >= significance:
			alike = append(alike, m.Model.Name)
		}
	}
	if len(alike) > 0 {
		text += fmt.Sprintf(" Between it and %s: %s, in %s with the best.", strings.Join(alike, ", "), noDifference, numerals.Counted(r.tested(), "comparison"))
	}
	return text
}

// tested is the number of models whose difference to the best was tested.
func (r *Results) tested() (n int) {
	for _, m := range r.Models {
		if !math.IsNaN(m.P) {
			n++
		}
	}
	return n
}

// join writes a list of numbers with commas between.
func join(list any) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(list), "[]"), " ", ", ")
}

// inline is a plot inside the page: a part of it, so that its text is text.
type inline struct {
	Caption string
	Least   float64 // px of width at which its smallest text can be read; a narrower screen scrolls it
	SVG     template.HTML
}

// Inline draws the plots. Names in them are escaped.
func (s section) Inline() (all []inline, err error) {
	for _, p := range s.Plots {
		var drawn bytes.Buffer
		least, err := charts.SVG(&drawn, p.picture)
		if err != nil {
			return nil, errors.Wrap(err, p.Name)
		}
		_, svg, _ := bytes.Cut(drawn.Bytes(), []byte("<svg")) // without what makes it a file
		all = append(all, inline{p.Caption, least, template.HTML("<svg" + string(svg))})
	}
	return all, nil
}
