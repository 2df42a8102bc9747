package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// answer is what the model makes of a clip, or of its frames so far.
type answer struct {
	Clip  string `json:"clip,omitempty"`
	Bytes []byte `json:"clip_base64,omitempty"` // instead of Clip where that is not UTF-8, which JSON has no other text for
	Label string `json:"label,omitempty"`       // the true class, where an npz file has it
	Step  *int   `json:"step,omitempty"`        // with -follow: how many steps were read
	Frame *int   `json:"frame,omitempty"`       // the number in the clip, from 0, of what the last one shows
	sampled
	Classes []zoo.Guess `json:"classes,omitempty"`
	Error   string      `json:"error,omitempty"`
}

// printer writes answers as they come.
type printer struct {
	w        io.Writer
	js       bool
	csv      *csv.Writer // nil for another format
	labelled bool
	follow   bool
	clip     int // width of the column
	class    int
	top      int
	headings bool
	caption  string // above the table
}

func newPrinter(w io.Writer, f *flags, clips, classes []string) *printer {
	p := &printer{w: w, js: f.js, follow: f.follow, top: min(f.top, len(classes)), clip: len("clip"), class: len("class")}
	if f.csv {
		p.csv = csv.NewWriter(w)
	}
	for _, c := range clips {
		p.clip = max(p.clip, utf8.RuneCountInString(names.Shown(c)))
	}
	for _, n := range classes {
		p.class = max(p.class, utf8.RuneCountInString(n))
	}
	return p
}

func (p *printer) print(a answer) error {
	if p.js {
		a.Clip, a.Bytes = textOrBytes(a.Clip)
		return p.json(a)
	}
	if a.Error != "" { // standard error has it
		return nil
	}
	if p.csv != nil {
		return p.row(a)
	}
	line, row := fmt.Sprintf("%-*s", p.clip, "clip"), fmt.Sprintf("%-*s", p.clip, names.Shown(a.Clip))
	if p.follow {
		line, row = fmt.Sprintf("%5s %6s", "step", "frame"), fmt.Sprintf("%5d %6s", *a.Step, frame(a.Frame))
	}
	if p.labelled {
		line, row = line+fmt.Sprintf("  %-*s", p.class, "label"), row+fmt.Sprintf("  %-*s", p.class, a.Label)
	}
	line += strings.Repeat(fmt.Sprintf("  %-*s %6s", p.class, "class", ""), p.top)
	for _, g := range a.Classes {
		row += fmt.Sprintf("  %-*s %5.1f%%", p.class, g.Class, 100*g.Probability)
	}
	if !p.headings {
		p.headings, row = true, p.caption+strings.TrimRight(line, " ")+"\n"+row
	}
	_, err := fmt.Fprintln(p.w, row)
	return errors.Wrap(err, "predict")
}

// row writes an answer as a line of CSV, the names of the columns before the first. The
// clip is named as in a table, with escapes where a terminal would act on it.
func (p *printer) row(a answer) error {
	head, values := []string{"clip"}, []string{names.Shown(a.Clip)}
	if p.follow {
		head, values = append(head, "step", "frame"), append(values, strconv.Itoa(*a.Step), frame(a.Frame))
	}
	if p.labelled {
		head, values = append(head, "label"), append(values, a.Label)
	}
	for k, g := range a.Classes {
		head = append(head, fmt.Sprintf("class_%d", k+1), fmt.Sprintf("probability_%d", k+1))
		values = append(values, g.Class, strconv.FormatFloat(g.Probability, 'g', -1, 64))
	}
	if !p.headings {
		p.headings = true
		p.csv.Write(head) // Error has what fails
	}
	p.csv.Write(values)
	p.csv.Flush()
	return errors.Wrap(p.csv.Error(), "predict")
}

// json writes one object on a line.
func (p *printer) json(v any) error {
	line, err := names.JSON(v)
	if err == nil {
		_, err = fmt.Fprintf(p.w, "%s\n", line)
	}
	return errors.Wrap(err, "predict")
}

// textOrBytes returns a path as JSON can keep it.
func textOrBytes(path string) (string, []byte) {
	if utf8.ValidString(path) {
		return path, nil
	}
	return "", []byte(path)
}

// frame writes the number of a frame, and nothing for padding.
func frame(n *int) string {
	if n == nil {
		return "-"
	}
	return strconv.Itoa(*n)
}
