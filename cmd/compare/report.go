package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/internal/names"
)

// report is what is written of a comparison.
type report struct {
	Title    string
	Command  string // that makes it again
	Protocol []string
	Best     string // a sentence or two
	Edges    string // what to know of the learning rates; "" for nothing
	Sections []section
}

// section is a table and what has to be known to read it, and pictures.
type section struct {
	Title    string
	Text     []string
	Table    *sheet // nil for none
	pictures []picture
	dir      string
}

//go:embed report.html
var pageText string

var page = template.Must(template.New("report").Parse(pageText))

// newReport puts together what the results say.
func newReport(c *comparison, command string, results []*result) report {
	r := report{Title: "Recurrent models side by side", Command: command, Protocol: c.describe(results), Best: bestOf(results), Edges: edges(c.Rates, results)}
	drawn := map[string][]picture{}
	for _, p := range pictures(results) {
		kind, _, _ := strings.Cut(p.name, "-")
		drawn[kind] = append(drawn[kind], p)
	}
	add := func(s section) {
		s.dir = c.dir
		r.Sections = append(r.Sections, s)
	}
	add(section{Title: "Accuracy", Table: accuracies(results), Text: []string{
		"Mean ± standard deviation over the seeds, then the accuracy of each seed in their order.",
		fmt.Sprintf("Against the best answers one question: which models are shown to be behind the one of the highest mean? It has the mean difference to that model, "+
			"and the p-value of a paired t-test over the seeds, two-sided, with Holm's correction for the %s with the best. Where it is at least 0.05, no difference is shown: "+
			"there may be one, but these runs do not tell. It says nothing of two models of which neither is the best.", counted(compared(results), "comparison")),
		"Differences are over the seeds that both models have a result with. The best was picked by the same figures, and all seeds are tested on the same clips, " +
			"so the tests say what other seeds would give, not what other clips would.",
		"Published accuracies, and numbers of weights from the input, are what the papers report for their own videos; they were not measured by this program.",
	}, pictures: drawn["accuracy"]})
	if all := claims(results); len(all) > 0 {
		add(section{Title: "Beside the papers' claims", Table: claimed(all), Text: []string{
			fmt.Sprintf("This table answers another question: of two models whose order the papers report, is that order seen here? Each row is a paired t-test over the seeds of "+
				"these two alone, with Holm's correction for the %s. So an order may hold here though the table above shows no difference for either model: "+
				"there each of them is set against a third one, the best.", counted(len(all), "row")),
		}})
	}
	if t := others(results); t != nil {
		add(section{Title: "Other methods in the papers", Table: t, Text: []string{
			"What the papers' tables report of other methods, on their own videos: quoted, and not measured or reproduced here.",
		}})
	}
	add(section{Title: "Training", pictures: drawn["curves"]})
	add(section{Title: "Costs", Table: costs(results), Text: []string{
		fmt.Sprintf("A step is forward, backward and the optimiser's on %d clips, in a process of %s. Where runs were made at the same time, they slowed each other down. Training is all "+
			"steps without reading clips and without the test. Multiply-adds are those of the recurrent layer, forward.", c.Batch, counted(c.Threads, "thread")),
	}, pictures: drawn["costs"]})
	if len(c.Rates) > 1 {
		text := []string{
			fmt.Sprintf("Accuracy on the part of the training clips that was held out for the choice (* the rate that was taken): %s of %d, whole groups where the data have them. "+
				"The test clips had no part in it.", counted(c.Rounds, "fold"), c.Folds),
		}
		if r.Edges != "" {
			text = append(text, r.Edges)
		}
		add(section{Title: "Learning rates", Table: searches(results), Text: text})
	}
	add(section{Title: "Confusions", pictures: drawn["confusion"]})
	return r
}

