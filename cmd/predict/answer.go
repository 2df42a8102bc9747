package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/preprocess"
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

// sampled is how the frames of a clip were taken, as every answer says.
type sampled struct {
	Sample string  `json:"sample,omitempty"` // even, random, or all
	Draws  int     `json:"draws,omitempty"`  // whose probabilities were averaged
	Seed   *uint64 `json:"seed,omitempty"`   // of the draws
}

// score is how many of the clips with a label were answered with it.
type score struct {
	File     string  `json:"file,omitempty"`
	Bytes    []byte  `json:"file_base64,omitempty"` // instead of File, as in an answer
	Clips    int     `json:"clips"`                 // that were answered
	Correct  int     `json:"correct"`
	Accuracy float64 `json:"accuracy"`
}

// all answers for each of n clips in turn, and gives the score of those with a label.
func (p *predictor) all(ctx context.Context, n int, clips iter.Seq[reading]) error {
	var s score
	for r := range clips {
		a, err := p.answer(ctx, r)
		if err != nil && (ctx.Err() != nil || n == 1 || !cmdline.IsUsage(err)) {
			return err
		}
		if err != nil {
			fmt.Fprintln(p.out.stderr, names.Line(err.Error()))
			continue
		}
		if s.Clips++; a.Label == a.Classes[0].Class {
			s.Correct++
		}
	}
	if p.out.labelled {
		s.Accuracy = float64(s.Correct) / float64(s.Clips)
		if err := p.out.total(s); err != nil {
			return err
		}
	}
	if s.Clips < n {
		return badf("%d of %d clips have no answer, as reported above", n-s.Clips, n)
	}
	return nil
}

// answer says what a clip shows, which may have a million steps.
func (p *predictor) answer(ctx context.Context, r reading) (answer, error) {
	a, err := answer{Clip: r.name, sampled: p.how}, r.err
	if err == nil {
		err = interruptible(ctx, func() error {
			logits, err := p.model.Clip(r.clip.X, r.clip.Steps, nil)
			if err == nil {
				a.Classes, err = p.guesses(logits)
			}
			return err
		})
	}
	if ctx.Err() != nil { // it may be at work on a
		return answer{}, ctx.Err()
	}
	if err == nil && r.label >= 0 {
		p.out.labelled, a.Label = true, p.names[r.label]
	}
	return a, p.say(ctx, a, err)
}

// follow answers after each step of a clip, one of so many as -every says.
func (p *predictor) follow(ctx context.Context, path string) error {
	if path != "-" && p.reader.Sampling.Steps != preprocess.AllSteps {
		c, err := p.reader.Read(ctx, path)
		if err != nil {
			return p.say(ctx, answer{Clip: path}, err)
		}
		size := len(c.X) / c.Steps
		for k, frame := range c.Frames {
			if err := p.step(ctx, path, k, frame, c.X[k*size:(k+1)*size]); err != nil {
				return err
			}
		}
		return nil
	}
	steps := p.reader.Each(ctx, path)
	if path == "-" {
		steps = p.reader.Stream(ctx, p.stdin)
	}
	k := 0
	for x, err := range steps { // however long it is
		if err != nil {
			return p.say(ctx, answer{Clip: path}, p.wanted(path, err))
		}
		if k%p.flags.every == 0 {
			if err := p.step(ctx, path, k/p.flags.every, k, x); err != nil {
				return err
			}
		}
		k++
	}
	if k == 0 {
		return p.say(ctx, answer{Clip: path}, p.wanted(path, errors.New("there is no frame")))
	}
	return nil
}

// step answers after one more step, number k from 0, which shows a frame of the clip, or
// is padding, -1.
func (p *predictor) step(ctx context.Context, path string, k, frame int, x []float32) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	logits, err := p.model.Frame(x)
	steps := k + 1
	a := answer{Clip: path, Step: &steps, sampled: p.how}
	if frame >= 0 {
		a.Frame = &frame
	}
	if err == nil {
		a.Classes, err = p.guesses(logits)
		err = errors.WithMessagef(err, "step %d", steps)
	}
	return p.say(ctx, a, err)
}

// guesses returns the classes that an answer shows.
func (p *predictor) guesses(logits []float32) ([]zoo.Guess, error) {
	all, err := p.trained.Guesses(logits)
	if err != nil {
		return nil, errors.New(cmdline.Bare(err))
	}
	return all[:min(p.flags.top, len(all))], nil
}

