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

//go:embed report.html report.md.tmpl words.tmpl
var files embed.FS

var (
	page     = template.Must(template.ParseFS(files, "report.html"))
	markdown = texttemplate.Must(texttemplate.ParseFS(files, "report.md.tmpl"))
	words    = texttemplate.Must(texttemplate.New("").Funcs(texttemplate.FuncMap{"counted": counted, "join": join}).ParseFS(files, "words.tmpl"))
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
func (r *Results) HTML(w io.Writer) error { return r.execute(w, page) }

// Markdown writes the report with links to the plots as Save writes them.
func (r *Results) Markdown(w io.Writer) error { return r.execute(w, markdown) }

func (r *Results) execute(w io.Writer, t interface{ Execute(io.Writer, any) error }) error {
	report, err := r.report()
	if err != nil {
		return err
	}
	return t.Execute(w, report)
}

// CSV writes a row per model, for programs.
func (r *Results) CSV(w io.Writer) error {
	_, err := fmt.Fprintln(w, r.figures().RenderCSV())
	return err
}

// Text returns the table of accuracies for a terminal, and what to know of the best model
// and the learning rates.
func (r *Results) Text() string {
	text := r.accuracies().Render() + "\n\n" + r.best()
	if edges := r.edges(); edges != "" {
		text += "\n" + edges
	}
	return text
}

// report puts together what the results say: a section for each table that has rows and
// each kind of plots.
func (r *Results) report() (out *report, err error) {
	out = &report{Title: "Recurrent models side by side", Command: r.Command, Best: r.best()}
	if out.Protocol, err = r.words("protocol"); err != nil {
		return nil, err
	}
	plots := map[string][]Plot{}
	for _, p := range r.Plots() {
		kind, _, _ := strings.Cut(p.Name, "-")
		plots[kind] = append(plots[kind], p)
	}
	for _, s := range []section{
		{"Accuracy", nil, r.accuracies(), plots["accuracy"]}, {"Beside the papers' claims", nil, claimed(r.Claims()), nil},
		{"Other methods in the papers", nil, r.others(), nil}, {"Training", nil, nil, plots["curves"]}, {"Costs", nil, r.costs(), plots["costs"]},
		{"Learning rates", nil, r.searches(), nil}, {"Confusions", nil, nil, plots["confusion"]},
	} {
		if s.Table != nil && len(s.Table.Rows) == 0 {
			continue
		}
		if s.Text, err = r.words(s.Title); err != nil {
			return nil, err
		}
		out.Sections = append(out.Sections, s)
	}
	return out, nil
}

// words returns the paragraphs of a section.
func (r *Results) words(of string) (paragraphs []string, err error) {
	about := struct {
		*Results
		Tested     int
		Edges, Set string
	}{r, r.tested(), r.edges(), r.Protocol.Data}
	for _, m := range r.Models {
		for _, run := range m.Runs {
			about.Set = names.Line(run.Set)
		}
	}
	var b strings.Builder
	if err := words.ExecuteTemplate(&b, of, about); err != nil {
		return nil, err
	}
	for text := range strings.SplitSeq(b.String(), "\n\n") {
		if text = strings.TrimSpace(text); text != "" {
			paragraphs = append(paragraphs, text)
		}
	}
	return paragraphs, nil
}

// best says which models a reader may take for the best.
func (r *Results) best() string {
	text := "No model has a result."
	var alike []string
	for _, m := range r.Models {
		switch {
		case m.Best:
			text = fmt.Sprintf("The highest mean is that of %s, %s, with %s learnable values in its recurrent layer.", m.Model.Name, m.Accuracy.plusMinus(4), grouped.Sprint(m.Sizes.RecurrentLayer))
		case m.P >= significance:
			alike = append(alike, m.Model.Name)
		}
	}
	if len(alike) > 0 {
		text += fmt.Sprintf(" Between it and %s: %s, in %s with the best.", strings.Join(alike, ", "), noDifference, counted(r.tested(), "comparison"))
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

// counted writes a number of things, "1 step" or "6 steps".
func counted(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
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
