package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/internal/sets"
	"github.com/tensorzoo/tensorzoo/train"
)

// protocol is what all runs of a comparison share. Its file in the folder of
// -out keeps runs of two protocols out of one report.
type protocol struct {
	Data           string    `json:"data"`
	Split          string    `json:"split"`
	Fingerprint    string    `json:"data_fingerprint"` // changes with the clips
	Epochs         int       `json:"epochs"`
	Batch          int       `json:"batch"`
	Rates          []float64 `json:"rates"` // to choose from
	Folds          int       `json:"folds"` // of the training part, for the choice
	Rounds         int       `json:"rounds"`
	Schedule       string    `json:"schedule"`
	Optimizer      string    `json:"optimizer"`
	WeightDecay    float64   `json:"weight_decay"`
	Clip           float64   `json:"clip"`
	LabelSmoothing float64   `json:"label_smoothing"`
	Dropout        *float64  `json:"dropout,omitempty"` // nil leaves each model its own
	Augment        string    `json:"augment"`
	Threads        int       `json:"threads"` // of a run
	Backend        string    `json:"backend"` // rounds as it likes
	Clips          *clips    `json:"clips,omitempty"`
}

// clips says how videos become clips, or which steps of features are taken; nil for
// what is the default.
type clips struct {
	Steps  int     `json:"steps"` // 0 for the default
	Sample string  `json:"sample"`
	Size   string  `json:"size"` // "" for what each model reads
	Grey   bool    `json:"grey"`
	MaxBad float64 `json:"max_bad"`
}

// cache is where decoded videos are kept. It has no part in what comes out.
type cache struct {
	Folder string `json:"cache"`
	Limit  int64  `json:"cache_limit"`
}

// video is how videos are read.
func (p protocol) video(at cache) video.Options {
	v := video.Options{Cache: at.Folder, CacheLimit: at.Limit, MaxBad: 0.01}
	if c := p.Clips; c != nil {
		v.Steps, v.Sample, v.Grey, v.MaxBad = c.Steps, c.Sample, c.Grey, c.MaxBad
	}
	return v
}

// open opens the data for a model that reads steps of so many values. Damaged and decoded
// clips go to report, if there is one.
func (p protocol) open(ctx context.Context, at cache, model string, features int, report *sets.Report) (datasets.Set, error) {
	opt, size := sets.Options{Options: p.video(at)}, ""
	opt.Split = p.Split
	if p.Clips != nil {
		size = p.Clips.Size
	}
	if opt.MaxBad == 0 {
		opt.MaxBad = -1 // none
	}
	if report != nil {
		report.Watch(&opt.Options)
	}
	opt, err := sets.Frame(opt, p.Data, size, features)
	if err != nil {
		return nil, usage{errors.Wrapf(err, "compare: %s", model)}
	}
	opt.Accept = func(set string, step []int) error {
		n := 1
		for _, size := range step {
			n *= size
		}
		if n != features {
			return badf("%s reads %d values a step, %s has steps of %v = %d; leave it out, or give the spec of one that fits: %s -suggest -features %d proposes some",
				model, features, set, step, n, cmdline.Other("train"), n)
		}
		return nil
	}
	set, err := sets.Open(ctx, p.Data, opt)
	if errors.Is(err, context.Canceled) {
		return nil, interrupted("compare: stopped while the data were read; videos that are decoded stay in the cache")
	}
	if err != nil {
		err, _ = sets.Damaged(err, opt.Options)
		return nil, usage{err}
	}
	return set, nil
}

const protocolFile = "protocol.json"

// settle writes the protocol to a new folder, or makes sure that it is the one
// of the comparison that is there.
func (p protocol) settle(dir string) error {
	now, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return errors.Wrap(err, "compare: protocol")
	}
	path := filepath.Join(dir, protocolFile)
	was, err := durable.ReadFile(path, mostSpec)
	if os.IsNotExist(err) {
		err = durable.WriteFile(path, func(w io.Writer) error { _, err := w.Write(append(now, '\n')); return err })
		return errors.Wrap(err, "compare: -out")
	}
	if err != nil {
		return usage{errors.Wrap(err, "compare: -out")}
	}
	if was = bytes.TrimSpace(was); !bytes.Equal(was, now) {
		return badf("%s holds a comparison with other settings (%s); give them again, or another -out", dir, firstDifference(was, now))
	}
	return nil
}

// firstDifference names the first line in which two JSON objects differ.
func firstDifference(was, now []byte) string {
	a, b := strings.Split(string(was), "\n"), strings.Split(string(now), "\n")
	for k := range min(len(a), len(b)) {
		if a[k] != b[k] {
			return strings.Trim(a[k], ` ,`) + ", now " + strings.Trim(b[k], ` ,`)
		}
	}
	return "of another length"
}

// config returns the settings of a run.
func (p protocol) config(rate float64, seed uint64) (train.Config, error) {
	cfg := train.Config{
		Epochs: p.Epochs, Batch: p.Batch, Threads: p.Threads, LearningRate: rate, WeightDecay: p.WeightDecay,
		MaxGradNorm: p.Clip, LabelSmoothing: p.LabelSmoothing, Seed: seed,
	}
	var err error
	if cfg.Optimizer, err = train.ParseOptimizer(p.Optimizer); err != nil {
		return cfg, err
	}
	if cfg.Augment, err = datasets.ParseAugmentation(p.Augment); err != nil {
		return cfg, err
	}
	cfg.Schedule, err = train.ParseSchedule(p.Schedule)
	return cfg, err
}
