// Command train fits a tensor-decomposed recurrent classifier to a data set and
// prints how well it does and how small it is.
//
//	go run ./cmd/train -model ht-lstm
//	go run ./cmd/train -spec my.json -data npz:train.npz,test.npz -out runs/mine
//	go run ./cmd/train -resume runs/mine
//	go run ./cmd/train -eval runs/mine
//	go run ./cmd/train -list
//	go run ./cmd/train -suggest -features 57600 -hidden 256 -budget 2000
//
// See -h for all flags.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/internal/interrupt"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/internal/numerals"
	"github.com/tensorzoo/tensorzoo/internal/sets"
	"github.com/tensorzoo/tensorzoo/zoo"
)

func main() {
	// Tensors are large and hold no pointers: collecting often is cheap, and
	// keeps the memory of a step from standing twice.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(20)
	}
	err := run(interrupt.Context(), os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, names.Line(err.Error()))
	}
	os.Exit(cmdline.ExitCode(err))
}

// run does what the command line asks for. A cmdline.Usage is the user's to fix.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f, helped, err := parse(args, stdout)
	if err != nil || helped {
		return err
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(f.Threads))
	f.decoding.W, f.decoding.Quiet = stderr, f.quiet
	switch {
	case f.list:
		return f.printList(stdout)
	case f.suggest:
		return f.propose(stdout, stderr)
	case f.describe:
		return f.printModel(ctx, stdout)
	case f.eval != "":
		return f.evaluate(ctx, stdout, stderr)
	}
	return f.train(ctx, stdout, stderr)
}

// printList prints the models that -model matches, one per row: their counts, within 80
// characters, or all there is.
func (f *flags) printList(w io.Writer) error {
	pattern, name := "*", "list"
	if f.given("model") {
		pattern = f.model
	}
	if f.long {
		name = "long list"
	}
	entries, err := zoo.List(pattern)
	if err != nil {
		return cmdline.Usage{Err: err}
	}
	if len(entries) == 0 {
		return badf("no model matches %q; -list without -model prints all", f.model)
	}
	descriptions := make([]zoo.Description, len(entries))
	for k, e := range entries {
		if descriptions[k], err = zoo.Describe(e); err != nil {
			return err
		}
	}
	return f.show(w, name, descriptions)
}

// modelFigures are those of a model, and what a step of it costs if that was measured.
type modelFigures struct {
	zoo.Description
	Step *step `json:"training_step,omitempty"`
}

// printModel prints one model in figures, with what a step costs if that is asked for, and
// what -protocol makes of it, and draws it.
func (f *flags) printModel(ctx context.Context, w io.Writer) error {
	entry, d, err := f.described()
	if err != nil {
		return cmdline.Usage{Err: err}
	}
	if f.svg != "" {
		if err := drawNetworks(f.svg, entry); err != nil {
			return err
		}
	}
	full := modelFigures{Description: d}
	if f.cost {
		if full.Step, err = f.measure(ctx, entry); err != nil {
			return err
		}
	}
	if err := f.show(w, "description", full); err != nil {
		return err
	}
	if f.preset != "" && !f.js {
		fmt.Fprintf(w, "\n%s", f.preset)
	}
	return nil
}

// acknowledge says that the user is heard as soon as ctx is done, which may be long
// before what is under way is finished. It returns what ends that.
func (f *flags) acknowledge(ctx context.Context, stderr io.Writer, text string) (end func()) {
	said := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(said)
		f.decoding.Say(func() { fmt.Fprintln(stderr, text) })
	})
	return func() {
		if !stop() {
			<-said
		}
	}
}

// mostSpec bounds the file of a spec, and that of a configuration.
const mostSpec = 1 << 20

// described returns the model the flags name, in figures too.
func (f *flags) described() (zoo.Entry, zoo.Description, error) {
	e, err := f.entry()
	if err != nil {
		return e, zoo.Description{}, err
	}
	d, err := zoo.Describe(e)
	if f.spec != "" {
		err = errors.Wrapf(err, "train: -spec %s", f.spec)
	}
	return e, d, err
}

