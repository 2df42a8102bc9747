package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// job is one training of a comparison, for a process of its own.
type job struct {
	protocol
	cache
	Model string   `json:"model"`
	Spec  zoo.Spec `json:"spec"`
	Rate  float64  `json:"rate"`
	Seed  uint64   `json:"seed"`
	Fold  int      `json:"fold"` // of the training part that is tested on, from 1; 0 tests on the test part
	Dir   string   `json:"dir"`
}

// outcome is what a job came to. It is kept in the job's folder.
type outcome struct {
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
	// Of the process that ended the run; 0 when it had no step left to take, and where
	// the system does not say.
	StepMillis float64 `json:"step_ms_median"`
	PeakMB     float64 `json:"peak_rss_mb"`
}

// steps is the number of steps of the whole run, 0 when it diverged.
func (o *outcome) steps() int {
	if len(o.Epochs) == 0 {
		return 0
	}
	return o.Epochs[len(o.Epochs)-1].Updates
}

// whole reports whether the parts of an outcome fit together.
func (o *outcome) whole() bool {
	if o.Diverged != "" {
		return true
	}
	for _, row := range o.Confusion {
		if len(row) != len(o.Classes) {
			return false
		}
	}
	return len(o.Epochs) > 0 && len(o.Classes) > 0 && len(o.Confusion) == len(o.Classes)
}

const outcomeFile = "result.json"

// mostOutcome bounds it: a confusion matrix of 4,096 classes takes half of that.
const mostOutcome = 256 << 20

// outcome returns what the job came to before, nil when it has not ended yet.
func (j job) outcome() (*outcome, error) {
	path := filepath.Join(j.Dir, outcomeFile)
	data, err := durable.ReadFile(path, mostOutcome)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, errors.Wrap(err, "compare")
	}
	o := new(outcome)
	if err := json.Unmarshal(data, o); err != nil {
		return nil, badf("%s is damaged (%v); remove the file, and the run is made again", path, err)
	}
	if o.Spec.String() != j.Spec.String() {
		return nil, badf("%s is of another model called %s; rename one of them, or give another -out", path, j.Model)
	}
	if !o.whole() || o.Rate != j.Rate || o.Seed != j.Seed || o.Fold != j.Fold {
		return nil, badf("%s is not of the run of its folder; remove the file, and the run is made again", path)
	}
	return o, nil
}

// runJob is what a child process does: it reads a job, trains, going on where an
// earlier process stopped, writes the outcome, and prints a line per step.
func runJob(ctx context.Context, in io.Reader, stdout io.Writer) error {
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // as cmd/train
	var j job
	if err := json.NewDecoder(in).Decode(&j); err != nil {
		return errors.Wrap(err, "compare: job")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(j.Threads))
	set, err := j.openFold(ctx)
	if err != nil {
		return err
	}
	defer set.Close()
	o := &outcome{Model: j.Model, Spec: j.Spec, Set: set.Name(), Rate: j.Rate, Seed: j.Seed, Fold: j.Fold}
	result, err := j.train(ctx, set, stdout)
	var diverged *train.DivergedError
	switch {
	case errors.As(err, &diverged):
		o.Diverged = err.Error()
	case err != nil:
		return err
	default:
		o.Epochs, o.Best, o.Test, o.Classes, o.Confusion = result.Epochs, result.Best, result.Test.Score, result.Test.Classes, result.Test.Confusion
		o.StepMillis, o.PeakMB = result.StepMillis, peakRSS()
	}
	err = durable.WriteFile(filepath.Join(j.Dir, outcomeFile), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", " ")
		return enc.Encode(o)
	})
	if err != nil {
		return errors.Wrap(err, "compare: -out")
	}
	// The checkpoints of a dense model take gigabytes.
	return errors.Wrap(os.RemoveAll(j.checkpoints()), "compare: -out")
}

func (j job) checkpoints() string { return filepath.Join(j.Dir, "checkpoints") }

// train runs the job, or resumes it.
func (j job) train(ctx context.Context, set datasets.Set, stdout io.Writer) (*train.Result, error) {
	cfg, err := j.config(j.Rate, j.Seed)
	if err != nil {
		return nil, err
	}
	cfg.Dir = j.checkpoints()
	cfg.OnStep = func(p train.Progress) { fmt.Fprintln(stdout, p.Updates) }
	if train.HasCheckpoint(cfg.Dir) {
		c, err := train.LoadLast(cfg.Dir)
		if err != nil {
			return nil, err
		}
		return train.Resume(ctx, c, set, cfg)
	}
	m, err := zoo.FromSpec(j.Spec, zoo.Options{Classes: len(set.Classes()), Seed: j.Seed, Dropout: j.Dropout})
	if err != nil {
		return nil, err
	}
	m.Name = j.Model
	return train.Run(ctx, m, set, cfg)
}

// openFold opens the job's set. The test part of one that chooses a rate is a fold
// of the training part: the process reads no other clips.
func (j job) openFold(ctx context.Context) (datasets.Set, error) {
	d, err := zoo.Describe(zoo.Entry{Name: j.Model, Spec: j.Spec})
	if err != nil {
		return nil, err
	}
	set, err := j.open(ctx, j.cache, j.Model, d.Features, nil)
	if err != nil || j.Fold == 0 {
		return set, err
	}
	// One seed for all: every model and every rate is judged on the same clips.
	fold, err := datasets.Fold(set, j.Folds, j.Fold-1, 1)
	if err != nil {
		set.Close()
		return nil, usage{err}
	}
	return fold, nil
}
