package compare

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/pkg/errors"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// Comparison trains models under one protocol. Models, Protocol, Seeds, and Set or Open
// must be given.
type Comparison struct {
	Models   []zoo.Entry // of the zoo, or names with specs of your own
	Protocol             // DefaultProtocol has all that it needs
	Seeds    int         // runs of each model, with the seeds from 1 on

	// Set holds the clips that every model reads; Run does not close it. Where models read
	// steps of different sizes, Open takes its place: it opens the data for a model that
	// reads steps of so many values, and what it returns is closed.
	Set  datasets.Set
	Open func(ctx context.Context, model string, features int) (datasets.Set, error)

	// Dir is the folder that keeps what each run came to, and the checkpoints of those
	// under way, so that the same comparison goes on there after it was stopped, to the
	// same bits. More models or seeds are added to those in it. "" keeps nothing.
	Dir  string
	Jobs int // runs at the same time; 0 for one

	// Prepare is called before the first run, when Dir is this comparison's alone, and
	// Train instead of Job.Train, to make a run elsewhere. Both may be nil.
	Prepare func(ctx context.Context) error
	Train   func(ctx context.Context, j Job, onStep func(done float64)) (*Run, error)

	// OnProgress is called for each model at the beginning, then after each step and each
	// run, by one goroutine at a time. It may be nil.
	OnProgress func(Progress)

	// Command is the command line that makes the report again, "" for none.
	Command string
}

// comparison is one under way.
type comparison struct {
	Comparison
	classes int // of the data
	places  *semaphore.Weighted
	shown   *tracker
}

