package compare

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"sync"
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

// Comparison trains models under one protocol. Models, Protocol, Seeds, and Set or Open must be given.
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

// Progress is how far a comparison is.
type Progress struct {
	Model       string  // the one whose run this is about
	Done        float64 // runs of the model, those under way in part
	ModelRuns   int     // that it will have
	Ended, Runs int     // of all models

	// Run is the run that has just ended, nil while one is under way. Found says that it
	// had ended before the comparison began; otherwise it took so long.
	Run   *Run
	Found bool
	Took  time.Duration
}

// comparison is one under way.
type comparison struct {
	Comparison
	reads   map[string]int // values a step, of each model
	classes int            // of the data
	places  *semaphore.Weighted

	mu     sync.Mutex
	ended  int                  // runs
	models map[string]*Progress // what it knows of each model alone
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
	run := &comparison{Comparison: c, places: semaphore.NewWeighted(int64(max(1, c.Jobs))), reads: map[string]int{}, models: map[string]*Progress{}}
	if c.Train == nil {
		run.Train = run.here
	}
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
	var all []*Result
	for _, e := range c.Models {
		all = append(all, &Result{Model: e})
		run.models[e.Name] = &Progress{Model: e.Name, ModelRuns: c.Seeds + c.tries(len(c.Rates))}
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, r := range all {
		run.record(r.Model.Name, func(*Progress) {})
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

// Check returns an error for a setting that no comparison can have, whatever its models and its data are, as Run does.
func (c Comparison) Check() error {
	return cmp.Or(between("Comparison.Seeds", c.Seeds, 1, 1000), between("Comparison.Jobs", max(1, c.Jobs), 1, 1024), c.Protocol.Check())
}

// check opens the data as each model will, so that mistakes show before the first run
// starts, and completes the comparison with what it sees.
func (c *comparison) check(ctx context.Context) error {
	if err := c.Check(); err != nil {
		return err
	}
	switch {
	case len(c.Models) == 0:
		return inputf("Comparison.Models is empty; give one at least")
	case c.Set == nil && c.Open == nil:
		return inputf("there are no data; give Comparison.Set or Comparison.Open")
	}
	c.Backend = backend.Name
	seen := map[string]bool{}
	for _, e := range c.Models {
		if seen[e.Name] || filepath.Base(e.Name) != e.Name || !filepath.IsLocal(e.Name) || names.Check(e.Name) != nil {
			return inputf("the model %q has the name of another, or one that no folder can have; rename it or leave it out", e.Name)
		}
		seen[e.Name] = true
	}
	for _, e := range c.Models {
		if err := c.see(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// see opens the data for a model. The fingerprint of videos depends on the size of the
// frames too: the first model gives it.
func (c *comparison) see(ctx context.Context, e zoo.Entry) error {
	d, err := zoo.Describe(e)
	if err != nil {
		return &InputError{err}
	}
	c.reads[e.Name] = d.Features
	set, done, err := c.open(ctx, e.Name)
	if err != nil {
		return err
	}
	defer done()
	if c.classes = len(set.Classes()); e.Name == c.Models[0].Name {
		c.Fingerprint = set.Fingerprint()
	}
	c.Data = cmp.Or(c.Data, set.Name())
	if n := dims.Size(set.StepShape()); n != d.Features {
		return inputf("%s reads %d values a step, %s has steps of %v = %d", e.Name, d.Features, set.Name(), set.StepShape(), n)
	}
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
func (c *comparison) open(ctx context.Context, model string) (set datasets.Set, done func(), err error) {
	if c.Set != nil {
		return c.Set, func() {}, nil
	}
	set, err = c.Open(ctx, model, c.reads[model])
	return set, func() { set.Close() }, err
}

// take makes the folder this comparison's, until unlock or the end of the process.
func (c *comparison) take() (unlock func() error, err error) {
	if err := os.MkdirAll(c.Dir, 0o777); err != nil {
		return nil, &InputError{inDir(err)}
	}
	lock, locked, err := durable.Lock(filepath.Join(c.Dir, ".lock"))
	switch {
	case err != nil:
		return nil, &InputError{inDir(err)}
	case !locked:
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
func (c *comparison) contend(ctx context.Context, r *Result) (err error) {
	if err := c.choose(ctx, r); err != nil || r.Rate == 0 {
		return err
	}
	var jobs []Job
	for k := range c.Seeds {
		jobs = append(jobs, Job{Rate: r.Rate, Seed: uint64(k + 1)})
	}
	r.Runs, err = c.runs(ctx, r.Model, jobs)
	return err
}

// runs makes runs of a model, as many at the same time as there are places.
func (c *comparison) runs(ctx context.Context, e zoo.Entry, jobs []Job) ([]*Run, error) {
	runs := make([]*Run, len(jobs))
	group, ctx := errgroup.WithContext(ctx)
	for k, j := range jobs {
		j.Protocol, j.Model, j.Spec = c.Protocol, e.Name, e.Spec
		group.Go(func() (err error) {
			runs[k], err = c.run(ctx, j)
			return err
		})
	}
	return runs, group.Wait()
}

// run makes a run, unless it has ended before.
func (c *comparison) run(ctx context.Context, j Job) (r *Run, err error) {
	before := 0.0 // the part that was done
	step := func(done float64, r *Run, found bool, took time.Duration) {
		c.record(j.Model, func(now *Progress) {
			now.Done += done - before
			now.Run, now.Found, now.Took, before = r, found, took, done
		})
	}
	if c.Dir != "" {
		j.Dir = filepath.Join(c.Dir, "runs", j.Model, j.name())
		if r, err = j.ended(); r != nil {
			step(1, r, true, 0)
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
	r, err = c.Train(ctx, j, func(done float64) { step(done, nil, false, 0) })
	if err == nil && j.Dir != "" {
		err = j.keep(r)
	}
	if err == nil {
		step(1, r, false, time.Since(began))
	}
	return r, err
}

// here makes a run in this process.
func (c *comparison) here(ctx context.Context, j Job, onStep func(done float64)) (*Run, error) {
	set, done, err := c.open(ctx, j.Model)
	if err != nil {
		return nil, err
	}
	defer done()
	return j.Train(ctx, set, onStep)
}

// record changes what is known of a model's runs, and tells OnProgress.
func (c *comparison) record(model string, change func(now *Progress)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.models[model]
	if change(m); m.Run != nil {
		c.ended++
	}
	now := *m
	m.Run, m.Found, m.Took = nil, false, 0 // which are said once
	for _, other := range c.models {
		now.Runs += other.ModelRuns
	}
	if now.Ended = c.ended; c.OnProgress != nil {
		c.OnProgress(now)
	}
}
