package compare

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/train"
)

// Protocol is what all runs of a comparison share. Comparison.Dir keeps it as
// protocol.json, and no other one is accepted there later.
type Protocol struct {
	Data        string `json:"data"` // what the report calls the data before there is a run
	Split       string `json:"split"`
	Fingerprint string `json:"data_fingerprint"` // set by Comparison.Run; changes with the clips

	Epochs         int       `json:"epochs"`
	Batch          int       `json:"batch"`  // clips a step
	Rates          []float64 `json:"rates"`  // learning rates to choose from; a single one is taken without a choice
	Folds          int       `json:"folds"`  // parts of the training clips, for the choice
	Rounds         int       `json:"rounds"` // how many of them are held out, one after another, for each rate
	Schedule       string    `json:"schedule"`
	Optimizer      string    `json:"optimizer"`
	WeightDecay    float64   `json:"weight_decay"`
	MaxGradNorm    float64   `json:"clip"` // 0 for any
	LabelSmoothing float64   `json:"label_smoothing"`
	Dropout        *float64  `json:"dropout,omitempty"` // nil leaves each model its own
	Augment        string    `json:"augment"`           // as datasets.ParseAugmentation has it
	Threads        int       `json:"threads"`           // of a run
	Backend        string    `json:"backend"`           // set by Comparison.Run; rounds as it likes

	// Clips is what else the clips depend on, such as the size of frames: anything that JSON can keep, nil for nothing.
	Clips any `json:"clips,omitempty"`
}

// DefaultProtocol returns the protocol of cmd/compare: 24 epochs of Adam at a rate chosen
// from four, which falls as a cosine.
func DefaultProtocol() Protocol {
	return Protocol{
		Epochs: 24, Batch: 16, Rates: []float64{3e-4, 1e-3, 3e-3, 1e-2}, Folds: 4, Rounds: 1,
		Schedule: "cosine", Optimizer: "adam", MaxGradNorm: 5, Threads: 1,
	}
}

// between returns an error for a setting beyond its bounds.
func between(setting string, value, least, most int) error {
	if value < least || value > most {
		return inputf("%s is %d; want at least %d and at most %d", setting, value, least, most)
	}
	return nil
}

// Check returns an error for a setting that no run can have: a *train.SettingError or an *InputError.
func (p Protocol) Check() error {
	err := cmp.Or(between("Protocol.Threads", p.Threads, 1, train.MaxThreads), between("Protocol.Batch", p.Batch, 1, math.MaxInt32),
		between("Protocol.Folds", p.Folds, 2, 1000), between("Protocol.Rounds", p.Rounds, 1, 1000), between("Protocol.Rates", len(p.Rates), 1, 1000))
	if err != nil {
		return err
	}
	if p.Rounds > p.Folds {
		return inputf("Protocol.Rounds is %d and Protocol.Folds %d; there are no more parts to hold out", p.Rounds, p.Folds)
	}
	if p.Dropout != nil && !(*p.Dropout >= 0 && *p.Dropout < 1) {
		return inputf("Protocol.Dropout is %v; want at least 0 and below 1", *p.Dropout)
	}
	for k, rate := range p.Rates {
		if slices.Contains(p.Rates[:k], rate) {
			return inputf("Protocol.Rates has %g twice", rate)
		}
		if _, err := p.config(rate, 1); err != nil {
			return err
		}
	}
	return nil
}

// config returns the settings of a run, or an error for those that no run can have.
func (p Protocol) config(rate float64, seed uint64) (train.Config, error) {
	cfg := train.Config{
		Epochs: p.Epochs, Batch: p.Batch, Threads: p.Threads, LearningRate: rate, WeightDecay: p.WeightDecay,
		MaxGradNorm: p.MaxGradNorm, LabelSmoothing: p.LabelSmoothing, Seed: seed,
	}
	if field, err := cfg.Parse(p.Optimizer, p.Schedule, p.Augment); err != nil {
		return cfg, inputf("Protocol.%s: %s", field, cmdline.Bare(err))
	}
	return cfg, cfg.Check()
}

const (
	protocolFile = "protocol.json"
	mostProtocol = 1 << 20 // bytes
)

// settle writes the protocol to a new folder, or makes sure that it is the one of the comparison that is there.
func (c *comparison) settle() error {
	now, err := json.MarshalIndent(c.Protocol, "", "  ")
	if err != nil {
		return errors.Wrap(err, "compare: protocol")
	}
	path := filepath.Join(c.Dir, protocolFile)
	was, err := durable.ReadFile(path, mostProtocol)
	if os.IsNotExist(err) {
		return inDir(write(path, now))
	}
	if err != nil {
		return &InputError{inDir(err)}
	}
	if was = bytes.TrimSpace(was); !bytes.Equal(was, now) {
		return inputf("%s holds a comparison with other settings (%s); give them again, or another Comparison.Dir", c.Dir, firstDifference(was, now))
	}
	return nil
}

// firstDifference names the first line in which two JSON objects differ.
func firstDifference(was, now []byte) string {
	a, b, k := strings.Split(string(was), "\n"), strings.Split(string(now), "\n"), 0
	for k < min(len(a), len(b))-1 && a[k] == b[k] {
		k++
	}
	return strings.Trim(a[k], ` ,`) + ", now " + strings.Trim(b[k], ` ,`)
}
