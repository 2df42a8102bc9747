package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pkg/errors"
	"golang.org/x/sync/errgroup"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// comparison trains models under one protocol.
type comparison struct {
	protocol
	cache   cache
	dir     string
	models  []zoo.Entry
	seeds   int
	classes int           // of the data
	places  chan struct{} // one for each run at a time
	shown   *progress

	searchSteps int // of the runs that try one learning rate
}

// contender is a model with what its runs came to.
type contender struct {
	zoo.Entry
	searched []candidate
	rate     float64    // the chosen one, 0 when training diverged at every rate
	runs     []*outcome // by seed, those that diverged too
}

// run trains what is not trained yet and returns all.
func (c *comparison) run(ctx context.Context) ([]*contender, error) {
	group, ctx := errgroup.WithContext(ctx)
	all := make([]*contender, len(c.models))
	for k, e := range c.models {
		all[k] = &contender{Entry: e}
		group.Go(func() error { return c.contend(ctx, all[k]) })
	}
	return all, group.Wait()
}

// contend chooses a model's learning rate and trains it with every seed.
func (c *comparison) contend(ctx context.Context, m *contender) error {
	if err := c.search(ctx, m); err != nil || m.rate == 0 {
		return err
	}
	m.runs = make([]*outcome, c.seeds)
	group, ctx := errgroup.WithContext(ctx)
	for k := range m.runs {
		group.Go(func() (err error) {
			m.runs[k], err = c.outcome(ctx, c.job(m.Entry, m.rate, uint64(k+1), 0))
			return err
		})
	}
	return group.Wait()
}

// job is a run of a model. Its folder is found again by a later process.
func (c *comparison) job(e zoo.Entry, rate float64, seed uint64, fold int) job {
	name := fmt.Sprintf("rate-%s-seed-%d", strconv.FormatFloat(rate, 'g', -1, 64), seed)
	if fold > 0 {
		name = fmt.Sprintf("rate-%s-fold-%d", strconv.FormatFloat(rate, 'g', -1, 64), fold)
	}
	return job{protocol: c.protocol, cache: c.cache, Model: e.Name, Spec: e.Spec, Rate: rate, Seed: seed, Fold: fold, Dir: filepath.Join(c.dir, "runs", e.Name, name)}
}

// outcome runs a job in a process of its own, unless it has ended before.
func (c *comparison) outcome(ctx context.Context, j job) (*outcome, error) {
	if o, err := j.outcome(); o != nil || err != nil {
		if o != nil {
			c.shown.skip(j, o)
		}
		return o, err
	}
	select {
	case c.places <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-c.places }()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := c.child(ctx, j); err != nil {
		return nil, err
	}
	o, err := j.outcome()
	if err == nil && o == nil {
		return nil, errors.Errorf("compare: the process of %s ended well and left no %s in %s", j.Model, outcomeFile, j.Dir)
	}
	if err == nil {
		c.shown.done(j, o, time.Since(began))
	}
	return o, err
}

// child starts the process of a job and follows its steps.
func (c *comparison) child(ctx context.Context, j job) error {
	program, err := os.Executable()
	if err != nil {
		return errors.Wrap(err, "compare")
	}
	if err := os.MkdirAll(j.Dir, 0o777); err != nil {
		return usage{errors.Wrap(err, "compare: -out")}
	}
	text, err := json.Marshal(j)
	if err != nil {
		return errors.Wrap(err, "compare: job")
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, program, "-job")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), &said
	// It saves the step under way. An interrupt at the terminal reaches it as well.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	steps, err := cmd.StdoutPipe()
	if err != nil {
		return errors.Wrap(err, "compare")
	}
	if err := cmd.Start(); err != nil {
		return errors.Wrap(err, "compare")
	}
	for lines := bufio.NewScanner(steps); lines.Scan(); {
		if n, err := strconv.Atoi(lines.Text()); err == nil {
			c.shown.step(j, n)
		}
	}
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		text := string(bytes.TrimSpace(said.Bytes()))
		// A panic has the exit code of a usage error, and many lines.
		if cmd.ProcessState.ExitCode() == 2 && text != "" && !strings.Contains(text, "\n") {
			return usage{errors.New(text)}
		}
		return errors.Errorf("compare: the process that trains %s (learning rate %g, seed %d): %v: %s", j.Model, j.Rate, j.Seed, err, cmp.Or(text, "it said nothing"))
	}
	return nil
}

// steps is the number of steps of the runs that try one learning rate, and of one run
// with a seed.
func (c *comparison) steps(set datasets.Set) (search, final int, err error) {
	perEpoch := func(clips int) int { return (clips + c.Batch - 1) / c.Batch }
	final = c.Epochs * perEpoch(set.Clips(datasets.Train))
	if len(c.Rates) == 1 {
		return 0, final, nil
	}
	for fold := range c.Rounds {
		f, err := datasets.Fold(set, c.Folds, fold, 1)
		if err != nil {
			return 0, 0, usage{err}
		}
		search += c.Epochs * perEpoch(f.Clips(datasets.Train))
	}
	return search, final, nil
}
