package train

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// Run trains the model on the set's training part. At the end the model has the
// weights of the best epoch, the one with the lowest loss on the validation part
// or, without one, in training, and the result has its score on the test part.
// The weights change in place; the model keeps the set's class names and shapes.
//
// When ctx is done, Run finishes the step under way, saves it and returns ctx's error. It also returns
// an error when configuration, model and set don't fit, when a clip cannot be read, or when a checkpoint
// cannot be saved, and a *DivergedError, naming the tensor that went bad first, when a number is no
// longer finite. Earlier checkpoints stay.
func Run(ctx context.Context, m *zoo.Model, set datasets.Set, cfg Config) (*Result, error) {
	r, err := newRun(m, set, cfg)
	if err == nil && cfg.Dir != "" && HasCheckpoint(cfg.Dir) {
		err = errors.Errorf("train: there is a run in %s; Resume goes on with it, or give another Config.Dir", cfg.Dir)
	}
	if err != nil {
		return nil, &InputError{err}
	}
	m.ClassNames, m.Input = set.Classes(), inputOf(set)
	return r.do(ctx)
}

// Resume continues a run from its checkpoint, which LoadLast returns for cfg.Dir, as if it had never
// stopped: weights and scores are the same bits. All fields of cfg that affect them, except Epochs, must
// be as they were, and the set must hold the same clips. The model is the checkpoint's. It returns an
// error when Run does.
func Resume(ctx context.Context, c *zoo.Checkpoint, set datasets.Set, cfg Config) (*Result, error) {
	if cfg.Dir == "" {
		return nil, &InputError{errors.New("train: a run is resumed in its folder; give Config.Dir")}
	}
	r, err := newRun(c.Model, set, cfg)
	if err == nil {
		err = errors.Wrap(r.restore(c), "train: checkpoint")
	}
	if err != nil {
		return nil, &InputError{err}
	}
	if cfg.OnEpoch != nil {
		cfg.OnEpoch(slices.Clone(r.at.Epochs))
	}
	return r.do(ctx)
}

// inputOf returns what a checkpoint keeps of the sequences in a set.
func inputOf(set datasets.Set) *zoo.Input {
	return &zoo.Input{Steps: set.Steps(), StepShape: set.StepShape(), Sampling: set.Sampling(), Normalisation: set.Normalisation()}
}

// InputError is an error in the arguments of Run, Resume or Evaluate, found
// before any training, or a part of the set without a clip that can be read.
type InputError struct{ error }

// Unwrap returns the wrapped error.
func (e *InputError) Unwrap() error { return e.error }

// run is one Run or Resume under way.
type run struct {
	*learner
	set datasets.Set

	validation *replicas
	at         position
	best       [][]float32 // weights of the best epoch, when no folder has them

	began, saved time.Time
	clips        int       // trained on since began
	millis       []float64 // of the last steps
}

// position is where a run stands. With the weights and the optimiser's slots it
// is all that the rest of the run depends on.
type position struct {
	Epoch   int     `json:"epoch"`             // complete epochs
	Step    int     `json:"step"`              // steps of the epoch under way
	Updates int     `json:"updates"`           // steps in all
	Skipped int     `json:"skipped,omitempty"` // those of them that moved nothing, their clips being damaged
	Sum     tally   `json:"sum"`               // of the epoch under way
	Rate    float64 `json:"rate"`              // of the last step
	Epochs  []Epoch `json:"epochs"`            // the complete ones
	Best    int     `json:"best"`              // number of the best epoch, 0 before the first
}

func newRun(m *zoo.Model, set datasets.Set, cfg Config) (*run, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := cfg.Fits(m, set); err != nil {
		return nil, err
	}
	clips := set.Clips(datasets.Train)
	cfg.Batch = min(cfg.Batch, clips)
	cfg.Threads = min(cfg.Threads, cfg.Batch)
	piece := pieceOf(m, set, cfg.Truncate)
	l, err := newLearner(m, piece, set.StepShape(), piece < set.Steps(), cfg)
	if err != nil {
		return nil, err
	}
	return &run{learner: l, set: set, validation: evaluating(m, set, datasets.Validation, cfg.Batch, cfg.Threads)}, nil
}

// do trains from where the run stands to its end.
func (r *run) do(ctx context.Context) (result *Result, err error) {
	defer r.training.close()
	defer r.validation.close()
	r.began, r.saved = time.Now(), time.Now()
	for r.at.Epoch < r.cfg.Epochs && (r.cfg.Patience == 0 || r.at.Epoch-r.at.Best < r.cfg.Patience) {
		if err := r.epoch(ctx); err != nil {
			if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
				return nil, err
			}
			stopped := errors.Wrapf(ctx.Err(), "train: stopped in epoch %d after step %d", r.at.Epoch+1, r.at.Step)
			return nil, cmp.Or(r.save(lastDir(r.cfg.Dir), r.state), stopped)
		}
	}
	result = &Result{Epochs: r.at.Epochs, Best: r.at.Best, Stopped: r.at.Epoch < r.cfg.Epochs}
	result.Training = time.Since(r.began)
	if sorted := slices.Sorted(slices.Values(r.millis)); len(sorted) > 0 {
		result.StepMillis = sorted[len(sorted)/2]
	}
	r.training.close() // their memory is as large as the test's
	r.validation.close()
	if err := r.restoreBest(); err != nil {
		return nil, err
	}
	test := evaluating(r.model, r.set, datasets.Test, r.cfg.Batch, r.cfg.Threads)
	defer test.close()
	if result.Test, err = evaluate(ctx, test, r.set, datasets.Test); err != nil {
		return nil, errors.Wrap(err, "train: stopped at the test, after the last epoch")
	}
	return result, nil
}

