package train

import (
	"math"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
)

// underway is a step that a run is about to take; it is of Accumulate batches.
type underway struct {
	asked  int           // clips so far, the damaged ones included
	sum    tally         // of those that were read
	norm   float64       // of their gradients
	worked time.Duration // reading clips aside

	// Where the run stood before it.
	batches uint64
	before  tally
}

func (r *run) begin() *underway { return &underway{batches: r.batches, before: r.at.Sum} }

// undo puts the run where it stood before a step that is given up.
func (r *run) undo(s *underway) { r.batches, r.at.Sum = s.batches, s.before }

// add adds the gradients of a batch to those of a step of so many planned clips.
func (r *run) add(s *underway, batch *datasets.Batch, planned int) (err error) {
	s.asked += batch.Asked
	if batch.Len == 0 {
		return nil
	}
	var sum tally
	if _, s.norm, err = r.gradients(batch, s.sum.Clips == 0, planned, &sum); err != nil {
		return err
	}
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
