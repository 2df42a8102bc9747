package train

import (
	"context"
	"runtime"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

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
	batch = max(1, min(batch, clips, set.Clips(part)))
	graphs := newReplicas(task{model: m, steps: set.Steps(), stepShape: set.StepShape(), watch: gateNodes}, batch, runtime.GOMAXPROCS(0))
	defer graphs.close()
	var all gateTally
	for b, err := range datasets.Batches(set, part, batch, inOrder(min(clips, set.Clips(part)))) {
		if stopped := ctx.Err(); stopped != nil { // as in evaluate
			return nil, stopped
		}
		if err != nil {
			return nil, err
		}
		if b.Len == 0 {
			continue
		}
		if err := graphs.do(b, b.Len); err != nil {
			return nil, err
		}
		for _, r := range graphs.ran() {
			for _, a := range r.ran.net.Activations {
				if a.Gate == nil {
					continue
				}
				values := r.ran.value(a.Node)
				units := len(values) / (r.to - r.from)
				for k, steps := range r.part.Steps {
					if a.Step < steps {
						all.add(a, set.Steps(), values[k*units:(k+1)*units])
					}
				}
			}
		}
	}
	return all.gates(), nil
}

func gateNodes(n *zoo.Network) (nodes G.Nodes) {
	for _, a := range n.Activations {
		if a.Gate != nil {
			nodes = append(nodes, a.Node)
		}
	}
	return nodes
}

// gateTally adds values up, in the order in which gates first come.
type gateTally []*gateSum

type gateSum struct {
	layer, name string
	low, high   float64 // bounds of its values
	steps       []stepSum
}

type stepSum struct {
	sum              float64
	saturated, count int
}

func (all *gateTally) add(a cells.Activation, steps int, values []float32) {
	at := slices.IndexFunc(*all, func(g *gateSum) bool { return g.layer == a.Layer && g.name == a.Name })
	if at < 0 {
		at = len(*all)
		*all = append(*all, &gateSum{layer: a.Layer, name: a.Name, low: a.Gate.Low, high: a.Gate.High, steps: make([]stepSum, steps)})
	}
	g := (*all)[at]
	s := &g.steps[a.Step]
	margin := (g.high - g.low) / 20
	for _, v := range values {
		s.sum += float64(v)
		if v := float64(v); margin > 0 && (v < g.low+margin || v > g.high-margin) {
			s.saturated++
		}
	}
	s.count += len(values)
}

// gates returns the figures; they are NaN at a step that no clip has.
func (all gateTally) gates() []Gate {
	var gates []Gate
	for _, g := range all {
		gate := Gate{Layer: g.layer, Name: g.name}
		for _, s := range g.steps {
			gate.Mean = append(gate.Mean, s.sum/float64(s.count))
			gate.Saturated = append(gate.Saturated, float64(s.saturated)/float64(s.count))
			gate.Count = append(gate.Count, s.count)
		}
		gates = append(gates, gate)
	}
	return gates
}
