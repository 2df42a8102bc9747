package train

import (
	"fmt"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// broken words the error about a number that is no longer finite: where it was
// noticed, which tensor went bad first, and what is left.
func (r *run) broken(batch *datasets.Batch, total int, noticed string) error {
	where := fmt.Sprintf("train: epoch %d, step %d: the %s", r.at.Epoch+1, r.at.Step+1, noticed)
	first, err := r.firstBad(batch, total)
	if err != nil {
		return errors.Wrapf(err, "%s; looking for the cause", where)
	}
	return errors.Errorf("%s; first bad was %s; a lower learning rate than %v or clipping may help%s", where, first, r.cfg.LearningRate, r.hope())
}

// hope completes an error with what is left.
func (r *run) hope() string {
	if r.cfg.Dir == "" || !durable.Exists(lastDir(r.cfg.Dir)) {
		return ""
	}
	return fmt.Sprintf("; the last checkpoint, in %s, is from before", lastDir(r.cfg.Dir))
}

// badParam returns the first parameter with an element that is not finite, "" for
// none.
func (r *run) badParam() (name string, at int) {
	for _, p := range r.model.Params() {
		if at := notFinite(p.Value.Data().([]float32)); at >= 0 {
			return p.Name, at
		}
	}
	return "", -1
}

// firstBad runs the batch once more and looks, in the order in which they are
// computed, for the first tensor with an element that is not finite.
func (r *run) firstBad(batch *datasets.Batch, total int) (string, error) {
	if at := notFinite(batch.X[:batch.Len*len(batch.X)/r.cfg.Batch]); at >= 0 {
		return fmt.Sprintf("the input of clip %d", batch.Clips[at/(len(batch.X)/r.cfg.Batch)]), nil
	}
	if name, at := r.badParam(); name != "" {
		return fmt.Sprintf("parameter %s at element %d, moved there by the step before", name, at), nil
	}
	look := *r.training
	look.full, look.lengths = nil, nil
	look.watch = func(n *zoo.Network) (nodes G.Nodes) {
		for _, a := range n.Activations {
			nodes = append(nodes, a.Node)
		}
		return nodes
	}
	defer look.close()
	g, err := look.do(batch, total)
	if err != nil {
		return "", err
	}
	for _, a := range g.net.Activations {
		if at := notFinite(g.program.Value(a.Node).Data().([]float32)); at < 0 {
			continue
		}
		if a.Step < 0 {
			return fmt.Sprintf("the %s of %s", a.Name, a.Layer), nil
		}
		return fmt.Sprintf("the %s of %s at step %d", a.Name, a.Layer, a.Step+1), nil
	}
	if notFinite(g.logits(batch)) >= 0 {
		return "the logits", nil
	}
	// Gradients are computed from the classifier down.
	for k := len(g.trained) - 1; k >= 0; k-- {
		v, err := g.trained[k].Grad()
		if err != nil {
			return "", errors.Wrapf(err, "train: gradient of %s", g.trained[k].Name())
		}
		if notFinite(v.Data().([]float32)) >= 0 {
			return "the gradient of " + g.trained[k].Name(), nil
		}
	}
	return "none in particular, only their sum", nil
}

// notFinite returns the first element that is NaN or Inf, -1 for none.
func notFinite(x []float32) int {
	for k, v := range x {
		if v-v != 0 {
			return k
		}
	}
	return -1
}
