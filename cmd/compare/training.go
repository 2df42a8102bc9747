package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/zoo"
)

// compare trains the models of the flags and writes the report.
func (f *flags) compare(ctx context.Context, stdout, stderr io.Writer) error {
	c, err := f.comparison()
	if err != nil {
		return err
	}
	search, final, err := c.check()
	if err != nil {
		return f.blame(err)
	}
	if err := os.MkdirAll(c.dir, 0o777); err != nil {
		return usage{errors.Wrap(err, "compare: -out")}
	}
	lock := flock.New(filepath.Join(c.dir, ".lock")) // the system gives it back when the process ends
	if locked, err := lock.TryLock(); err != nil {
		return usage{errors.Wrap(err, "compare: -out")}
	} else if !locked {
		return badf("another process compares in %s; wait for it or stop it", c.dir)
	}
	defer lock.Unlock()
	if err := c.protocol.settle(c.dir); err != nil {
		return err
	}
	if f.quiet {
		stderr = io.Discard
	}
	c.shown = f.progress(stderr, c, search, final)
	all, err := c.run(ctx)
	c.shown.close()
	if ctx.Err() != nil {
		return errors.Wrapf(ctx.Err(), "compare: stopped; what was done is in %s, the same command goes on with it", c.dir)
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
	_, err = fmt.Fprintf(stdout, "%s\n\n%s\nthe report: %s/index.html, report.md, results.csv and %s\n", accuracies(results).Render(), r.Best, c.dir, plotsDir)
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
	return &comparison{protocol: p, dir: f.out, models: models, seeds: f.seeds, places: make(chan struct{}, f.jobs)}, nil
}

// check opens the data as each model will, so that what can be wrong is wrong
// before the first run starts, and completes the comparison with what it sees. It
// returns the numbers of steps.
func (c *comparison) check() (search, final int, err error) {
	for _, e := range c.models {
		d, err := zoo.Describe(e)
		if err != nil {
			return 0, 0, usage{err}
		}
		set, err := openSet(c.protocol, e.Name, d.Features)
		if err != nil {
			return 0, 0, err
		}
		c.Fingerprint, c.classes = set.Fingerprint(), len(set.Classes())
		search, final, err = c.steps(set)
		set.Close()
		if err != nil {
			return 0, 0, err
		}
		if e.Spec.Classes != 0 && !inZoo(e) && e.Spec.Classes != c.classes {
			return 0, 0, badf("%s says %d classes, %s has %d; leave the field out", e.Name, e.Spec.Classes, set.Name(), c.classes)
		}
	}
	return search, final, nil
}

// inZoo tells a model of the zoo from one of a file.
func inZoo(e zoo.Entry) bool {
	_, err := zoo.Find(e.Name)
	return err == nil
}

func (f *flags) progress(stderr io.Writer, c *comparison, search, final int) *progress {
	names := make([]string, len(c.models))
	for k, e := range c.models {
		names[k] = e.Name
	}
	runs := c.seeds
	if len(c.Rates) > 1 {
		runs += len(c.Rates) * c.Rounds
	}
	return newProgress(stderr, names, search+c.seeds*final, runs)
}