// entry returns the model the flags name.
func (f *flags) entry() (zoo.Entry, error) {
	if f.spec == "" {
		e, err := zoo.Find(f.model)
		if err != nil {
			err = cmdline.Blame(f.set, err)
		}
		return e, err
	}
	if err := names.Check(f.spec); err != nil { // the model is named after it
		return zoo.Entry{}, errors.Wrap(err, "train: -spec")
	}
	data, err := durable.ReadFile(f.spec, mostSpec)
	if err != nil {
		return zoo.Entry{}, errors.Wrapf(reason(err), "train: -spec %s", f.spec)
	}
	s, err := zoo.ParseSpec(data)
	return zoo.Entry{Name: f.spec, Spec: s}, errors.Wrapf(err, "train: -spec %s", f.spec)
}

// openSet opens the data set for a model that reads the given number of values a
// step; m is that of a checkpoint, nil for a new one.
func (f *flags) openSet(ctx context.Context, name string, features int, m *zoo.Model) (_ datasets.Set, err error) {
	opt := sets.Options{Options: f.video, Sequence: f.sequence}
	opt.Split, opt.Normalise, opt.TestOnly = f.split, f.normalise, f.eval != ""
	f.decoding.Watch(&opt.Options)
	var input *zoo.Input
	if m != nil {
		input = m.Input
		opt.Classes, opt.Normalisation = m.ClassNames, &input.Normalisation
		if !f.stated("steps") {
			opt.Steps = input.Taken().Steps
		}
		if !f.stated("sample") {
			opt.Sample = input.Taken().Sample
		}
	}
	if input != nil && len(input.StepShape) == 3 && sets.Frames(f.data) { // as the model was trained
		opt.Height, opt.Width, opt.Grey = input.StepShape[0], input.StepShape[1], input.StepShape[2] == 1
	} else if opt, err = sets.Frame(opt, f.data, f.size, features); err != nil {
		return nil, badf("%s: %v", name, err)
	}
	opt.Accept = func(set string, step []int) error {
		if n := dims.Size(step); n != features {
			if f.eval != "" {
				return badf("%s reads %s values a step, %s has steps of %s; give data like those that it was trained on", name, numerals.Thousands(features), set, shape(step))
			}
			return badf("%s reads %s values a step, %s has steps of %s; give a model whose \"in_modes\" multiply to %d with -spec, see docs/spec.md; -suggest -features %d proposes some",
				name, numerals.Thousands(features), set, shape(step), n, n)
		}
		return nil
	}
	set, err := sets.Open(ctx, f.data, opt)
	if errors.Is(err, context.Canceled) {
		return nil, cmdline.Interrupted("train: stopped while the data were read; videos that are decoded stay in the cache")
	}
	if cmdline.IsUsage(err) {
		return nil, err
	}
	if err != nil {
		hint := ""
		switch {
		case f.ran != "" && !slices.ContainsFunc([]string{"data", "split", "sequence", "sample", "steps"}, f.stated):
			hint = fmt.Sprintf("; %s names it, from the folder it was written in: go there, or give -data", f.ran)
		case input != nil && strings.Contains(err.Error(), "the last axis of a step"):
			hint = fmt.Sprintf("; the model reads steps of %s", shape(input.StepShape))
		}
		return nil, cmdline.Blame(f.set, errors.Errorf("%v%s", err, hint))
	}
	f.gaps = gaps(set)
	if f.validation == 0 || set.Clips(datasets.Train) == 0 {
		return set, nil
	}
	held, err := datasets.Holdout(set, f.validation, f.Seed)
	if err != nil {
		set.Close()
		return nil, badf("-validation: %s", cmdline.Bare(err))
	}
	return held, nil
}

// gaps says which classes have no training or no test clips, as far as the set knows
// without reading them: a line for each part.
func gaps(set datasets.Set) (lines string) {
	classes := set.Classes()
	for _, part := range []datasets.Part{datasets.Train, datasets.Test} {
		if set.Clips(part) == 0 || set.Label(part, 0) < 0 { // it is not asked for, or known
			continue
		}
		lacking := slices.Clone(classes)
		for i := range set.Clips(part) {
			lacking[set.Label(part, i)] = ""
		}
		if lacking = slices.DeleteFunc(lacking, func(name string) bool { return name == "" }); len(lacking) > 0 {
			name := strings.Replace(part.String(), "train", "training", 1)
			lines += fmt.Sprintf("no %s clips of %d of the %d classes, which have too few for this split: %s\n", name, len(lacking), len(classes), strings.Join(lacking, ", "))
		}
	}
	return lines
}
