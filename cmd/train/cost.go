package main

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/compare"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/preprocess"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// step is what a training step costs, of clips that are made up.
type step struct {
	compare.Shares
	Batch   int `json:"batch"`
	Steps   int `json:"steps"`
	Threads int `json:"threads"`
}

// sampled is how long the steps are that samples are taken of: 500 samples a core.
const sampled = 5 * time.Second

// measure trains the model for a while and sees where the time goes.
func (f *flags) measure(ctx context.Context, e zoo.Entry) (*step, error) {
	if f.video.Steps == preprocess.AllSteps {
		return nil, badf("-steps is all; want a number, as the clips of -cost are made up")
	}
	by := compare.Measuring{Batch: f.Batch, Steps: cmp.Or(f.video.Steps, 6), Threads: f.Threads, Runs: 5, WarmUp: 2}
	shares, err := compare.MeasureShares(ctx, e, by, sampled)
	switch {
	case ctx.Err() != nil:
		return nil, cmdline.Interrupted("train: stopped; nothing is measured")
	case errors.As(err, new(*compare.InputError)):
		flags := strings.NewReplacer("Measuring.Batch", "-batch", "Measuring.Steps", "-steps", "Measuring.Threads", "-threads")
		return nil, badf("%s", flags.Replace(cmdline.Bare(err)))
	case err != nil:
		return nil, err
	}
	return &step{*shares, by.Batch, by.Steps, by.Threads}, nil
}
