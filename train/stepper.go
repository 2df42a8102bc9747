package train

import (
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// Stepper trains a model a batch at a time, for callers with a loop of their
// own. Its steps are those of Run. Only one goroutine may use it at a time.
type Stepper struct {
	learner *learner
	forward *replicas // without gradients
	clip    int       // values of a clip
	steps   int       // taken
	filled  []float32 // a batch that is not read as it is
}

// NewStepper returns a Stepper for clips of at most the given number of steps, each
// of shape stepShape, whose sizes multiply to the model's Features.
//
// From cfg it uses what a step depends on: Batch, the most clips of a step, LearningRate, Optimizer,
// WeightDecay, ClassifierL2, MaxGradNorm, LabelSmoothing, Truncate, Freeze and Threads. The caller makes a run of the
// steps: Schedule and Accumulate must be left unset, and the rest is ignored. It returns an error when
// they are not, when a setting is invalid, or when the model does not fit.
func NewStepper(m *zoo.Model, steps int, stepShape []int, cfg Config) (*Stepper, error) {
	if cfg.Schedule != nil || cfg.Accumulate > 1 {
		return nil, errors.New("train: a Stepper has one rate and steps after every batch; leave Schedule and Accumulate out")
	}
	cfg.Epochs, cfg.Patience, cfg.SaveEvery = 1, 0, 0
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if steps < 1 || steps > MaxSteps {
		return nil, errors.Errorf("train: clips of %d steps; want 1 to %d", steps, MaxSteps)
	}
	if n := dims.Size(stepShape); n != m.Features() || len(stepShape) > 0 && slices.Min(stepShape) < 1 {
		return nil, errors.Errorf("train: the model reads %d values a step, steps of shape %v have %d", m.Features(), stepShape, n)
	}
	l, err := newLearner(m, steps, stepShape, false, cfg)
	if err != nil {
		return nil, err
	}
	forward := newReplicas(task{model: m, steps: steps, stepShape: stepShape}, cfg.Batch, cfg.Threads)
	return &Stepper{learner: l, forward: forward, clip: steps * m.Features()}, nil
}

// Step moves the weights by one batch: x is (clips, steps, n_1, ..., n_d) in row-major order, lengths
// has the steps that each clip has, from 1 on, behind which its values play no part, and labels its
// class; nil lengths mean all steps. None of them is changed. Step returns the mean loss before the
// move. It returns an error, and leaves the weights as they were, when x, a length or a label does not
// fit, or when loss or gradients are not finite, naming the tensor that went bad first.
func (s *Stepper) Step(x []float32, lengths, labels []int) (loss float64, err error) {
	l := s.learner
	if n := len(labels); n < 1 || n > l.cfg.Batch {
		return 0, errors.Errorf("train: a batch of %d labels; want 1 to %d", n, l.cfg.Batch)
	}
	for k, label := range labels {
		if label < 0 || label >= l.model.Classes() {
			return 0, errors.Errorf("train: label %d of clip %d; want 0 to %d", label, k, l.model.Classes()-1)
		}
	}
	if lengths, err = s.check(x, lengths, len(labels)); err != nil {
		return 0, err
	}
	var sum tally
	loss, norm, err := l.gradients(s.batch(x, lengths, labels), true, len(labels), &sum)
	if err != nil {
		return 0, errors.WithMessagef(err, "train: step %d", s.steps+1)
	}
	s.steps++
	l.move(s.steps, norm, l.cfg.LearningRate)
	return loss, nil
}

// Logits returns the model's logits for any number of clips, (clips, classes),
// without dropout; x and lengths are as in Step. It returns an error when x does
// not hold a whole number of clips, or a length does not fit.
func (s *Stepper) Logits(x []float32, lengths []int) ([]float32, error) {
	clips := len(x) / s.clip
	lengths, err := s.check(x, lengths, clips)
	if err != nil {
		return nil, err
	}
	var logits []float32
	for from := 0; from < clips; from += s.learner.cfg.Batch {
		to := min(from+s.learner.cfg.Batch, clips)
		if err := s.forward.do(s.batch(x[from*s.clip:to*s.clip], lengths[from:to], make([]int, to-from)), to-from); err != nil {
			return nil, err
		}
		logits = append(logits, s.forward.logits()...)
	}
	return logits, nil
}

// check returns the lengths of so many clips, nil being all steps, or an error when they
// or x do not fit.
func (s *Stepper) check(x []float32, lengths []int, clips int) ([]int, error) {
	if lengths == nil {
		lengths = slices.Repeat([]int{s.forward.steps}, clips)
	}
	if clips == 0 || len(x) != clips*s.clip || len(lengths) != clips {
		return nil, errors.Errorf("train: %d values and %d lengths for %d clips; want %d values a clip", len(x), len(lengths), clips, s.clip)
	}
	for k, n := range lengths {
		if n < 1 || n > s.forward.steps {
			return nil, errors.Errorf("train: length %d of clip %d; want 1 to %d", n, k, s.forward.steps)
		}
	}
	return lengths, nil
}

// batch makes a batch of clips. It fills up one with too few of them, and what
// stands behind the last step of a clip becomes 0, as data sets have it.
func (s *Stepper) batch(x []float32, lengths, labels []int) *datasets.Batch {
	n, steps := len(labels), s.forward.steps
	b := &datasets.Batch{X: x, Labels: labels, Steps: lengths, Clips: inOrder(n), Len: n}
	size := s.learner.cfg.Batch
	if n == size && slices.Min(b.Steps) == steps {
		return b
	}
	s.filled = append(append(s.filled[:0], x...), make([]float32, (size-n)*s.clip)...)
	for k, of := range b.Steps {
		clear(s.filled[k*s.clip+of*s.clip/steps : (k+1)*s.clip])
	}
	b.X = s.filled
	return b
}

// Close releases the memory of the graphs.
func (s *Stepper) Close() {
	s.learner.training.close()
	s.forward.close()
}
