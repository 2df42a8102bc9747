package compare

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/pkg/errors"

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

//go:embed report.html
var pageText string

var page = template.Must(template.New("report").Parse(pageText))

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

// CSV writes a row per model, for programs.
func (r *Results) CSV(w io.Writer) error {
	_, err := fmt.Fprintln(w, r.figures().RenderCSV())
	return err
}

// Markdown writes the report with links to the plots as Save writes them.
func (r *Results) Markdown(w io.Writer) error {
	page := r.report()
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", page.Title, page.Best)
	for _, line := range page.Protocol {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	if r.Command != "" {
		fmt.Fprintf(&b, "\nMade by\n\n```\n%s\n```\n", r.Command)
	}
	for _, s := range page.Sections {
		fmt.Fprintf(&b, "\n## %s\n", s.Title)
		for _, text := range s.Text {
			fmt.Fprintf(&b, "\n%s\n", text)
		}
		if s.Table != nil {
			fmt.Fprintf(&b, "\n%s\n", s.Table.RenderMarkdown())
		}
		for _, p := range s.Plots {
			fmt.Fprintf(&b, "\n![%s](%s/%s.png)\n", p.Caption, plotsDir, p.Name)
		}
	}
	_, err := io.WriteString(w, b.String())
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

// report puts together what the results say.
func (r *Results) report() report {
	plots := map[string][]Plot{}
	for _, p := range r.Plots() {
		kind, _, _ := strings.Cut(p.Name, "-")
		plots[kind] = append(plots[kind], p)
	}
	p := r.Protocol
	sections := []section{{Title: "Accuracy", Table: r.accuracies(), Plots: plots["accuracy"], Text: []string{
		"Mean ± standard deviation over the seeds, then the accuracy of each seed in their order.",
		fmt.Sprintf("Against the best answers one question: which models are shown to be behind the one of the highest mean? It has the mean difference to that model, "+
			"and the p-value of a paired t-test over the seeds, two-sided, with Holm's correction for the %s with the best. Where it is at least 0.05, no difference is shown: "+
			"there may be one, but these runs do not tell. It says nothing of two models of which neither is the best.", counted(r.tested(), "comparison")),
		"Differences are over the seeds that both models have a result with. The best was picked by the same figures, and all seeds are tested on the same clips, " +
			"so the tests say what other seeds would give, not what other clips would.",
		"Published accuracies, and numbers of weights from the input, are what the papers report for their own videos; they were not measured by this program.",
	}}}
	if all := r.Claims(); len(all) > 0 {
		sections = append(sections, section{Title: "Beside the papers' claims", Table: claimed(all), Text: []string{
			fmt.Sprintf("This table answers another question: of two models whose order the papers report, is that order seen here? Each row is a paired t-test over the seeds of "+
				"these two alone, with Holm's correction for the %s. So an order may hold here though the table above shows no difference for either model: "+
				"there each of them is set against a third one, the best.", counted(len(all), "row")),
		}})
	}
	if t := r.others(); t != nil {
		sections = append(sections, section{Title: "Other methods in the papers", Table: t, Text: []string{
			"What the papers' tables report of other methods, on their own videos: quoted, and not measured or reproduced here.",
		}})
	}
	sections = append(sections, section{Title: "Training", Plots: plots["curves"]}, section{Title: "Costs", Table: r.costs(), Plots: plots["costs"], Text: []string{
		fmt.Sprintf("A step is forward, backward and the optimiser's on %d clips, in a process of %s. Where runs were made at the same time, they slowed each other down. Training is all "+
			"steps without reading clips and without the test. Multiply-adds are those of the recurrent layer, forward.", p.Batch, counted(p.Threads, "thread")),
	}})
	if len(p.Rates) > 1 {
		text := []string{
			fmt.Sprintf("Accuracy on the part of the training clips that was held out for the choice (* the rate that was taken): %s of %d, whole groups where the data have them. "+
				"The test clips had no part in it.", counted(p.Rounds, "fold"), p.Folds),
		}
		if edges := r.edges(); edges != "" {
			text = append(text, edges)
		}
		sections = append(sections, section{Title: "Learning rates", Table: r.searches(), Text: text})
	}
	sections = append(sections, section{Title: "Confusions", Plots: plots["confusion"]})
	return report{"Recurrent models side by side", r.Command, r.describe(), r.best(), sections}
}

// describe says what all runs share.
func (r *Results) describe() []string {
	p := r.Protocol
	set := p.Data
	for _, m := range r.Models {
		for _, run := range m.Runs {
			set = names.Line(run.Set)
		}
	}
	dropout := "each model's own dropout"
	if p.Dropout != nil {
		dropout = fmt.Sprintf("dropout %g", *p.Dropout)
	}
	rate := fmt.Sprintf("learning rate %g", p.Rates[0])
	if len(p.Rates) > 1 {
		rate = fmt.Sprintf("the learning rate of each model chosen from %s by training on a part of the training clips and testing on the rest of them",
			strings.ReplaceAll(strings.Trim(fmt.Sprint(p.Rates), "[]"), " ", ", "))
	}
	augment := ""
	if p.Augment != "" {
		augment = "; training clips changed at random: " + p.Augment
	}
	lines := []string{
		fmt.Sprintf("Data: %s.", set),
		fmt.Sprintf("Each model: %s of batches of %d clips, %s, schedule %s, clipping %g, weight decay %g, label smoothing %g, %s; %s%s.",
			counted(p.Epochs, "epoch"), p.Batch, p.Optimizer, p.Schedule, p.MaxGradNorm, p.WeightDecay, p.LabelSmoothing, dropout, rate, augment),
		fmt.Sprintf("Seeds: 1 to %d; a seed fixes initial weights, the order of clips, dropout and augmentation. The weights tested are those after the epoch of the lowest training loss.", r.Seeds),
		fmt.Sprintf("Products by %s.", p.Backend),
	}
	for _, m := range r.Models {
		seeds, why := m.diverged()
		if seeds != "" {
			lines = append(lines, fmt.Sprintf("%s diverged with seed %s (%s): its figures are those of the others.", m.Model.Name, seeds, why))
		}
		if m.Rate == 0 {
			lines = append(lines, fmt.Sprintf("%s diverged at every learning rate (%s) and has no figures.", m.Model.Name, why))
		}
	}
	return lines
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
func (s section) Inline() ([]inline, error) {
	var all []inline
	for _, p := range s.Plots {
		var drawn bytes.Buffer
		if err := p.SVG(&drawn); err != nil {
			return nil, err
		}
		svg := drawn.Bytes()
		least, err := readable(svg)
		if err != nil {
			return nil, errors.Wrap(err, p.Name)
		}
		all = append(all, inline{p.Caption, least, template.HTML(svg[bytes.Index(svg, []byte("<svg")):])}) // without what makes it a file
	}
	return all, nil
}

var (
	drawnWidth = regexp.MustCompile(`viewBox="0 0 ([0-9.]+) `)
	textSize   = regexp.MustCompile(`font-size:([0-9.]+)px`)
)

// readable is the width in px at which the smallest text of a drawing has 9.
func readable(svg []byte) (float64, error) {
	box, sizes := drawnWidth.FindSubmatch(svg), textSize.FindAllSubmatch(svg, -1)
	if box == nil || len(sizes) == 0 {
		return 0, errors.New("the drawing has no width or no text")
	}
	width, err := strconv.ParseFloat(string(box[1]), 64)
	if err != nil {
		return 0, err
	}
	smallest := math.Inf(1)
	for _, size := range sizes {
		v, err := strconv.ParseFloat(string(size[1]), 64)
		if err != nil {
			return 0, err
		}
		smallest = min(smallest, v)
	}
	return math.Ceil(width * 9 / smallest), nil
}
