package train

import (
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// Stepper trains a model a batch at a time, for callers with a loop of their
// own. Its steps are those of Run. Only one goroutine may use it at a time.
type Stepper struct {
	learner *learner
	forward *replicas // without gradients
	clip    int       // values of a clip
	steps   int       // taken
	filled  []float32 // a short batch, filled up
}

// NewStepper returns a Stepper for clips of the given number of steps, each of
// shape stepShape, whose sizes multiply to the model's Features.
//
// From cfg it uses what a step depends on: Batch, the most clips of a step,
// LearningRate, Optimizer, WeightDecay, ClassifierL2, Clip, LabelSmoothing,
// Freeze and Threads. The caller makes a run of the steps: Schedule and
// Accumulate must be left unset, and the rest is ignored. It returns an error
// when they are not, when a setting is invalid, or when the model does not fit.
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
	if n := product(stepShape); n != m.Features() || len(stepShape) > 0 && slices.Min(stepShape) < 1 {
		return nil, errors.Errorf("train: the model reads %d values a step, steps of shape %v have %d", m.Features(), stepShape, n)
	}
	l, err := newLearner(m, steps, stepShape, cfg)
	if err != nil {
		return nil, err
	}
	return &Stepper{
		learner: l, forward: newReplicas(task{model: m, steps: steps, stepShape: stepShape}, cfg.Batch, cfg.Threads),
		clip: steps * m.Features(),
	}, nil
}

// Step moves the weights by one batch: x is (len(labels), steps, n_1, ..., n_d)
// in row-major order, and is not changed. It returns the mean loss before the
// move. It returns an error, and leaves the weights as they were, when x or a
// label does not fit, or when loss or gradients are not finite, naming the
// tensor that went bad first.
func (s *Stepper) Step(x []float32, labels []int) (loss float64, err error) {
	l := s.learner
	if len(labels) < 1 || len(labels) > l.cfg.Batch {
		return 0, errors.Errorf("train: a batch of %d labels; want 1 to %d", len(labels), l.cfg.Batch)
	}
	if len(x) != len(labels)*s.clip {
		return 0, errors.Errorf("train: a batch of %d values for %d labels; want %d a clip", len(x), len(labels), s.clip)
	}
	for k, label := range labels {
		if label < 0 || label >= l.model.Classes() {
			return 0, errors.Errorf("train: label %d of clip %d; want 0 to %d", label, k, l.model.Classes()-1)
		}
	}
	var sum tally
	loss, norm, err := l.gradients(s.batch(x, labels), true, len(labels), &sum)
	if err != nil {
		return 0, errors.WithMessagef(err, "train: step %d", s.steps+1)
	}
	s.steps++
	l.move(s.steps, norm, l.cfg.LearningRate)
	return loss, nil
}

// Logits returns the model's logits for any number of clips, (clips, classes),
// without dropout; x is as in Step. It returns an error when x does not hold a
// whole number of clips.
func (s *Stepper) Logits(x []float32) ([]float32, error) {
	if len(x) == 0 || len(x)%s.clip != 0 {
		return nil, errors.Errorf("train: %d values; want %d a clip", len(x), s.clip)
	}
	var logits []float32
	for len(x) > 0 {
		n := min(len(x)/s.clip, s.learner.cfg.Batch)
		if err := s.forward.do(s.batch(x[:n*s.clip], make([]int, n)), n); err != nil {
			return nil, err
		}
		logits = append(logits, s.forward.logits()...)
		x = x[n*s.clip:]
	}
	return logits, nil
}

// batch makes a batch of clips that all have all steps.
func (s *Stepper) batch(x []float32, labels []int) *datasets.Batch {
	n := len(labels)
	b := &datasets.Batch{X: x, Labels: labels, Steps: make([]int, n), Clips: inOrder(n), Len: n}
	for k := range b.Steps {
		b.Steps[k] = s.forward.steps
	}
	if size := s.learner.cfg.Batch; n < size {
		s.filled = append(s.filled[:0], x...)
		b.X = append(s.filled, make([]float32, (size-n)*s.clip)...)
		s.filled = b.X
	}
	return b
}

// Close releases the memory of the graphs.
func (s *Stepper) Close() {
	s.learner.training.close()
	s.forward.close()
}

func product(sizes []int) int {
	p := 1
	for _, n := range sizes {
		p *= n
	}
	return p
}
