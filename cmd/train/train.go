package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/sets"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// train starts a run or goes on with one, and reports what it came to.
func (f *flags) train(ctx context.Context, stdout, stderr io.Writer) (err error) {
	defer f.acknowledge(ctx, stderr, "stopping after this step; again to stop now")()
	if f.resume == "" && f.out != noOut {
		if err := sets.Apart(f.data, f.out); err != nil {
			return badf("%v", err)
		}
	}
	out := &folder{}
	defer func() { out.close() }()
	var c *zoo.Checkpoint // to go on from
	if f.resume != "" {
		// The folder first: another process may be about to write the next one.
		if out, err = f.openFolder("", stderr); err != nil {
			return err
		}
		if train.HasCheckpoint(f.resume) {
			if c, err = train.LoadLast(f.resume); err != nil {
				return cmdline.Usage{Err: err}
			}
		}
	}
	m, set, err := f.modelAndSet(ctx, c)
	if err != nil {
		return err
	}
	defer set.Close()
	cfg, err := f.trainConfig()
	if err != nil {
		return err
	}
	if f.resume == "" {
		if err := cfg.Fits(m, set); err != nil { // no folder is made for it
			return f.damaged(err)
		}
		if out, err = f.openFolder(m.Name, stderr); err != nil {
			return err
		}
	}
	out.title = m.Name
	if c == nil { // a run that is killed before its first checkpoint can be resumed too
		if err := f.describeRun(out); err != nil {
			return err
		}
	}
	d, err := zoo.Describe(zoo.Entry{Name: m.Name, Spec: m.Spec()})
	if err != nil {
		return err
	}
	log := stdout
	if f.js {
		log = stderr // the result alone is JSON on standard output
	}
	if f.quiet {
		log = io.Discard
	}
	f.decoding.Say(func() {
		fmt.Fprint(log, f.preset, worded("start", struct {
			zoo.Description
			*flags
			Set, Dir, Step, Gaps              string
			Steps, Training, Validation, Test int
			GoesOn, Resume                    bool
		}{d, f, set.Name(), out.dir, shape(set.StepShape()), f.gaps, set.Steps(),
			set.Clips(datasets.Train), set.Clips(datasets.Validation), set.Clips(datasets.Test), c != nil, f.resume != ""}))
	})
	r, err := f.fit(ctx, c, m, set, cfg, out, log, stderr)
	f.decoding.Say(func() {}) // takes the bar away
	if err != nil {
		return f.stopped(out, err)
	}
	f.diverged(stderr, "test loss", r.Test.Score, m.Classes())

	// Printing comes first: no file that cannot be written loses it.
	s := f.summary(d, set, r)
	if err := f.show(stdout, "result", s); err != nil {
		return err
	}
	if err := f.writeLogits(r.Test, set.Clips(datasets.Test)); err != nil {
		return err
	}
	if err := out.finish(ctx, m, set, r, s); err != nil {
		return f.stopped(out, err)
	}
	if out.dir != "" {
		fmt.Fprintf(log, "evaluate again: %s -eval %s\n", cmdline.Program("train"), cmdline.Quote(out.dir))
	}
	return nil
}

// fit trains from the checkpoint c, or from the beginning where there is none.
func (f *flags) fit(ctx context.Context, c *zoo.Checkpoint, m *zoo.Model, set datasets.Set, cfg train.Config, out *folder, log, stderr io.Writer) (*train.Result, error) {
	p := newProgress(log, &f.decoding)
	said := false // one epoch that has diverged is enough
	cfg.Dir = out.dir
	cfg.OnBuild = p.build
	cfg.OnStep = func(s train.Progress) { p.step(s); out.step(s) }
	cfg.OnEpoch = func(epochs []train.Epoch) {
		if c != nil && len(out.all) == 0 { // nothing of a run is changed that does not go on
			out.fail(f.describeRun(out))
		}
		out.epochs(epochs)
		p.epoch(epochs)
		if n := len(epochs); n > 0 && !said {
			f.decoding.Say(func() {
				said = f.diverged(stderr, fmt.Sprintf("training loss of epoch %d", n), epochs[n-1].Train, m.Classes())
			})
		}
	}
	if c != nil {
		return train.Resume(ctx, c, set, cfg)
	}
	return train.Run(ctx, m, set, cfg)
}

// diverged reports a run that has failed although its numbers are finite.
func (f *flags) diverged(w io.Writer, what string, s train.Score, classes int) bool {
	if !s.Diverged(classes) {
		return false
	}
	fmt.Fprintf(w, "the run has diverged: the %s is %.4g, more than ten times that of a uniform guess, ln(%d) = %.4f; a lower -lr than %v may help\n",
		what, s.Loss, classes, math.Log(float64(classes)), f.LearningRate)
	return true
}

