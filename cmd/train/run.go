package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// run does what the command line asks for. Errors of type usage are the user's
// to mend.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f, helped, err := parse(args, stdout)
	if err != nil || helped {
		return err
	}
	if f.list {
		entries, err := zoo.List(f.pattern())
		if err != nil {
			return usage{err}
		}
		if len(entries) == 0 {
			return usage{errors.Errorf("train: no model matches %q; -list without -model prints all", f.model)}
		}
		return list(stdout, entries, f.json)
	}
	entry, err := f.entry()
	if err != nil {
		return usage{err}
	}
	if f.describe {
		d, err := zoo.Describe(entry)
		if err != nil {
			return usage{err}
		}
		return describe(stdout, d, f.json)
	}
	return f.train(ctx, entry, stdout, stderr)
}

// pattern is what -list prints: all, unless -model says.
func (f *flags) pattern() string {
	if f.modelGiven {
		return f.model
	}
	return "*"
}

// entry returns the model the flags name.
func (f *flags) entry() (zoo.Entry, error) {
	if f.spec == "" {
		return zoo.Find(f.model)
	}
	data, err := os.ReadFile(f.spec)
	if err != nil {
		return zoo.Entry{}, errors.Wrap(err, "train: -spec")
	}
	s, err := zoo.ParseSpec(data)
	return zoo.Entry{Name: f.spec, Spec: s}, errors.Wrapf(err, "train: -spec %s", f.spec)
}

func (f *flags) train(ctx context.Context, entry zoo.Entry, stdout, stderr io.Writer) error {
	d, err := zoo.Describe(entry)
	if err != nil {
		return usage{err}
	}
	width, height, err := frame(d.Features)
	if err != nil {
		return usage{errors.Wrapf(err, "train: %s", entry.Name)}
	}
	set, err := datasets.Open(f.data, datasets.Options{Split: f.split, Width: width, Height: height})
	if err != nil {
		return usage{err}
	}
	opt := zoo.Options{Classes: len(set.Classes()), Seed: f.seed}
	if f.dropoutGiven {
		opt.Dropout = &f.dropout
	}
	if f.spec != "" && entry.Spec.Classes != 0 && entry.Spec.Classes != opt.Classes {
		return usage{errors.Errorf("train: %s says %d classes, %s has %d; leave the field out", f.spec, entry.Spec.Classes, set.Name(), opt.Classes)}
	}
	m, err := zoo.FromSpec(entry.Spec, opt)
	if err != nil {
		return usage{err}
	}
	if d, err = m.Describe(entry.Name); err != nil {
		return err
	}
	out := stdout
	if f.json {
		out = stderr // the result alone is JSON on standard output
	}
	fmt.Fprintf(out, "%s: %s input weights %s on %s, %d training and %d test clips of %d steps of %s\n",
		d.Name, d.Format, thousands(d.InputToHidden), set.Name(), set.Clips(datasets.Train), set.Clips(datasets.Test), set.Steps(), shape(set.StepShape()))
	p := newPrinter(out)
	result, err := train.Run(ctx, m, set, train.Config{
		Epochs: f.epochs, Batch: f.batch, LearningRate: f.lr, Clip: f.clip, Seed: f.seed, Progress: p.progress,
	})
	if err != nil {
		p.clear()
		return err
	}
	if f.json {
		return writeJSON(stdout, summary{
			Description: d, Set: set.Name(), Seed: f.seed, Epochs: f.epochs, Batch: f.batch, LearningRate: f.lr,
			Test: result.Test, Train: result.Epochs, StepMillis: result.StepMillis, TrainingSeconds: result.Training.Seconds(),
		})
	}
	return report(stdout, d, result)
}

// frame returns the size of frames of 4:3 in RGB that have the given number of
// values; the embedded clips are scaled to it.
func frame(features int) (width, height int, err error) {
	j := int(math.Round(math.Sqrt(float64(features) / 36)))
	if j < 1 || 36*j*j != features {
		return 0, 0, errors.Errorf("the model reads %d values a step, and the clips are frames of 4j x 3j x 3 values, such as 160x120x3 = 57600 or 64x48x3 = 9216; change \"in_modes\" or take another model", features)
	}
	return 4 * j, 3 * j, nil
}

// summary is the result as JSON.
type summary struct {
	zoo.Description
	Set             string        `json:"set"`
	Seed            uint64        `json:"seed"`
	Epochs          int           `json:"epochs"`
	Batch           int           `json:"batch"`
	LearningRate    float64       `json:"learning_rate"`
	Test            train.Score   `json:"test"`
	Train           []train.Score `json:"train"`
	StepMillis      float64       `json:"step_ms_median"`
	TrainingSeconds float64       `json:"training_seconds"`
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return errors.Wrap(enc.Encode(v), "train: write JSON")
}

// printer shows progress: a line an epoch, and where there is a terminal the
// step under way on a line that is written over.
type printer struct {
	w        io.Writer
	terminal bool
}

func newPrinter(w io.Writer) *printer {
	p := &printer{w: w}
	if file, ok := w.(*os.File); ok {
		if info, err := file.Stat(); err == nil {
			p.terminal = info.Mode()&os.ModeCharDevice != 0
		}
	}
	return p
}

func (p *printer) progress(s train.Progress) {
	if s.Step < s.Steps && !p.terminal {
		return
	}
	done := float64((s.Epoch-1)*s.Steps+s.Step) / float64(s.Epochs*s.Steps)
	left := time.Duration(float64(s.Elapsed) * (1 - done) / done).Round(time.Second)
	p.clear()
	fmt.Fprintf(p.w, "epoch %*d/%d  loss %.4f  accuracy %.3f  %s", len(fmt.Sprint(s.Epochs)), s.Epoch, s.Epochs, s.Loss, s.Accuracy, s.Elapsed.Round(time.Second))
	if s.Step < s.Steps {
		fmt.Fprintf(p.w, "  step %d/%d, about %s left", s.Step, s.Steps, left)
		return
	}
	fmt.Fprintln(p.w)
}

// clear empties the line under way.
func (p *printer) clear() {
	if p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
