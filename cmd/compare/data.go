package main

import (
	"context"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/videos"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// source is how the data are opened.
type source struct {
	Data, Split string
	Clips       *clips

	// Where decoded videos are kept has no part in what comes out.
	Cache      string
	CacheLimit int64
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

// video is how videos are read.
func (s source) video() (v datasets.Video, size string) {
	v = datasets.Video{Cache: s.Cache, CacheLimit: s.CacheLimit, MaxBad: 0.01}
	if c := s.Clips; c != nil {
		v.Steps, v.Sample, v.Grey, v.MaxBad, size = c.Steps, c.Sample, c.Grey, c.MaxBad, c.Size
	}
	return v, size
}

// opener opens the data for a model that reads steps of so many values. Damaged and decoded
// clips go to report, if there is one.
func (s source) opener(report *videos.Report) func(ctx context.Context, model string, features int) (datasets.Set, error) {
	return func(ctx context.Context, model string, features int) (datasets.Set, error) {
		video, size := s.video()
		opt := datasets.Options{Split: s.Split, Video: video}
		if opt.Video.MaxBad == 0 {
			opt.Video.MaxBad = -1 // none
		}
		if report != nil {
			report.Watch(&opt.Video)
		}
		opt, err := videos.Frame(opt, s.Data, size, features)
		if err != nil {
			return nil, usage{errors.Wrapf(err, "compare: %s", model)}
		}
		opt.Accept = func(set string, step []int) error {
			if n := dims.Size(step); n != features {
				return badf("%s reads %d values a step, %s has steps of %v = %d; leave it out, or give the spec of one that fits: %s -suggest -features %d proposes some",
					model, features, set, step, n, cmdline.Other("train"), n)
			}
			return nil
		}
		set, err := datasets.OpenContext(ctx, s.Data, opt)
		if errors.Is(err, context.Canceled) {
			return nil, interrupted("compare: stopped while the data were read; videos that are decoded stay in the cache")
		}
		if err == nil {
			if err = videos.CheckClasses(set); err == nil {
				return set, nil
			}
			set.Close()
			return nil, badf("%v", err)
		}
		err, _ = videos.Damaged(err, opt.Video)
		return nil, usage{err}
	}
}

// decode has all videos decoded into the cache, once for each size that the models
// read, before runs at the same time would each decode them.
func (s source) decode(ctx context.Context, models []zoo.Entry, report *videos.Report) error {
	if kind, _, inFolder := strings.Cut(s.Data, ":"); !inFolder || kind == "features" || !datasets.Frames(s.Data) {
		return nil
	}
	defer report.Tell(nil) // takes its bar away
	done := map[int]bool{}
	for _, e := range models {
		d, err := zoo.Describe(e)
		if err != nil {
			return usage{err}
		}
		if !done[d.Features] {
			if err := s.decodeFor(ctx, e.Name, d.Features, report); err != nil {
				return err
			}
		}
		done[d.Features] = true
	}
	return nil
}

func (s source) decodeFor(ctx context.Context, model string, features int, report *videos.Report) error {
	set, err := s.opener(report)(ctx, model, features)
	if err != nil {
		return err
	}
	defer set.Close()
	x := make([]float32, set.Steps()*features)
	for _, part := range []datasets.Part{datasets.Train, datasets.Test} {
		for i := range set.Clips(part) {
			if ctx.Err() != nil {
				return interrupted("compare: stopped while videos were decoded; those that are stay in the cache, go on with the same command")
			}
			var skip *datasets.SkipError
			if _, _, err := set.Read(part, i, x); err != nil && !errors.As(err, &skip) {
				video, _ := s.video()
				err, _ = videos.Damaged(err, video)
				return usage{err}
			}
		}
	}
	return nil
}
