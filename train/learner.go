package train

import (
	"fmt"
	"math"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/internal/vector"
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
	grads   [][]float32   // of the step under way, for each of them; of one batch in the memory of a replica

	training *replicas
	batches  uint64 // batches trained on so far: dropout's runs
}

// newLearner makes a learner of clips of one shape, which fits the model, from a complete configuration.
// With carry each batch is a piece of its clips, and states go on from one to the next.
func newLearner(m *zoo.Model, steps int, stepShape []int, carry bool, cfg Config) (*learner, error) {
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
		for j, name := range cfg.Optimizer.Slots() {
			slot := vector.Apart(param.Value.Size(), 2+j) // from the weights and the gradients
			slots = append(slots, slot)
			value := tensor.New(tensor.WithShape(param.Value.Shape()...), tensor.WithBacking(slot))
			l.state = append(l.state, zoo.Tensor{Name: param.Name + "." + name, Value: value})
		}
		l.slots = append(l.slots, slots)
		var sum []float32
		if cfg.Accumulate > 1 || carry {
			sum = vector.Apart(param.Value.Size(), 1)
		}
		l.grads = append(l.grads, sum)
	}
	t := task{model: m, steps: steps, stepShape: stepShape, trained: trained, smoothing: cfg.LabelSmoothing, truncate: cfg.Truncate, carry: carry, run: &l.batches}
	l.training = newReplicas(t, cfg.Batch, cfg.Threads)
	l.training.onBuild = cfg.OnBuild
	return l, nil
}

// gradients adds the gradients of a batch to those of the step under way, whose
// clips are total, or begins the step, and adds the batch's score to sum. It
// returns the mean loss of the batch and the norm of the step's gradients so far.
func (l *learner) gradients(batch *datasets.Batch, begin bool, total int, sum *tally) (loss, norm float64, err error) {
	if loss, err = l.training.score(batch, total, sum); err != nil {
		return 0, 0, err
	}
	if err := l.finite("loss", loss, batch, total); err != nil {
		return 0, 0, err
	}
	// The graph's own memory of a gradient lasts until the next batch or piece runs.
	l.training.gradients(l.grads, begin, l.cfg.Accumulate > 1 || l.training.carry)
	if begin {
		l.penalise(1)
	}
	if batch.More {
		return loss, 0, nil
	}
	norm = globalNorm(l.grads)
	if err := l.finite("norm of the gradients", norm, batch, total); err != nil {
		return 0, 0, err
	}
	l.batches++
	return loss, norm, nil
}

// perRead turns gradients in which each of the clips planned for the step weighs 1/planned into means
// over those that were read, where the others are damaged. It returns their norm, given the one before.
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

// move lets the optimiser take a step, number 1 being the first, along gradients of the given norm.
func (l *learner) move(step int, norm, rate float64) {
	clip := float32(clipping(norm, l.cfg.MaxGradNorm))
	for k, p := range l.trained {
		param := l.model.Params()[p]
		decay := l.cfg.WeightDecay
		if param.IsBias() {
			decay = 0
		}
		u := Update{param.Value.Data().([]float32), l.grads[k], l.slots[k], step, rate, decay}
		switch rule := l.cfg.Optimizer.(type) {
		case Adam: // multiplies while it reads, which saves going through all gradients once more
			rule.clipped(u, clip)
		case AdamW:
			rule.clipped(u, clip)
		default:
			if clip != 1 {
				scaleGradients(l.grads[k:k+1], clip)
			}
			rule.Apply(u)
		}
	}
}

// globalNorm returns the length of all gradients as one vector.
func globalNorm(grads [][]float32) float64 {
	sum := 0.0
	for _, grad := range grads {
		sum += vector.Squares(grad)
	}
	return math.Sqrt(sum)
}

// clipping returns the factor of all gradients, of the given norm, that keeps it within
// limit (Pascanu et al. 2013); 0 means no limit.
func clipping(norm, limit float64) float64 {
	if limit > 0 && norm > limit {
		return limit / norm
	}
	return 1
}

func scaleGradients(grads [][]float32, scale float32) {
	for _, grad := range grads {
		for j := range grad {
			grad[j] *= scale
		}
	}
}