// Run trains what is not trained yet and returns what all runs came to. It opens the data
// for each model before the first run starts.
//
// It returns an *InputError or a *train.SettingError for what the caller can put right: an
// invalid setting, a model that does not fit the data, a folder that cannot be written,
// that another process uses, or that has runs of another protocol. It returns the error of
// a run that failed, but not of one that diverged, which its Run says; and, when ctx is
// done, an error that wraps context.Canceled. What has ended by then is kept in Dir.
func (c Comparison) Run(ctx context.Context) (*Results, error) {
	run := &comparison{Comparison: c, places: semaphore.NewWeighted(int64(max(1, c.Jobs)))}
	if err := run.check(ctx); err != nil {
		return nil, err
	}
	if c.Dir != "" {
		unlock, err := run.take()
		if err != nil {
			return nil, err
		}
		defer unlock()
	}
	if c.Prepare != nil {
		if err := c.Prepare(ctx); err != nil {
			return nil, err
		}
	}
	run.shown = &tracker{call: c.OnProgress, models: map[string]*Progress{}, done: map[string]float64{}}
	all := make([]*Result, len(c.Models))
	for k, e := range c.Models {
		all[k] = &Result{Model: e}
		run.shown.more(e.Name, c.Seeds+c.tries(len(c.Rates)))
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, r := range all {
		group.Go(func() error { return run.contend(ctx, r) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := summarise(all, run.classes); err != nil {
		return nil, err
	}
	return &Results{Protocol: run.Protocol, Seeds: c.Seeds, Command: c.Command, Models: all}, nil
}

// tries is the number of runs that choose from so many rates.
func (c Comparison) tries(rates int) int {
	if len(c.Rates) == 1 {
		return 0
	}
	return rates * c.Rounds
}

// Check returns an error for a setting that no comparison can have, whatever its models and
// its data are, as Run does.
func (c Comparison) Check() error {
	if err := within("Comparison", []setting{{"Seeds", c.Seeds, 1, 1000}, {"Jobs", max(1, c.Jobs), 1, 1024}}); err != nil {
		return err
	}
	return c.Protocol.Check()
}

// check opens the data as each model will, so that mistakes show before the first run
// starts, and completes the comparison with what it sees.
func (c *comparison) check(ctx context.Context) error {
	if err := c.Check(); err != nil {
		return err
	}
	if len(c.Models) == 0 {
		return inputf("Comparison.Models is empty; give one at least")
	}
	c.Backend = backend.Name
	seen := map[string]bool{}
	for _, e := range c.Models {
		if seen[e.Name] || filepath.Base(e.Name) != e.Name || !filepath.IsLocal(e.Name) || names.Check(e.Name) != nil {
			return inputf("the model %q has the name of another, or one that no folder can have; rename it", e.Name)
		}
		seen[e.Name] = true
		if err := c.see(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// see opens the data for a model. The fingerprint of videos depends on the size of the
// frames too: the first model gives it.
func (c *comparison) see(ctx context.Context, e zoo.Entry) error {
	set, done, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer done()
	if c.classes = len(set.Classes()); e.Name == c.Models[0].Name {
		c.Fingerprint = set.Fingerprint()
	}
	c.Data = cmp.Or(c.Data, set.Name())
	if c.tries(1) > 0 {
		if _, err := datasets.Fold(set, c.Folds, 0, 1); err != nil {
			return &InputError{err}
		}
	}
	if _, err := zoo.Find(e.Name); err != nil && e.Spec.Classes != 0 && e.Spec.Classes != c.classes {
		return inputf("%s says %d classes, %s has %d; leave the field out", e.Name, e.Spec.Classes, set.Name(), c.classes)
	}
	return nil
}

// open opens the data for a model; done closes them.
func (c *comparison) open(ctx context.Context, e zoo.Entry) (set datasets.Set, done func(), err error) {
	d, err := zoo.Describe(e)
	if err != nil {
		return nil, nil, &InputError{err}
	}
	if c.Set == nil && c.Open == nil {
		return nil, nil, inputf("there are no data; give Comparison.Set or Comparison.Open")
	}
	if c.Set == nil {
		if set, err = c.Open(ctx, e.Name, d.Features); err != nil {
			return nil, nil, err
		}
		return set, func() { set.Close() }, nil
	}
	if n := dims.Size(c.Set.StepShape()); n != d.Features {
		return nil, nil, inputf("%s reads %d values a step, %s has steps of %v = %d", e.Name, d.Features, c.Set.Name(), c.Set.StepShape(), n)
	}
	return c.Set, func() {}, nil
}

// take makes the folder this comparison's, until unlock or the end of the process.
func (c *comparison) take() (unlock func() error, err error) {
	if err := os.MkdirAll(c.Dir, 0o777); err != nil {
		return nil, &InputError{inDir(err)}
	}
	lock, locked, err := durable.Lock(filepath.Join(c.Dir, ".lock"))
	if err != nil {
		return nil, &InputError{inDir(err)}
	}
	if !locked {
		return nil, inputf("another process compares in %s; wait for it or stop it", c.Dir)
	}
	if err := c.settle(); err != nil {
		lock.Unlock()
		return nil, err
	}
	return lock.Unlock, nil
}

// inDir wraps an error of a file in Comparison.Dir.
func inDir(err error) error { return errors.Wrap(err, "compare: Comparison.Dir") }

// contend chooses a model's learning rate and trains it with every seed.
func (c *comparison) contend(ctx context.Context, r *Result) error {
	if err := c.choose(ctx, r); err != nil || r.Rate == 0 {
		return err
	}
	r.Runs = make([]*Run, c.Seeds)
	group, ctx := errgroup.WithContext(ctx)
	for k := range r.Runs {
		group.Go(func() (err error) {
			r.Runs[k], err = c.run(ctx, r.Model, Job{Rate: r.Rate, Seed: uint64(k + 1)})
			return err
		})
	}
	return group.Wait()
}

// run makes a run, unless it has ended before.
func (c *comparison) run(ctx context.Context, e zoo.Entry, j Job) (*Run, error) {
	j.Protocol, j.Model, j.Spec = c.Protocol, e.Name, e.Spec
	if c.Dir != "" {
		j.Dir = filepath.Join(c.Dir, "runs", e.Name, j.name())
		r, err := j.ended()
		if r != nil {
			c.shown.step(j, 1, r, true, 0)
		}
		if r != nil || err != nil {
			return r, err
		}
	}
	if err := c.places.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer c.places.Release(1)
	began := time.Now()
	onStep := func(done float64) { c.shown.step(j, done, nil, false, 0) }
	train := c.Train
	if train == nil {
		set, done, err := c.open(ctx, e)
		if err != nil {
			return nil, err
		}
		defer done()
		train = func(ctx context.Context, j Job, onStep func(done float64)) (*Run, error) {
			return j.Train(ctx, set, onStep)
		}
	}
	r, err := train(ctx, j, onStep)
	if err == nil && j.Dir != "" {
		err = j.keep(r)
	}
	if err == nil {
		c.shown.step(j, 1, r, false, time.Since(began))
	}
	return r, err
}
