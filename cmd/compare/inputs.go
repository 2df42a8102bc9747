package main

import (
	"context"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/internal/sets"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// entries lists the models asked for, patterns spelled out and files read.
func (f *flags) entries() (all []zoo.Entry, err error) {
	for pattern := range strings.SplitSeq(f.models, ",") {
		found, err := f.matching(strings.TrimSpace(pattern))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// matching lists the models that a name, a pattern or a file stands for.
func (f *flags) matching(pattern string) (found []zoo.Entry, err error) {
	switch {
	case strings.HasSuffix(pattern, ".json"):
		e, err := readSpec(pattern)
		return []zoo.Entry{e}, err
	case strings.ContainsAny(pattern, "*?["):
		found, err = zoo.List(pattern)
	default:
		found = make([]zoo.Entry, 1)
		found[0], err = zoo.Find(pattern)
	}
	switch {
	case err != nil:
		return nil, f.blame(cmdline.Usage{Err: err})
	case len(found) == 0:
		return nil, badf("-models: no model matches %q; %s -list has all", pattern, cmdline.Other("train"))
	}
	return found, nil
}

var plainName = regexp.MustCompile(`^[\pL\d][\pL\d_.-]*$`)

// mostSpec bounds the file of a spec.
const mostSpec = 1 << 20

// readSpec reads a model of the user's own, whose name is that of the file.
func readSpec(path string) (e zoo.Entry, err error) {
	data, err := durable.ReadFile(path, mostSpec)
	if err != nil {
		return e, badf("-models: %v", err)
	}
	e.Name = strings.TrimSuffix(filepath.Base(path), ".json")
	if e.Spec, err = zoo.ParseSpec(data); err == nil {
		_, err = zoo.Describe(e)
	}
	switch {
	case err != nil:
		return e, badf("%s: %v", path, err)
	case !plainName.MatchString(e.Name):
		return e, badf("-models: the name of %s becomes that of files and of a line in tables; rename it with letters, digits, -, _ and . alone, a letter or digit first", path)
	}
	return e, nil
}

// open opens the data for a model that reads steps of so many values.
func (f *flags) open(ctx context.Context, model string, features int) (datasets.Set, error) {
	opt := sets.Options{Options: f.video}
	opt.Split = f.Split
	opt, err := sets.Frame(opt, f.Data, f.size, features)
	if err != nil {
		return nil, badf("%s: %v", model, err)
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

// decode has all videos decoded into the cache, once for each size that the models
// read, before runs at the same time would each decode them.
func (f *flags) decode(ctx context.Context, models []zoo.Entry, report *sets.Report) error {
	if f.Data == "actions" || !sets.Frames(f.Data) {
		return nil
	}
	defer report.Say(func() {}) // takes its bar away
	watched := *f
	report.Watch(&watched.video)
	done := map[int]bool{}
	for _, e := range models {
		d, err := zoo.Describe(e)
		if err == nil && !done[d.Features] {
			done[d.Features], err = true, watched.readAll(ctx, e.Name, d.Features)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *flags) readAll(ctx context.Context, model string, features int) error {
	set, err := f.open(ctx, model, features)
	if err != nil {
		return err
	}
	defer set.Close()
	x := make([]float32, set.Steps()*features)
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
