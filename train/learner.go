package train

import (
	"math"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// learner takes the steps of Run and of Stepper: gradients of batches, and what
// the optimiser makes of them.
type learner struct {
	cfg   Config
	model *zoo.Model

	trained []int         // indexes of the model's parameters that move
	slots   [][][]float32 // of the optimiser, for each of them
	state   []zoo.Tensor  // the slots by name, which share their memory
	grads   [][]float32   // of the step under way, for each of them

	training *replicas
	batches  uint64 // batches trained on so far: dropout's runs
}

// newLearner makes a learner of clips of one shape, which fits the model, from a
// complete configuration.
func newLearner(m *zoo.Model, steps int, stepShape []int, cfg Config) (*learner, error) {
	if m.Dtype() != tensor.Float32 {
		return nil, errors.Errorf("train: the model is of %v; only float32 models are trained", m.Dtype())
	}
	if m.Classes() == 0 {
		return nil, errHeadless
	}
	trained, err := cfg.trained(m.Params())
	if err != nil {
		return nil, err
	}
	l := &learner{cfg: cfg, model: m, trained: trained, state: []zoo.Tensor{}}
	for _, k := range trained {
		param, slots := m.Params()[k], [][]float32(nil)
		for _, name := range cfg.Optimizer.Slots() {
			slot := make([]float32, param.Value.Size())
			slots = append(slots, slot)
			value := tensor.New(tensor.WithShape(param.Value.Shape()...), tensor.WithBacking(slot))
			l.state = append(l.state, zoo.Tensor{Name: param.Name + "." + name, Value: value})
		}
		l.slots = append(l.slots, slots)
		l.grads = append(l.grads, make([]float32, param.Value.Size()))
	}
	l.training = newReplicas(task{
		model: m, steps: steps, stepShape: stepShape, trained: trained, smoothing: cfg.LabelSmoothing, run: &l.batches,
	}, cfg.Batch, cfg.Threads)
	return l, nil
}

// gradients adds the gradients of a batch to those of the step under way, whose
// clips are total, or begins the step, and adds the batch's score to sum. It
// returns the mean loss of the batch and the norm of the step's gradients so far.
func (l *learner) gradients(batch *datasets.Batch, begin bool, total int, sum *tally) (loss, norm float64, err error) {
	if loss, err = l.training.score(batch, total, sum); err != nil {
		return 0, 0, err
	}
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return 0, 0, l.broken(batch, total, "loss is "+number(loss))
	}
	if err := l.training.gradients(l.grads, begin); err != nil {
		return 0, 0, err
	}
	if begin {
		l.penalise(1)
	}
	if norm = globalNorm(l.grads); math.IsNaN(norm) || math.IsInf(norm, 0) {
		return 0, 0, l.broken(batch, total, "norm of the gradients is "+number(norm))
	}
	l.batches++
	return loss, norm, nil
}

// perRead turns gradients in which each of the clips planned for the step weighs
// 1/planned into means over those that were read, where the others are damaged. It
// returns their norm, given the one before.
func (l *learner) perRead(planned, read int, norm float64) float64 {
	if read == planned {
		return norm
	}
	scale := float64(planned) / float64(read)
	scaleGradients(l.grads, float32(scale))
	l.penalise(1 - scale) // the penalty is in them, and is not a mean over clips
	return globalNorm(l.grads)
}

// penalise adds part of the gradient of the classifier's L2 penalty. The penalty is
// of a step, and not of each of its batches.
func (l *learner) penalise(part float64) {
	if l.cfg.ClassifierL2 == 0 {
		return
	}
	for k, p := range l.trained {
		if param := l.model.Params()[p]; param.IsClassifier() {
			addPenalty(l.grads[k], param.Value.Data().([]float32), part*l.cfg.ClassifierL2)
		}
	}
}

// move lets the optimiser take a step, number 1 being the first, along gradients
// of the given norm.
func (l *learner) move(step int, norm, rate float64) {
	clipGradients(l.grads, norm, l.cfg.MaxGradNorm)
	for k, p := range l.trained {
		param := l.model.Params()[p]
		decay := l.cfg.WeightDecay
		if param.IsBias() {
			decay = 0
		}
		l.cfg.Optimizer.Apply(Update{
			Weights: param.Value.Data().([]float32), Gradient: l.grads[k], Slots: l.slots[k],
			Step: step, Rate: rate, Decay: decay,
		})
	}
}
