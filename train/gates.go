package train

import (
	"context"
	"runtime"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// Gate describes what one gate of a layer does, step by step, over all clips and
// units.
type Gate struct {
	Layer string // "layer1", or "layer1.backward" for the reverse direction
	Name  string // that of one of the cell's Gates
	Mean  []float64
	// Saturated is the fraction of the values within a twentieth of the range of
	// its ends, 0 and 1 for a sigmoid: nearly no gradient passes them. A gate
	// without bounds has none.
	Saturated []float64
	Count     []int // values behind the figures of a step; padding does not count
}

// Gates measures the gates on the first clips of a part of the set, at most the
// given number. It returns an error when Evaluate does.
func Gates(ctx context.Context, m *zoo.Model, set datasets.Set, part datasets.Part, batch, clips int) ([]Gate, error) {
	if err := fits(m, set); err != nil {
		return nil, err
	}
	if batch < 1 || clips < 1 {
		return nil, errors.Errorf("train: gates of %d clips, %d at a time; want at least 1", clips, batch)
	}
	graphs := evaluating(m, set, part, min(batch, clips), runtime.GOMAXPROCS(0))
	graphs.watch = true
	defer graphs.close()
	var all gateSums
	err := graphs.each(ctx, set, part, min(clips, set.Clips(part)), func(b *datasets.Batch) error {
		if err := graphs.do(b, b.Len); err != nil {
			return err
		}
		for _, r := range graphs.ran() {
			for _, a := range r.ran.net.Activations {
				if a.Gate == nil {
					continue
				}
				sums := all.of(a, set.Steps())
				values := r.ran.value(a.Node)
				units := len(values) / (r.to - r.from)
				for k, steps := range r.part.Steps {
					if a.Step < steps {
						sums.add(a, values[k*units:(k+1)*units])
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, g := range all {
		for k, n := range g.Count { // NaN at a step that no clip has
			g.Mean[k] /= float64(n)
			g.Saturated[k] /= float64(n)
		}
	}
	return all, nil
}

// gateSums are gates whose figures are sums, in the order in which they first come.
type gateSums []Gate

func (all *gateSums) of(a cells.Activation, steps int) *Gate {
	at := slices.IndexFunc(*all, func(g Gate) bool { return g.Layer == a.Layer && g.Name == a.Name })
	if at < 0 {
		at = len(*all)
		*all = append(*all, Gate{Layer: a.Layer, Name: a.Name, Mean: make([]float64, steps), Saturated: make([]float64, steps), Count: make([]int, steps)})
	}
	return &(*all)[at]
}

func (g *Gate) add(a cells.Activation, values []float32) {
	margin := (a.Gate.High - a.Gate.Low) / 20
	for _, v := range values {
		v := float64(v)
		g.Mean[a.Step] += v
		if margin > 0 && (v < a.Gate.Low+margin || v > a.Gate.High-margin) {
			g.Saturated[a.Step]++
		}
	}
	g.Count[a.Step] += len(values)
}
