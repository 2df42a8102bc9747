package cells

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// mask makes the masks of the steps, and returns them together, (batch, steps).
func (r *run) mask(lengths *G.Node) *G.Node {
	all := r.Do(func() (*G.Node, error) { return before(lengths, r.steps) })
	r.masks = r.Split(all, r.steps)
	return all
}

func selected(x, mask *G.Node) (*G.Node, error) { return graph.Select(x, mask, false) }
func rejected(x, mask *G.Node) (*G.Node, error) { return graph.Select(x, mask, true) }

// before returns the mask (batch, steps) that is 1 at the steps before each
// sequence's length, given as (batch), and 0 in the padding after it.
func before(lengths *G.Node, steps int) (*G.Node, error) {
	return ops.Apply(&ops.Op{
		Name:  "before",
		Shape: tensor.Shape{lengths.Shape()[0], steps},
		Rows:  lengths.Shape()[0],
		F32:   stepsBefore[float32],
		F64:   stepsBefore[float64],
	}, lengths)
}

func stepsBefore[T ops.Float](out []T, length [][]T) {
	for t := range out {
		if out[t] = 0; T(t) < length[0][0] {
			out[t] = 1
		}
	}
}

// keep returns the next state, and the old one where step t is padding.
func (r *run) keep(old, next State, t int) State {
	if r.masks == nil {
		return next
	}
	choose := func(old, next *G.Node) *G.Node {
		return r.Add(r.Binary(selected, next, r.masks[t]), r.Binary(rejected, old, r.masks[t]))
	}
	kept := State{H: choose(old.H, next.H)}
	if next.C != nil {
		kept.C = choose(old.C, next.C)
	}
	return kept
}
