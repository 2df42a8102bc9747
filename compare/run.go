package compare

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// Job is one training of a comparison. JSON can carry it to another process.
type Job struct {
	Protocol
	Model string   `json:"model"`
	Spec  zoo.Spec `json:"spec"`
	Rate  float64  `json:"rate"`
	Seed  uint64   `json:"seed"`
	Fold  int      `json:"fold"` // of the training part that is tested on, from 1; 0 tests on the test part
	Dir   string   `json:"dir"`  // of its checkpoints; "" keeps none
}

// Run is what a job came to. Comparison.Dir keeps it as runs/MODEL/RUN/result.json.
type Run struct {
	Model string   `json:"model"`
	Spec  zoo.Spec `json:"spec"`
	Set   string   `json:"set"`
	Rate  float64  `json:"rate"`
	Seed  uint64   `json:"seed"`
	Fold  int      `json:"fold"`

	// Diverged says where numbers were no longer finite; there is no result then.
	Diverged string `json:"diverged,omitempty"`

	Epochs    []train.Epoch `json:"epochs"`
	Best      int           `json:"best_epoch"`
	Test      train.Score   `json:"test"`
	Classes   []string      `json:"classes"`
	Confusion [][]int       `json:"confusion"`

	// StepMillis is of the process that ended the run, 0 when it had no step left to take.
	// PeakMB is the memory of that process, 0 where it was not the run's alone.
	StepMillis float64 `json:"step_ms_median"`
	PeakMB     float64 `json:"peak_rss_mb"`
}

// name is that of the run's folder, which a later process finds again.
func (j Job) name() string {
	rate := strconv.FormatFloat(j.Rate, 'g', -1, 64)
	if j.Fold > 0 {
		return fmt.Sprintf("rate-%s-fold-%d", rate, j.Fold)
	}
	return fmt.Sprintf("rate-%s-seed-%d", rate, j.Seed)
}

// whole reports whether the parts of a run fit together.
func (r *Run) whole() bool {
	n := len(r.Classes)
	short := func(row []int) bool { return len(row) != n }
	return r.Diverged != "" || len(r.Epochs) > 0 && n > 0 && len(r.Confusion) == n && !slices.ContainsFunc(r.Confusion, short)
}

// Train makes the run on a set for the job's model, or goes on with it from the last
// checkpoint in Dir. It reads no test clips for a job that has a fold. onStep, if not nil,
// is called after each step with the part of the run that is done.
func (j Job) Train(ctx context.Context, set datasets.Set, onStep func(done float64)) (*Run, error) {
	if j.Fold > 0 {
		// One seed for all: every model and every rate is judged on the same clips.
		fold, err := datasets.Fold(set, j.Folds, j.Fold-1, 1)
		if err != nil {
			return nil, &InputError{err}
		}
		set = fold // what it would close is the caller's
	}
	r := &Run{Model: j.Model, Spec: j.Spec, Set: set.Name(), Rate: j.Rate, Seed: j.Seed, Fold: j.Fold}
	result, err := j.train(ctx, set, onStep)
	if errors.As(err, new(*train.DivergedError)) {
		r.Diverged = err.Error()
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	r.Epochs, r.Best, r.StepMillis = result.Epochs, result.Best, result.StepMillis
	r.Test, r.Classes, r.Confusion = result.Test.Score, result.Test.Classes, result.Test.Confusion
	return r, nil
}

func (j Job) train(ctx context.Context, set datasets.Set, onStep func(done float64)) (*train.Result, error) {
	cfg, err := j.config(j.Rate, j.Seed)
	if err != nil {
		return nil, err
	}
	if onStep != nil {
		cfg.OnStep = func(p train.Progress) {
			onStep((float64(p.Epoch-1) + float64(p.Step)/float64(p.Steps)) / float64(p.Epochs))
		}
	}
	if j.Dir != "" {
		cfg.Dir = j.checkpoints()
		if train.HasCheckpoint(cfg.Dir) {
			c, err := train.LoadLast(cfg.Dir)
			if err != nil {
				return nil, err
			}
			return train.Resume(ctx, c, set, cfg)
		}
	}
	m, err := zoo.FromSpec(j.Spec, zoo.Options{Classes: len(set.Classes()), Seed: j.Seed, Dropout: j.Dropout})
	if err != nil {
		return nil, err
	}
	m.Name = j.Model
	return train.Run(ctx, m, set, cfg)
}

const (
	runFile = "result.json"
	mostRun = 256 << 20 // bytes; a confusion matrix of 4,096 classes takes half of that
)

func (j Job) checkpoints() string { return filepath.Join(j.Dir, "checkpoints") }

// keep writes the run to the job's folder. The checkpoints of a dense model take gigabytes, and are removed.
func (j Job) keep(r *Run) error {
	text, err := json.MarshalIndent(r, "", " ")
	err = cmp.Or(err, os.MkdirAll(j.Dir, 0o777))
	if err == nil {
		err = write(filepath.Join(j.Dir, runFile), text)
	}
	if err == nil {
		err = os.RemoveAll(j.checkpoints())
	}
	return inDir(err)
}

// write makes the file at path hold a text and a line break.
func write(path string, text []byte) error {
	return durable.WriteFile(path, func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err })
}

// ended returns the run that the job's folder keeps, nil when it has not ended yet.
func (j Job) ended() (*Run, error) {
	path := filepath.Join(j.Dir, runFile)
	data, err := durable.ReadFile(path, mostRun)
	switch {
	case os.IsNotExist(err):
		return nil, nil
	case err != nil:
		return nil, errors.Wrap(err, "compare")
	}
	r := new(Run)
	err = json.Unmarshal(data, r)
	switch {
	case err != nil:
		return nil, inputf("%s is damaged (%v); remove the file, and the run is made again", path, err)
	case r.Spec.String() != j.Spec.String():
		return nil, inputf("%s is of another model called %s; rename one of them, or give another Comparison.Dir", path, j.Model)
	case !r.whole() || r.Rate != j.Rate || r.Seed != j.Seed || r.Fold != j.Fold:
		return nil, inputf("%s is not of the run of its folder; remove the file, and the run is made again", path)
	}
	return r, nil
}