// order is that of the clips in the epoch under way.
func (r *run) order() []int {
	return datasets.OrderByLength(r.set, datasets.Train, r.cfg.Batch, r.cfg.Seed, r.at.Epoch)
}

// epoch trains on what is left of the epoch under way and closes it.
func (r *run) epoch(ctx context.Context) error {
	clips := r.set.Clips(datasets.Train)
	order := r.order()
	size := r.cfg.Batch * r.cfg.Accumulate // clips a step
	steps := (clips + size - 1) / size
	now := r.begin()
	set := datasets.Augment(r.set, r.cfg.Augment, r.cfg.Seed, r.at.Epoch)
	for batch, err := range datasets.Pieces(set, datasets.Train, r.cfg.Batch, r.training.steps, order[min(clips, r.at.Step*size):]) {
		// A step under way is finished, unless the set stops reading when ctx is done.
		if stopped := ctx.Err(); stopped != nil && (err != nil || now.asked == 0) {
			r.batches, r.at.Sum = now.batches, now.before // the step is given up
			return stopped
		}
		if err != nil {
			return err
		}
		began := time.Now()
		planned := min(size, clips-r.at.Step*size)
		if err := r.add(now, batch, planned); err != nil {
			return fmt.Errorf("train: epoch %d, step %d: %w%s", r.at.Epoch+1, r.at.Step+1, err, r.hope())
		}
		if now.worked += time.Since(began); now.asked < planned {
			continue
		}
		began = time.Now()
		if err := r.move(now, planned, steps); err != nil {
			return err
		}
		r.clips += now.sum.Clips
		r.millis = append(r.millis, float64((now.worked+time.Since(began)).Microseconds())/1000)
		r.millis = r.millis[max(0, len(r.millis)-1000):] // a run of weeks takes no more memory than one of a minute
		if r.cfg.OnStep != nil {
			r.cfg.OnStep(Progress{
				Epoch: r.at.Epoch + 1, Epochs: r.cfg.Epochs, Step: r.at.Step, Steps: steps, Updates: r.at.Updates,
				LearningRate: r.at.Rate, GradientNorm: now.norm, Score: r.at.Sum.score(), StepScore: now.sum.score(),
				Trained: r.clips, Elapsed: time.Since(r.began), Building: r.training.building,
			})
		}
		now = r.begin()
		if ctx.Err() == nil && r.cfg.SaveEvery > 0 && r.at.Step < steps && time.Since(r.saved) >= r.cfg.SaveEvery {
			if err := r.save(lastDir(r.cfg.Dir), r.state); err != nil {
				return err
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.closeEpoch(ctx)
}

// closeEpoch scores the epoch and saves it.
func (r *run) closeEpoch(ctx context.Context) error {
	if name, at := r.badParam(); name != "" {
		return &DivergedError{errors.Errorf("train: epoch %d, step %d, its last: parameter %s is no longer finite at element %d; a lower learning rate than %v may help%s",
			r.at.Epoch+1, r.at.Step, name, at, r.cfg.LearningRate, r.hope())}
	}
	if r.at.Sum.Clips == 0 {
		return &InputError{errors.Errorf("train: every training clip of %s is damaged", r.set.Name())}
	}
	e := Epoch{Epoch: r.at.Epoch + 1, Updates: r.at.Updates, LearningRate: r.at.Rate, Train: r.at.Sum.score()}
	if r.set.Clips(datasets.Validation) > 0 {
		v, err := evaluate(ctx, r.validation, r.set, datasets.Validation)
		if err != nil {
			return errors.WithMessagef(err, "train: epoch %d", r.at.Epoch+1)
		}
		e.Validation = &v.Score
	}
	better := r.at.Best == 0 || e.watched() < r.at.Epochs[r.at.Best-1].watched()
	r.at.Epoch, r.at.Step, r.at.Sum = r.at.Epoch+1, 0, tally{}
	r.at.Epochs = append(r.at.Epochs, e)
	if better {
		r.at.Best = e.Epoch
		if err := r.keepBest(); err != nil {
			return err
		}
	}
	if err := r.save(lastDir(r.cfg.Dir), r.state); err != nil {
		return err
	}
	if r.cfg.OnEpoch != nil {
		r.cfg.OnEpoch(slices.Clone(r.at.Epochs))
	}
	return nil
}

// keepBest stores the weights of the epoch just closed. The folder "best" comes
// before "last": a run killed in between repeats the epoch and writes it again.
func (r *run) keepBest() error {
	if r.cfg.Dir != "" {
		return r.save(bestDir(r.cfg.Dir), nil)
	}
	if r.best == nil {
		r.best = make([][]float32, len(r.model.Params()))
	}
	for k, p := range r.model.Params() {
		r.best[k] = append(r.best[k][:0], p.Value.Data().([]float32)...)
	}
	return nil
}

// restoreBest gives the model the weights of the best epoch.
func (r *run) restoreBest() error {
	if r.at.Best == r.at.Epoch && r.at.Step == 0 { // no step has moved them since
		return nil
	}
	best := r.best
	if r.cfg.Dir != "" {
		c, err := zoo.LoadCheckpoint(bestDir(r.cfg.Dir))
		if err != nil {
			return err
		}
		// A run that was killed after a best epoch and resumed for fewer epochs
		// than that is not the run that wrote it.
		var s saved
		if err := json.Unmarshal(c.Training, &s); err != nil || s.Position.Epoch != r.at.Best {
			return errors.Errorf("train: %s is not of epoch %d, the best of %d; resume for more epochs", bestDir(r.cfg.Dir), r.at.Best, r.at.Epoch)
		}
		for _, p := range c.Model.Params() {
			best = append(best, p.Value.Data().([]float32))
		}
	}
	for k, p := range r.model.Params() {
		copy(p.Value.Data().([]float32), best[k])
	}
	return nil
}

var errHeadless = errors.New("train: the model is headless, without a classifier to train; make it with zoo.Options.Classes")

// fits checks that the model can read the set.
func fits(m *zoo.Model, set datasets.Set) error {
	if n := dims.Size(set.StepShape()); n != m.Features() {
		return errors.Errorf("train: the model reads %d values a step, %s has steps of shape %v = %d", m.Features(), set.Name(), set.StepShape(), n)
	}
	if m.Classes() == 0 {
		return errHeadless
	}
	if m.Classes() != len(set.Classes()) {
		return errors.Errorf("train: the model has %d classes, %s has %d", m.Classes(), set.Name(), len(set.Classes()))
	}
	return checkSteps(set, pieceOf(m, set, evaluatedSteps))
}

// checkSteps returns an error when clips that are read in pieces of so many steps have too many.
func checkSteps(set datasets.Set, piece int) error {
	if piece > MaxSteps {
		return errors.Errorf("train: %s has clips of %d steps; want at most %d at once: cut the clips, take fewer of their frames, or train a model of one direction with Truncate, cmd/train's -bptt",
			set.Name(), set.Steps(), MaxSteps)
	}
	return nil
}

// pieceOf returns the number of steps of the pieces in which a model reads the clips of a set, which are
// at most so many: all, where that is 0 or the model reads from the end too.
func pieceOf(m *zoo.Model, set datasets.Set, most int) int {
	if most == 0 || m.Spec().Bidirectional {
		return set.Steps()
	}
	return min(most, set.Steps())
}

// underway is a step that a run is about to take; it is of Accumulate batches.
type underway struct {
	begun  bool          // it has gradients
	asked  int           // clips so far, the damaged ones included
	sum    tally         // of those that were read
	norm   float64       // of their gradients
	worked time.Duration // reading clips aside

	// Where the run stood before it.
	batches uint64
	before  tally
}

func (r *run) begin() *underway { return &underway{batches: r.batches, before: r.at.Sum} }

// add adds the gradients of a batch, or of a piece of one, to those of a step of so many planned clips.
func (r *run) add(s *underway, batch *datasets.Batch, planned int) (err error) {
	if !batch.More {
		s.asked += batch.Asked
	}
	if batch.Len == 0 {
		return nil
	}
	var sum tally
	if _, s.norm, err = r.gradients(batch, !s.begun, planned, &sum); err != nil {
		return err
	}
	s.begun = true
	s.sum.add(sum)
	r.at.Sum.add(sum)
	return nil
}

// move takes the step, in an epoch of the given number of steps. Its gradient is the
// mean over the clips that were read; without any it is counted and moves nothing.
func (r *run) move(s *underway, planned, steps int) error {
	done := float64(r.at.Epoch) + float64(r.at.Step)/float64(steps)
	rate := r.cfg.LearningRate * r.cfg.Schedule.Factor(done, float64(r.cfg.Epochs), steps)
	if !(rate >= 0 && rate <= math.MaxFloat32) {
		return errors.Errorf("train: epoch %d, step %d: schedule %s makes a learning rate of %v of %v; want at least 0, and a float32",
			r.at.Epoch+1, r.at.Step+1, r.cfg.Schedule, rate, r.cfg.LearningRate)
	}
	r.at.Rate = rate
	r.at.Updates++
	r.at.Step++
	if s.sum.Clips == 0 {
		r.at.Skipped++
		return nil
	}
	s.norm = r.perRead(planned, s.sum.Clips, s.norm)
	r.learner.move(r.at.Updates-r.at.Skipped, s.norm, rate)
	return nil
}