// modelAndSet returns the model, that of the checkpoint or, without one, a new
// one, and the set it is trained on.
func (f *flags) modelAndSet(ctx context.Context, c *zoo.Checkpoint) (*zoo.Model, datasets.Set, error) {
	if c != nil {
		if err := f.sameSpec(c.Model); err != nil {
			return nil, nil, err
		}
		set, err := f.openSet(ctx, c.Model.Name, c.Model.Features(), c.Model)
		return c.Model, set, err
	}
	entry, d, err := f.described()
	if err != nil {
		return nil, nil, cmdline.Usage{Err: err}
	}
	set, err := f.openSet(ctx, entry.Name, d.Features, nil)
	if err != nil {
		return nil, nil, err
	}
	m, err := f.newModel(entry, set)
	if err != nil {
		set.Close()
		return nil, nil, cmdline.Usage{Err: err}
	}
	return m, set, nil
}

// sameSpec returns an error when the file of -spec holds another model by now than
// the one that the run was started with. It need not be there any more.
func (f *flags) sameSpec(m *zoo.Model) error {
	if f.spec == "" {
		return nil
	}
	entry, err := f.entry()
	if err != nil {
		return nil
	}
	now := entry.Spec
	now.Classes, now.Dropout, now.RecurrentDropout = m.Spec().Classes, m.Spec().Dropout, m.Spec().RecurrentDropout
	if now.String() != m.Spec().String() {
		return badf("%s has changed since the run in %s was started with it; train the new model with another -out", f.spec, f.resume)
	}
	return nil
}

func (f *flags) newModel(entry zoo.Entry, set datasets.Set) (*zoo.Model, error) {
	if err := sets.CheckClasses(set); err != nil {
		return nil, badf("%v", err)
	}
	opt := zoo.Options{Classes: len(set.Classes()), Seed: f.Seed}
	if f.given("dropout") {
		opt.Dropout = &f.dropout
	}
	if f.given("recurrent-dropout") {
		opt.RecurrentDropout = &f.stateDropout
	}
	if f.spec != "" && entry.Spec.Classes != 0 && entry.Spec.Classes != opt.Classes {
		return nil, errors.Errorf("train: %s says %d classes, %s has %d; leave the field out", f.spec, entry.Spec.Classes, set.Name(), opt.Classes)
	}
	m, err := zoo.FromSpec(entry.Spec, opt)
	if err != nil {
		return nil, err
	}
	m.Name = strings.TrimSuffix(filepath.Base(entry.Name), ".json")
	return m, nil
}

// stopped words what ended a run before its end, and how to go on.
func (f *flags) stopped(out *folder, err error) error {
	goOn := fmt.Sprintf("go on with: %s -resume %s", cmdline.Program("train"), cmdline.Quote(out.dir))
	var many *datasets.DamagedError
	switch {
	case errors.As(err, &many) && out.dir != "" && train.HasCheckpoint(out.dir):
		return cmdline.Usagef("%v; what was trained is kept, %s -max-bad 0.1", f.damaged(err), goOn)
	case !errors.Is(err, context.Canceled):
		return f.damaged(err)
	}
	out.draw() // the curves so far
	text := strings.TrimSuffix(err.Error(), ": "+context.Canceled.Error())
	if out.dir == "" {
		return cmdline.Interrupted(text + "; nothing is saved, as there is no -out")
	}
	return cmdline.Interrupted(fmt.Sprintf("%s; it is saved, %s", text, goOn))
}

// damaged says what to do where too many clips are, and whose mistake an error is.
func (f *flags) damaged(err error) error {
	var input *train.InputError
	if errors.As(err, &input) {
		return cmdline.Blame(f.set, err)
	}
	return sets.Damaged(err, f.video)
}

// summary is the result as JSON.
type summary struct {
	zoo.Description
	Set          string        `json:"set"`
	Seed         uint64        `json:"seed"`
	Batch        int           `json:"batch"`
	LearningRate float64       `json:"learning_rate"`
	Epochs       []train.Epoch `json:"epochs"`
	Best         int           `json:"best_epoch"`
	Stopped      bool          `json:"stopped_early"`
	Test         train.Score   `json:"test"`
	Diverged     bool          `json:"diverged,omitempty"` // the test loss is far above that of a guess
	Damaged      int           `json:"damaged,omitempty"`  // clips that were left out
	// Of the process that ended the run; left out when it had nothing to train.
	StepMillis      float64 `json:"step_ms_median,omitempty"`
	TrainingSeconds float64 `json:"training_seconds,omitempty"`
}

func (f *flags) summary(d zoo.Description, set datasets.Set, r *train.Result) summary {
	s := summary{
		Description: d, Set: set.Name(), Seed: f.Seed, Batch: min(f.Batch, set.Clips(datasets.Train)), LearningRate: f.LearningRate,
		Epochs: r.Epochs, Best: r.Best, Stopped: r.Stopped, Test: r.Test.Score, Diverged: r.Test.Diverged(len(set.Classes())), Damaged: f.decoding.Damaged(), StepMillis: r.StepMillis,
	}
	if r.StepMillis > 0 {
		s.TrainingSeconds = r.Training.Seconds()
	}
	return s
}
