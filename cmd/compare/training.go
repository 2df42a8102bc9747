package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/sets"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// compare trains the models of the flags and writes the report.
func (f *flags) compare(ctx context.Context, stdout, stderr io.Writer) error {
	c, err := f.comparison()
	if err != nil {
		return err
	}
	final, err := c.check(ctx)
	if err != nil {
		return f.blame(err)
	}
	if err := os.MkdirAll(c.dir, 0o777); err != nil {
		return usage{errors.Wrap(err, "compare: -out")}
	}
	lock, locked, err := cmdline.Lock(filepath.Join(c.dir, ".lock")) // the system gives it back when the process ends
	if err != nil {
		return usage{errors.Wrap(err, "compare: -out")}
	}
	if !locked {
		return badf("another process compares in %s; wait for it or stop it", c.dir)
	}
	defer lock.Unlock()
	if err := c.protocol.settle(c.dir); err != nil {
		return err
	}
	if f.quiet {
		stderr = io.Discard
	}
	if err := c.decode(ctx, &sets.Report{W: stderr, Quiet: f.quiet}); err != nil {
		return err
	}
	c.shown = f.progress(stderr, c, final)
	all, err := c.run(ctx)
	c.shown.close(ctx.Err() != nil)
	if ctx.Err() != nil {
		return interrupted(fmt.Sprintf("compare: stopped; %d of %d runs have ended and are kept in %s, those under way from their last checkpoint; go on with: %s",
			c.shown.ended, c.shown.runs, c.dir, f.command()))
	}
	if err != nil {
		return err
	}
	results, err := newResults(all, c.classes)
	if err != nil {
		return err
	}
	r := newReport(c, f.command(), results)
	if err := r.write(c.dir, results); err != nil {
		return err
	}
	said := r.Best
	if r.Edges != "" {
		said += "\n" + r.Edges
	}
	_, err = fmt.Fprintf(stdout, "%s\n\n%s\nthe report: %s/index.html, report.md, results.csv and %s\n", accuracies(results).Render(), said, c.dir, plotsDir)
	return errors.Wrap(err, "compare")
}

func (f *flags) comparison() (*comparison, error) {
	p, err := f.protocol()
	if err != nil {
		return nil, err
	}
	models, err := f.entries()
	if err != nil {
		return nil, err
	}
	return &comparison{protocol: p, cache: cache{f.video.Cache, f.video.CacheLimit}, dir: f.out, models: models, seeds: f.seeds, places: make(chan struct{}, f.jobs)}, nil
}

// check opens the data as each model will, so that mistakes show before the first run
// starts, and completes the comparison with what it sees. It returns the number of steps
// of a run with a seed.
func (c *comparison) check(ctx context.Context) (final int, err error) {
	for k, e := range c.models {
		d, err := zoo.Describe(e)
		if err != nil {
			return 0, usage{err}
		}
		set, err := c.open(ctx, c.cache, e.Name, d.Features, nil)
		if err != nil {
			return 0, err
		}
		if k == 0 { // that of videos depends on the size of the frames too
			c.Fingerprint = set.Fingerprint()
		}
		if err := sets.CheckClasses(set); err != nil {
			set.Close()
			return 0, badf("%v", err)
		}
		c.classes = len(set.Classes())
		c.searchSteps, final, err = c.steps(set)
		set.Close()
		if err != nil {
			return 0, err
		}
		if e.Spec.Classes != 0 && !inZoo(e) && e.Spec.Classes != c.classes {
			return 0, badf("%s says %d classes, %s has %d; leave the field out", e.Name, e.Spec.Classes, set.Name(), c.classes)
		}
	}
	return final, nil
}

// decode has all videos decoded into the cache, once for each size that the models
// read, before runs at the same time would each decode them.
func (c *comparison) decode(ctx context.Context, report *sets.Report) error {
	kind, _, inFolder := strings.Cut(c.Data, ":")
	if !inFolder || kind == "features" || !sets.Frames(c.Data) {
		return nil
	}
	defer report.Tell(nil) // takes its bar away
	done := map[int]bool{}
	for _, e := range c.models {
		d, err := zoo.Describe(e)
		if err != nil {
			return usage{err}
		}
		if done[d.Features] {
			continue
		}
		done[d.Features] = true
		if err := c.decodeFor(ctx, e.Name, d.Features, report); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparison) decodeFor(ctx context.Context, model string, features int, report *sets.Report) error {
	set, err := c.open(ctx, c.cache, model, features, report)
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
				err, _ = sets.Damaged(err, c.video(c.cache))
				return usage{err}
			}
		}
	}
	return nil
}

// inZoo reports whether a model is in the zoo, not from a file.
func inZoo(e zoo.Entry) bool {
	_, err := zoo.Find(e.Name)
	return err == nil
}

func (f *flags) progress(stderr io.Writer, c *comparison, final int) *progress {
	names := make([]string, len(c.models))
	for k, e := range c.models {
		names[k] = e.Name
	}
	steps, runs := c.seeds*final, c.seeds
	if len(c.Rates) > 1 {
		steps, runs = steps+len(c.Rates)*c.searchSteps, runs+len(c.Rates)*c.Rounds
	}
	return newProgress(stderr, names, steps, runs)
}