// addPenalty adds the gradient of l2 times the sum of the squared weights.
func addPenalty(grad, weights []float32, l2 float64) {
	twice := float32(2 * l2)
	for k, w := range weights {
		grad[k] += float32(twice * w) // not fused, for the same bits on all processors
	}
}

// DivergedError is the error of Run, Resume, Evaluate and Stepper.Step when a
// loss, gradient, weight or logit is no longer finite.
type DivergedError struct{ error }

// Unwrap returns the wrapped error.
func (e *DivergedError) Unwrap() error { return e.error }

// finite returns an error for a number of the step under way that is not finite, which
// says what tensor went bad first.
func (l *learner) finite(what string, is float64, batch *datasets.Batch, total int) error {
	if !math.IsNaN(is) && !math.IsInf(is, 0) {
		return nil
	}
	first, err := l.firstBad(batch, total)
	if err != nil {
		return errors.Wrapf(err, "the %s is %v; looking for the cause", what, is)
	}
	return &DivergedError{errors.Errorf("the %s is %v; first bad was %s; a lower learning rate than %v or clipping may help", what, is, first, l.cfg.LearningRate)}
}

// hope completes an error with what is left.
func (r *run) hope() string {
	if r.cfg.Dir == "" || !durable.Exists(lastDir(r.cfg.Dir)) {
		return ""
	}
	return fmt.Sprintf("; the last checkpoint, in %s, is from before", lastDir(r.cfg.Dir))
}

// badParam returns the first parameter with an element that is not finite, "" if there is none.
func (l *learner) badParam() (name string, at int) {
	for _, p := range l.model.Params() {
		if at := measure.NotFinite(p.Value.Data().([]float32)); at >= 0 {
			return p.Name, at
		}
	}
	return "", -1
}

// firstBad runs the batch once more and looks, in the order in which they are
// computed, for the first tensor with an element that is not finite.
func (l *learner) firstBad(batch *datasets.Batch, total int) (string, error) {
	clip := len(batch.X) / l.cfg.Batch
	if at := measure.NotFinite(batch.X[:batch.Len*clip]); at >= 0 {
		return fmt.Sprintf("the input of clip %d", batch.Clips[at/clip]), nil
	}
	if name, at := l.badParam(); name != "" {
		return fmt.Sprintf("parameter %s at element %d, moved there by the step before", name, at), nil
	}
	watched := l.training.task
	watched.watch = true
	look := newReplicas(watched, l.cfg.Batch, l.cfg.Threads)
	defer look.close()
	for k, each := range l.training.all {
		look.all[k].state = each.state
	}
	if err := look.do(batch, total); err != nil {
		return "", err
	}
	// All replicas compute the same tensors, of other clips.
	ran := look.ran()
	var first cells.Activation
	earliest := math.MaxInt
	for k, a := range ran[0].ran.net.Activations {
		if first.Layer != "" && first.Layer != a.Layer {
			break
		}
		for _, r := range ran {
			for j, v := range r.ran.value(r.ran.net.Activations[k].Node) {
				if step := j / a.Node.Shape()[2] % a.Node.Shape()[1]; step < earliest && (math.IsNaN(float64(v)) || math.IsInf(float64(v), 0)) {
					first, earliest = a, step
				}
			}
		}
		if first.Name == cells.Projection { // has all steps before the others have one
			return fmt.Sprintf("the %s of %s", first.Name, first.Layer), nil
		}
	}
	if first.Layer != "" {
		return fmt.Sprintf("the %s of %s at step %d", first.Name, first.Layer, batch.From+earliest+1), nil
	}
	if measure.NotFinite(look.logits()) >= 0 {
		return "the logits", nil
	}
	// Gradients are computed from the classifier down.
	for k := len(l.trained) - 1; k >= 0; k-- {
		for _, r := range ran {
			if !r.of.forward && measure.NotFinite(r.ran.gradient(k)) >= 0 {
				return "the gradient of " + r.ran.trained[k].Name(), nil
			}
		}
	}
	return "none in particular, only their sum", nil
}
