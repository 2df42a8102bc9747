package main

import (
	"context"
	"fmt"
	"io"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/zoo"
)

// compare trains the models of the flags and writes the report.
func (f *flags) compare(ctx context.Context, stdout, stderr io.Writer) error {
	c, err := f.comparison(stderr)
	if err != nil {
		return err
	}
	all, err := c.run(ctx)
	c.shown.close()
	if ctx.Err() != nil {
		return errors.Wrapf(ctx.Err(), "compare: stopped; what was done is in %s, the same command goes on with it", c.dir)
	}
	if err != nil {
		return err
	}
	results, err := newResults(all)
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

// comparison checks everything that can be wrong before the first run starts.
func (f *flags) comparison(stderr io.Writer) (*comparison, error) {
	p, err := f.protocol()
	if err != nil {
		return nil, err
	}
	models, err := f.entries()
	if err != nil {
		return nil, err
	}
	c := &comparison{protocol: p, dir: f.out, models: models, seeds: f.seeds, places: make(chan struct{}, f.jobs)}
	names := make([]string, len(models))
	for k, e := range models {
		names[k] = e.Name
		d, err := zoo.Describe(e)
		if err != nil {
			return nil, usage{err}
		}
		set, err := openSet(p, e.Name, d.Features)
		if err != nil {
			return nil, err
		}
		set.Close()
	}
	search, final, err := c.steps()
	if err != nil {
		return nil, err
	}
	if err := p.settle(c.dir); err != nil {
		return nil, err
	}
	if f.quiet {
		stderr = io.Discard
	}
	runs := f.seeds
	if len(p.Rates) > 1 {
		runs += len(p.Rates) * p.Rounds
	}
	c.shown = newProgress(stderr, names, search+f.seeds*final, runs)
	return c, nil
}
