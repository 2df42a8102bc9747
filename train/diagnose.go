package train

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/internal/measure"
)

// DivergedError is the error of Run, Resume, Evaluate and Stepper.Step when a
// loss, gradient, weight or logit is no longer finite.
type DivergedError struct{ error }

// Unwrap returns the wrapped error.
func (e *DivergedError) Unwrap() error { return e.error }

// broken words the error about a number that is no longer finite: what was
// noticed, and which tensor went bad first.
func (l *learner) broken(batch *datasets.Batch, total int, noticed string) error {
	first, err := l.firstBad(batch, total)
	if err != nil {
		return errors.Wrapf(err, "the %s; looking for the cause", noticed)
	}
	return &DivergedError{errors.Errorf("the %s; first bad was %s; a lower learning rate than %v or clipping may help", noticed, first, l.cfg.LearningRate)}
}

// hope completes an error with what is left.
func (r *run) hope() string {
	if r.cfg.Dir == "" || !durable.Exists(lastDir(r.cfg.Dir)) {
		return ""
	}
	return fmt.Sprintf("; the last checkpoint, in %s, is from before", lastDir(r.cfg.Dir))
}

// badParam returns the first parameter with an element that is not finite, "" if
// there is none.
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
	if err := look.do(batch, total); err != nil {
		return "", err
	}
	// All replicas compute the same tensors, of other clips.
	ran := look.ran()
	for k, a := range ran[0].ran.net.Activations {
		if !slices.ContainsFunc(ran, func(r *replica) bool { return measure.NotFinite(r.ran.value(r.ran.net.Activations[k].Node)) >= 0 }) {
			continue
		}
		if a.Step < 0 {
			return fmt.Sprintf("the %s of %s", a.Name, a.Layer), nil
		}
		return fmt.Sprintf("the %s of %s at step %d", a.Name, a.Layer, a.Step+1), nil
	}
	if measure.NotFinite(look.logits()) >= 0 {
		return "the logits", nil
	}
	// Gradients are computed from the classifier down.
	for k := len(l.trained) - 1; k >= 0; k-- {
		for _, r := range ran {
			grad, err := r.ran.gradient(k)
			if err != nil {
				return "", err
			}
			if measure.NotFinite(grad) >= 0 {
				return "the gradient of " + r.ran.trained[k].Name(), nil
			}
		}
	}
	return "none in particular, only their sum", nil
}