// describe says what all runs share.
func (c *comparison) describe(results []*result) []string {
	set := c.Data
	for _, r := range results {
		for _, o := range r.runs {
			set = names.Line(o.Set)
		}
	}
	dropout := "each model's own dropout"
	if c.Dropout != nil {
		dropout = fmt.Sprintf("dropout %g", *c.Dropout)
	}
	rate := fmt.Sprintf("learning rate %g", c.Rates[0])
	if len(c.Rates) > 1 {
		rate = fmt.Sprintf("the learning rate of each model chosen from %s by training on a part of the training clips and testing on the rest of them", join(c.Rates))
	}
	lines := []string{
		fmt.Sprintf("Data: %s.", set),
		fmt.Sprintf("Each model: %s of batches of %d clips, %s, schedule %s, clipping %g, weight decay %g, label smoothing %g, %s; %s.",
			counted(c.Epochs, "epoch"), c.Batch, c.Optimizer, c.Schedule, c.Clip, c.WeightDecay, c.LabelSmoothing, dropout, rate),
		fmt.Sprintf("Seeds: 1 to %d; a seed fixes initial weights, the order of clips, dropout and augmentation. The weights tested are those after the epoch of the lowest training loss.", c.seeds),
		fmt.Sprintf("Products by %s.", c.Backend),
	}
	if c.Augment != "" {
		lines[1] = strings.TrimSuffix(lines[1], ".") + "; training clips changed at random: " + c.Augment + "."
	}
	for _, r := range results {
		if d := r.diverged(); d != "" {
			lines = append(lines, fmt.Sprintf("%s diverged with seed %s (%s): its figures are those of the others.", r.Entry.Name, d, r.why()))
		}
		if r.rate == 0 {
			lines = append(lines, fmt.Sprintf("%s diverged at every learning rate (%s) and has no figures.", r.Entry.Name, r.why()))
		}
	}
	return lines
}

// bestOf says which models a reader may take for the best.
func bestOf(results []*result) string {
	text := "No model has a result."
	var alike []string
	for _, r := range results {
		switch {
		case r.best:
			text = fmt.Sprintf("The highest mean is that of %s, %s, with %s learnable values in its recurrent layer.", r.Entry.Name, r.accuracy.plusMinus(4), grouped.Sprint(r.RecurrentLayer))
		case r.p >= significance:
			alike = append(alike, r.Entry.Name)
		}
	}
	if len(alike) > 0 {
		text += fmt.Sprintf(" Between it and %s: %s, in %s with the best.", strings.Join(alike, ", "), noDifference, counted(compared(results), "comparison"))
	}
	return text
}

// compared is the number of models whose difference to the best was tested.
func compared(results []*result) (n int) {
	for _, r := range results {
		if !math.IsNaN(r.p) {
			n++
		}
	}
	return n
}

func join(rates []float64) string {
	var all []string
	for _, r := range rates {
		all = append(all, fmt.Sprintf("%g", r))
	}
	return strings.Join(all, ", ")
}

// counted writes a number of things, "1 step" or "6 steps".
func counted(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}

// write makes the files of the report.
func (r report) write(dir string, results []*result) error {
	for _, s := range r.Sections {
		if err := drawPictures(dir, s.pictures); err != nil {
			return err
		}
	}
	for name, write := range map[string]func(io.Writer) error{
		"index.html":  func(w io.Writer) error { return page.Execute(w, r) },
		"report.md":   r.markdown,
		"results.csv": func(w io.Writer) error { _, err := fmt.Fprintln(w, figures(results).RenderCSV()); return err },
	} {
		if err := durable.WriteFile(filepath.Join(dir, name), write); err != nil {
			return errors.Wrapf(err, "compare: %s", name)
		}
	}
	return nil
}

func (r report) markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", r.Title, r.Best)
	for _, line := range r.Protocol {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	fmt.Fprintf(&b, "\nMade by\n\n```\n%s\n```\n", r.Command)
	for _, s := range r.Sections {
		fmt.Fprintf(&b, "\n## %s\n", s.Title)
		for _, text := range s.Text {
			fmt.Fprintf(&b, "\n%s\n", text)
		}
		if s.Table != nil {
			fmt.Fprintf(&b, "\n%s\n", s.Table.RenderMarkdown())
		}
		for _, p := range s.pictures {
			fmt.Fprintf(&b, "\n![%s](%s/%s.png)\n", p.caption, plotsDir, p.name)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// plot is a picture inside the page: a part of it, so that its text is text.
type plot struct {
	Caption string
	Least   float64 // px of width at which its smallest text can be read; a narrower screen scrolls it
	SVG     template.HTML
}

// Plots reads the pictures, which must be drawn before. Names in them are
// escaped.
func (s section) Plots() ([]plot, error) {
	var all []plot
	for _, p := range s.pictures {
		svg, err := os.ReadFile(filepath.Join(s.dir, plotsDir, p.name+".svg"))
		if err != nil {
			return nil, err
		}
		least, err := readable(svg)
		if err != nil {
			return nil, errors.Wrap(err, p.name)
		}
		all = append(all, plot{p.caption, least, template.HTML(svg[bytes.Index(svg, []byte("<svg")):])}) // without what makes it a file
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
