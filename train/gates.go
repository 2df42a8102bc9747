package train

import (
	"context"
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// Gate is what one gate of a layer does, step by step, over all clips and units.
// A gate whose values are nearly all 0 or 1 (-1 or 1 for a candidate) is
// saturated: almost no gradient passes it.
type Gate struct {
	Layer string // "layer1", or "layer1.backward" for the reverse direction
	Name  string // as of cells.Cell.GateNames
	Mean  []float64
	Low   []float64 // a tenth of the values is below
	High  []float64 // a tenth is above
	Count []int     // values behind the figures of a step; padding does not count
}

// Gates measures the gates on the first clips of a part of the set, at most the
// given number of them. It returns an error where Evaluate does.
func Gates(ctx context.Context, m *zoo.Model, set datasets.Set, part datasets.Part, batch, clips int) ([]Gate, error) {
	if err := fits(m, set); err != nil {
		return nil, err
	}
	graphs := &graphs{model: m, set: set, batch: batch, watch: gateNodes}
	defer graphs.close()
	var all gateTally
	for b, err := range datasets.Batches(set, part, batch, inOrder(min(clips, set.Clips(part)))) {
		if err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		g, err := graphs.do(b, b.Len)
		if err != nil {
			return nil, err
		}
		for _, a := range g.net.Activations {
			if !a.Gate {
				continue
			}
			values := g.program.Value(a.Node).Data().([]float32)
			units := len(values) / batch
			for k, steps := range b.Steps {
				if a.Step < steps {
					all.add(a, set.Steps(), values[k*units:(k+1)*units])
				}
			}
		}
	}
	return all.gates(), nil
}

func gateNodes(n *zoo.Network) (nodes G.Nodes) {
	for _, a := range n.Activations {
		if a.Gate {
			nodes = append(nodes, a.Node)
		}
	}
	return nodes
}

// gateTally adds values up, in the order in which gates first come.
type gateTally []*gateSteps

type gateSteps struct {
	layer, name string
	steps       []histogram
}

// histogram counts values from -1 to 1, where all gates are.
type histogram struct {
	sum   float64
	count int
	bins  [400]int
}

func (all *gateTally) add(a cells.Activation, steps int, values []float32) {
	var g *gateSteps
	for _, known := range *all {
		if known.layer == a.Layer && known.name == a.Name {
			g = known
		}
	}
	if g == nil {
		g = &gateSteps{a.Layer, a.Name, make([]histogram, steps)}
		*all = append(*all, g)
	}
	h := &g.steps[a.Step]
	for _, v := range values {
		h.sum += float64(v)
		bin := int((float64(v) + 1) / 2 * float64(len(h.bins)))
		h.bins[min(max(bin, 0), len(h.bins)-1)]++
	}
	h.count += len(values)
}

// quantile returns the middle of the bin that holds the q-th part of the values,
// NaN when there are none.
func (h *histogram) quantile(q float64) float64 {
	seen := 0
	for k, n := range h.bins {
		if seen += n; n > 0 && float64(seen) >= q*float64(h.count) {
			return (float64(k)+0.5)/float64(len(h.bins))*2 - 1
		}
	}
	return math.NaN()
}

func (all gateTally) gates() []Gate {
	var gates []Gate
	for _, g := range all {
		gate := Gate{Layer: g.layer, Name: g.name}
		for k := range g.steps {
			h := &g.steps[k]
			gate.Mean = append(gate.Mean, h.sum/float64(h.count)) // NaN where no clip is that long
			gate.Low, gate.High = append(gate.Low, h.quantile(0.1)), append(gate.High, h.quantile(0.9))
			gate.Count = append(gate.Count, h.count)
		}
		gates = append(gates, gate)
	}
	return gates
}
