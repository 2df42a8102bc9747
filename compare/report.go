package compare

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	texttemplate "text/template"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/charts"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/internal/numerals"
	"github.com/tensorzoo/tensorzoo/train"
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

// Save writes a report to a folder, which it makes: index.html, report.md, results.csv and plots as SVG and PNG.
func (r *Results) Save(dir string) error {
	plots := filepath.Join(dir, "plots")
	if err := os.MkdirAll(plots, 0o777); err != nil {
		return errors.Wrap(err, "compare")
	}
	for _, p := range r.Plots() {
		for _, ending := range []string{".svg", ".png"} {
			if err := charts.Save(filepath.Join(plots, p.Name+ending), p.picture); err != nil {
				return errors.Wrap(err, "compare")
			}
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
	_, err := fmt.Fprintln(w, newTable("results.csv", r).RenderCSV())
	return err
}

// Text returns the table of accuracies for a terminal, and what to know of the best model and the learning rates.
func (r *Results) Text() string {
	return strings.TrimRight(newTable("Accuracy", r).Render()+"\n\n"+r.best()+"\n"+r.edges(), "\n")
}

// report puts together what the results say: sections with a text, a table or plots, as far as there are any.
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
			if s.Table = newTable(s.Title, r); len(s.Table.Rows) == 0 {
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
	for text := range strings.SplitSeq(said(name, r), "\n\n") {
		if text = strings.TrimSpace(text); text != "" {
			all = append(all, text)
		}
	}
	return all
}

// best says which models a reader may take for the best.
func (r *Results) best() string { return said("best", r) }

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

// sheet is a table, as text, Markdown and CSV, and in parts for the page, which
// stacks the cells of a row on a narrow screen.
type sheet struct {
	table.Writer
	Header  table.Row
	Rows    [][]string
	numbers []table.ColumnConfig // of the columns of numbers, which stand at the right
}

// Number reports whether column k, from 0, holds numbers.
func (t *sheet) Number(k int) bool {
	return slices.ContainsFunc(t.numbers, func(c table.ColumnConfig) bool { return c.Number == k+1 })
}

//go:embed words.tmpl
var wordsText string

// words are the texts and tables of a report.
var words = texttemplate.Must(texttemplate.New("").Funcs(texttemplate.FuncMap{
	"counted": numerals.Counted, "grouped": numerals.Thousands, "commas": func(all []string) string { return strings.Join(all, ", ") },
	"join": func(numbers any) string {
		return strings.ReplaceAll(strings.Trim(fmt.Sprint(numbers), "[]"), " ", ", ")
	},
	"over": func(a, b float64) float64 { return a / b }, "less": func(a, b float64) float64 { return a - b }, "backend": func() string { return backend.Name },
	"first": func(c Curve) Grown { return c.Points[0] }, "last": func(c Curve) Grown { return c.Points[len(c.Points)-1] }, "grew": Curve.grew,
	"pm": Sample.plusMinus, "each": Sample.each, "figure": figure, "unknown": math.IsNaN, "shown": func(p float64) bool { return p < significance },
	"accuracies": func(runs []*Run) Sample { return sampled(runs, accuracy) }, "candidate": (*Result).candidate, "line": names.Line,
	"diverged": func(r *Result) []uint64 { return r.seeds(true) },
	"alike":    func(r *Results) []*Result { return r.those(func(m *Result) bool { return m.P >= significance }) },
	"tested":   func(r *Results) []*Result { return r.those(func(m *Result) bool { return !math.IsNaN(m.P) }) },
	"atEdge":   func(r *Results) []*Result { return r.those((*Result).atEdge) },
	"tried":    func(r *Results) []float64 { return tried(r.Models...) }, "widened": (*Results).widened,
	"published": func(r *Results, data string) []*Result {
		return r.those(func(m *Result) bool { return m.Model.PublishedAccuracy > 0 && m.Model.Data == data })
	},
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
	lines := strings.Split(said("table "+name, data), "\n")
	for k, cell := range strings.Split(lines[0], "\t") {
		name, number := strings.CutSuffix(cell, "#")
		if t.Header = append(t.Header, name); number {
			t.numbers = append(t.numbers, table.ColumnConfig{Number: k + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	t.AppendHeader(t.Header)
	for _, line := range lines[1:] {
		t.Rows = append(t.Rows, strings.Split(line, "\t"))
	}
	t.ImportGrid(t.Rows)
	t.SetColumnConfigs(t.numbers)
	return t
}

// figure writes a number, or what stands for one that is not known.
func figure(format string, v float64, unknown string) string {
	if math.IsNaN(v) {
		return unknown
	}
	return fmt.Sprintf(format, v)
}

// those lists the models that are so.
func (r *Results) those(is func(m *Result) bool) []*Result {
	return slices.DeleteFunc(slices.Clone(r.Models), func(m *Result) bool { return !is(m) })
}

// Plot is a picture of the results.
type Plot struct {
	Name    string // of its files, without an ending; the first word says which section of the report it is in
	Caption string
	picture charts.Picture
}

// SVG writes the plot as an SVG file.
func (p Plot) SVG(w io.Writer) error {
	_, err := charts.SVG(w, p.picture)
	return err
}

// Plots draws the results: accuracy against size and arithmetic, curves of the training,
// costs, and a confusion matrix for each model.
func (r *Results) Plots() []Plot {
	all := []Plot{
		r.accuracyOver("accuracy-recurrent-layer", "Whole recurrent layer", "learnable values", func(m *Result) int { return m.Sizes.RecurrentLayer }),
		r.accuracyOver("accuracy-input-weights", "Weights from the input", "learnable values", func(m *Result) int { return m.Sizes.InputToHidden }),
		r.accuracyOver("accuracy-multiply-adds", "Accuracy and arithmetic", "multiply-adds a frame", func(m *Result) int { return m.Sizes.MulAddsPerFrame }),
		r.curves("curves-loss", charts.Panel{Title: "Training loss", Y: "cross-entropy, nats", LogY: true}, func(s train.Score) float64 { return s.Loss }),
		r.curves("curves-accuracy", charts.Panel{Title: "Training accuracy", Y: "accuracy"}, func(s train.Score) float64 { return s.Accuracy }),
		r.bars("costs-time", "Time", "milliseconds a training step", func(m *Result) Sample { return m.StepMillis }),
		r.bars("costs-memory", "Memory", "peak resident MB", func(m *Result) Sample { return m.PeakMB }),
	}
	// Not every system reports memory.
	all = slices.DeleteFunc(all, func(p Plot) bool { b, ok := p.picture.(charts.BarPanel); return ok && len(b.Bars) == 0 })
	for _, m := range r.Models {
		if len(m.Seeds) > 0 {
			classes, counts := m.Confusion()
			picture := charts.Matrix{Title: m.Model.Name + ", all seeds", Classes: classes, Counts: counts}
			all = append(all, Plot{"confusion-" + m.Model.Name, said("caption of a confusion", m), picture})
		}
	}
	return all
}

// accuracyOver is the plot of the test accuracies over some size of the models.
func (r *Results) accuracyOver(name, title, axis string, size func(m *Result) int) Plot {
	p := charts.Panel{Title: title, X: axis, Y: "test accuracy", LogX: true, SideBySide: true}
	for _, m := range r.Models {
		l := charts.Line{Name: m.Model.Name, Marker: true}
		addTo(&l, float64(size(m)), m.Accuracy)
		p.Lines = append(p.Lines, l)
	}
	return Plot{name, said("caption of "+name, nil), charts.Panels{p}}
}

// addTo adds a mean and its standard deviation to a line.
func addTo(l *charts.Line, x float64, s Sample) {
	l.X, l.Y = append(l.X, x), append(l.Y, s.Mean)
	l.Low, l.High = append(l.Low, s.Mean-s.SD), append(l.High, s.Mean+s.SD)
}

// bars is the plot of a figure of the models that have it.
func (r *Results) bars(name, title, axis string, of func(m *Result) Sample) Plot {
	p := charts.BarPanel{Title: title, X: axis}
	for _, m := range r.Models {
		if s := of(m); len(s.Values) > 0 {
			p.Bars = append(p.Bars, charts.Bar{Name: m.Model.Name, Value: s.Mean, Low: max(0, s.Mean-s.SD), High: s.Mean + s.SD})
		}
	}
	return Plot{name, said("caption of "+name, nil), p}
}

// curves is the plot of a figure of every epoch: a line per model, the mean over the seeds, and its standard deviation.
func (r *Results) curves(name string, p charts.Panel, figure func(s train.Score) float64) Plot {
	p.X = "epoch"
	for _, m := range r.Models {
		l := charts.Line{Name: m.Model.Name}
		for {
			e := len(l.X)
			s := sampled(m.Runs, func(run *Run) float64 {
				if e < len(run.Epochs) {
					return figure(run.Epochs[e].Train)
				}
				return math.NaN()
			})
			if len(s.Values) == 0 {
				break
			}
			addTo(&l, float64(e+1), s)
		}
		if len(l.X) > 0 {
			p.Lines = append(p.Lines, l)
		}
	}
	return Plot{name, said("caption of "+name, nil), charts.Panels{p}}
}
