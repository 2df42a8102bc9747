package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/durable"
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
		Clip: p.Clip, LabelSmoothing: p.LabelSmoothing, Seed: seed,
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
