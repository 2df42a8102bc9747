package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/videos"
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
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(f.threads))
	f.decoding.W, f.decoding.Quiet = stderr, f.quiet
	switch {
	case f.list:
		return f.printList(stdout)
	case f.suggest:
		return f.propose(stdout, stderr)
	case f.describe:
		entry, err := f.entry()
		if err != nil {
			return usage{err}
		}
		d, err := zoo.Describe(entry)
		if err != nil {
			return usage{err}
		}
		if f.svg != "" {
			if err := drawNetworks(f.svg, entry); err != nil {
				return err
			}
		}
		if err := describe(stdout, d, f.js); err != nil {
			return err
		}
		if f.preset != nil && !f.js {
			fmt.Fprintln(stdout)
			f.preset.print(stdout)
		}
		return nil
	case f.eval != "":
		return f.evaluate(ctx, stdout, stderr)
	}
	return f.train(ctx, stdout, stderr)
}

func (f *flags) printList(stdout io.Writer) error {
	pattern := "*"
	if f.given("model") {
		pattern = f.model
	}
	entries, err := zoo.List(pattern)
	if err != nil {
		return usage{err}
	}
	if len(entries) == 0 {
		return badf("no model matches %q; -list without -model prints all", f.model)
	}
	if err := list(stdout, entries, f.js); err != nil || f.js {
		return err
	}
	_, err = fmt.Fprintln(stdout, "-protocol paper trains one as its paper's public code does, see docs/reproducing.md")
	return errors.Wrap(err, "train")
}

// entry returns the model the flags name.
func (f *flags) entry() (zoo.Entry, error) {
	if f.spec == "" {
		return zoo.Find(f.model)
	}
	data, err := os.ReadFile(f.spec)
	if err != nil {
		return zoo.Entry{}, errors.Wrapf(reason(err), "train: -spec %s", f.spec)
	}
	s, err := zoo.ParseSpec(data)
	return zoo.Entry{Name: f.spec, Spec: s}, errors.Wrapf(err, "train: -spec %s", f.spec)
}

// openSet opens the data set for a model that reads the given number of values a
// step; input and classes are those of a checkpoint, nil for a new model.
func (f *flags) openSet(ctx context.Context, name string, features int, input *zoo.Input, classes []string) (_ datasets.Set, err error) {
	opt := datasets.Options{Split: f.split, Normalise: f.normalise, Classes: classes, Video: f.video, Sequence: f.sequence}
	opt.TestOnly = f.eval != ""
	f.decoding.Watch(&opt.Video)
	if opt.Video.MaxBad == 0 {
		opt.Video.MaxBad = -1 // none
	}
	if input != nil {
		opt.Normalisation = &input.Normalisation
		if !f.stated("steps") {
			opt.Video.Steps = input.Taken().Steps
		}
		if !f.stated("sample") {
			opt.Video.Sample = input.Taken().Sample
		}
	}
	switch {
	case input != nil && len(input.StepShape) == 3 && datasets.Frames(f.data): // as the model was trained
		opt.Height, opt.Width, opt.Video.Grey = input.StepShape[0], input.StepShape[1], input.StepShape[2] == 1
	default:
		if opt, err = videos.Frame(opt, f.data, f.size, features); err != nil {
			return nil, usage{errors.Wrapf(err, "train: %s", name)}
		}
	}
	set, err := datasets.OpenContext(ctx, f.data, opt)
	if errors.Is(err, context.Canceled) {
		return nil, interrupted("train: stopped while the data were read; videos that are decoded stay in the cache")
	}
	if err != nil {
		return nil, usage{errors.Errorf("%v%s", err, f.whyThisData(input))}
	}
	if n := size(set.StepShape()); n != features {
		set.Close()
		return nil, badf("%s reads %s values a step, %s has steps of %s; give a model whose \"in_modes\" multiply to %d with -spec, see docs/spec.md; -suggest -features %d proposes some",
			name, thousands(features), set.Name(), shape(set.StepShape()), n, n)
	}
	f.gaps = gaps(set)
	if f.validation == 0 || set.Clips(datasets.Train) == 0 {
		return set, nil
	}
	held, err := datasets.Holdout(set, f.validation, f.seed)
	if err != nil {
		set.Close()
		return nil, usage{err}
	}
	return held, nil
}

// whyThisData completes an error about data that the command line does not name.
func (f *flags) whyThisData(input *zoo.Input) string {
	hint := ""
	if input != nil && f.stated("data") {
		hint = fmt.Sprintf("; the model reads steps of %s", shape(input.StepShape))
	}
	if f.ran != "" && !f.stated("data") {
		hint = fmt.Sprintf("; %s names it, from the folder it was written in: go there, or give -data", f.ran)
	}
	return hint
}

func size(shape []int) int {
	n := 1
	for _, s := range shape {
		n *= s
	}
	return n
}

// trainConfig returns the settings of the loop.
func (f *flags) trainConfig() (train.Config, error) {
	cfg := train.Config{
		Epochs: f.epochs, Batch: f.batch, Accumulate: f.accumulate, Threads: f.threads, LearningRate: f.lr, WeightDecay: f.weightDecay, ClassifierL2: f.classifierL2,
		Clip: f.clip, LabelSmoothing: f.smoothing, Patience: f.patience, Seed: f.seed, SaveEvery: f.saveEvery,
	}
	var err error
	if cfg.Optimizer, err = train.ParseOptimizer(f.optimizer); err != nil {
		return cfg, err
	}
	if cfg.Schedule, err = train.ParseSchedule(f.schedule); err != nil {
		return cfg, err
	}
	if cfg.Augment, err = datasets.ParseAugmentation(f.augment); err != nil {
		return cfg, err
	}
	for p := range strings.SplitSeq(f.freeze, ",") {
		if p = strings.TrimSpace(p); p != "" {
			cfg.Freeze = append(cfg.Freeze, p)
		}
	}
	slices.Sort(cfg.Freeze)
	return cfg, nil
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return errors.Wrap(enc.Encode(v), "train: write JSON")
}