// say prints an answer, unless there is none, and err says why: with -json it prints that
// too, and returns it. After an interrupt, which is no fault of the clip, it returns that
// alone.
func (p *predictor) say(ctx context.Context, a answer, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		if p.flags.annotate != "" {
			p.answers = append(p.answers, a)
		}
		return p.out.print(a)
	}
	text := names.Line(reason(a.Clip, err))
	if p.flags.js {
		if err := p.out.print(answer{Clip: a.Clip, Error: text}); err != nil {
			return err
		}
	}
	return badf("%s: %s", names.Shown(a.Clip), text)
}

// reason is the text of an error about a clip, without the clip's name.
func reason(path string, err error) string {
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), "datasets: "), path+": ")
}

// interruptible does something that may take for ever, such as reading from standard
// input, and returns as soon as ctx is done.
func interruptible(ctx context.Context, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		if ctx.Err() == nil { // what was interrupted may look like the input's end
			return err
		}
	case <-ctx.Done():
	}
	return ctx.Err()
}

// printer writes answers as they come.
type printer struct {
	*flags
	w, stderr   io.Writer
	file        string // that all clips are from
	table       *csv.Writer
	labelled    bool
	headings    bool   // are written
	caption     string // above the table
	clip, class int    // widths of the columns
}

// begin gets ready for the answers on some clips.
func (p *printer) begin(clips, classes []string, caption string) {
	p.table, p.clip, p.class = csv.NewWriter(p.w), len("clip"), len("class")
	for _, c := range clips {
		p.clip = max(p.clip, utf8.RuneCountInString(names.Shown(c)))
	}
	for _, n := range classes {
		p.class = max(p.class, utf8.RuneCountInString(n))
	}
	if p.caption = caption; p.csv {
		fmt.Fprint(p.stderr, caption)
	}
}

// print writes an answer: an object of JSON, or a row of a table or of CSV, the names of
// the columns before the first. A clip is named with escapes where a terminal would act on
// it.
func (p *printer) print(a answer) error {
	if p.js {
		a.Clip, a.Bytes = textOrBytes(a.Clip)
		return p.json(a)
	}
	var head, row []string
	add := func(width int, name, value string) {
		if !p.csv {
			name, value = fmt.Sprintf("%*s", width, name), fmt.Sprintf("%*s", width, value)
		}
		head, row = append(head, name), append(row, value)
	}
	if p.csv || !p.follow {
		add(-p.clip, "clip", names.Shown(a.Clip))
	}
	if p.follow {
		frame := "-" // of padding
		if a.Frame != nil {
			frame = strconv.Itoa(*a.Frame)
		}
		add(5, "step", strconv.Itoa(*a.Step))
		add(5, "frame", frame)
	}
	if p.labelled {
		add(-p.class, "label", a.Label)
	}
	for k, g := range a.Classes {
		if p.csv {
			add(0, fmt.Sprintf("class_%d", k+1), g.Class)
			add(0, fmt.Sprintf("probability_%d", k+1), strconv.FormatFloat(g.Probability, 'g', -1, 64))
			continue
		}
		value := fmt.Sprintf("%-*s %5.1f%%", p.class, g.Class, 100*g.Probability)
		add(-utf8.RuneCountInString(value), "class", value)
	}
	first := !p.headings
	p.headings = true
	if p.csv {
		if first {
			p.table.Write(head) // Error has what fails
		}
		p.table.Write(row)
		p.table.Flush()
		return errors.Wrap(p.table.Error(), "predict")
	}
	if first {
		fmt.Fprint(p.w, p.caption, strings.TrimRight(strings.Join(head, "  "), " "), "\n")
	}
	_, err := fmt.Fprintln(p.w, strings.Join(row, "  "))
	return errors.Wrap(err, "predict")
}

// total writes a score after the answers. CSV has no place for it.
func (p *printer) total(s score) error {
	if p.js {
		s.File, s.Bytes = textOrBytes(p.file)
		return p.json(s)
	}
	w := p.w
	if p.csv {
		w = p.stderr
	}
	_, err := fmt.Fprintf(w, "accuracy %.4f: the likeliest class is the label of %d of %d clips\n", s.Accuracy, s.Correct, s.Clips)
	return errors.Wrap(err, "predict")
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
