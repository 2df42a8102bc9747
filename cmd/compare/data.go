package main

import (
	"context"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/sets"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// opener opens the data for a model that reads steps of so many values. Damaged and decoded
// clips go to report, if there is one.
func (f *flags) opener(report *sets.Report) func(ctx context.Context, model string, features int) (datasets.Set, error) {
	return func(ctx context.Context, model string, features int) (datasets.Set, error) {
		opt := sets.Options{Options: f.video}
		opt.Split = f.Split
		if report != nil {
			report.Watch(&opt.Options)
		}
		opt, err := sets.Frame(opt, f.Data, f.size, features)
		if err != nil {
			return nil, cmdline.Usage{Err: errors.Wrapf(err, "compare: %s", model)}
		}
		opt.Accept = func(set string, step []int) error {
			if n := dims.Size(step); n != features {
				return badf("%s reads %d values a step, %s has steps of %v = %d; leave it out, or give the spec of one that fits: %s -suggest -features %d proposes some",
					model, features, set, step, n, cmdline.Other("train"), n)
			}
			return nil
		}
		set, err := sets.Open(ctx, f.Data, opt)
		switch {
		case errors.Is(err, context.Canceled):
			return nil, cmdline.Interrupted("compare: stopped while the data were read; videos that are decoded stay in the cache")
		case err != nil:
			return nil, cmdline.Usage{Err: sets.Damaged(err, f.video)}
		}
		if err := sets.CheckClasses(set); err != nil {
			set.Close()
			return nil, badf("%v", err)
		}
		return set, nil
	}
}

// decode has all videos decoded into the cache, once for each size that the models
// read, before runs at the same time would each decode them.
func (f *flags) decode(ctx context.Context, models []zoo.Entry, report *sets.Report) error {
	if f.Data == "actions" || !sets.Frames(f.Data) {
		return nil
	}
	defer report.Say(func() {}) // takes its bar away
	done := map[int]bool{}
	for _, e := range models {
		d, err := zoo.Describe(e)
		if err != nil {
			return cmdline.Usage{Err: err}
		}
		if done[d.Features] {
			continue
		}
		done[d.Features] = true
		set, err := f.opener(report)(ctx, e.Name, d.Features)
		if err != nil {
			return err
		}
		err = f.readAll(ctx, set)
		set.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *flags) readAll(ctx context.Context, set datasets.Set) error {
	x := make([]float32, set.Steps()*dims.Size(set.StepShape()))
	for _, part := range []datasets.Part{datasets.Train, datasets.Test} {
		for i := range set.Clips(part) {
			if ctx.Err() != nil {
				return cmdline.Interrupted("compare: stopped while videos were decoded; those that are stay in the cache, go on with the same command")
			}
			if _, _, err := set.Read(part, i, x); err != nil && !errors.As(err, new(*datasets.SkipError)) {
				return cmdline.Usage{Err: sets.Damaged(err, f.video)}
			}
		}
	}
	return nil
}
