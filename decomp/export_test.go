package decomp

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/planner"
)

// PlanOn is Plan with the costs of a model, for plans that are the same on every
// processor.
func (m *Matrix) PlanOn(costs backend.Model, opt PlanOptions) *Plan {
	s := planner.Standard().Share(max(1, m.share))
	s.Costs = costs
	return m.planWith(opt, s)
}

// Merges lists the merges of a plan's factors.
func (p *Plan) Merges() (lines []string) {
	for _, t := range p.terms {
		for k, s := range t.Steps {
			if len(s.Merges) > 0 {
				lines = append(lines, fmt.Sprintf("%s of %v merged %v\n", t.factors[k], s.Cores, s.Merges))
			}
		}
	}
	return lines
}

// Traffic returns the elements of x and of what it becomes that are read and written, a
// row, forward and for the gradients: each contraction once forward, once for its factor
// and, but for the first, once for its tensor.
func (p *Plan) Traffic() (moved float64) {
	for _, t := range p.terms {
		var read float64
		for k, s := range t.Steps {
			if k == 0 || !t.Steps[k-1].Chained {
				read = t.network.Volume(s.Before)
			}
			if !s.Chained {
				times := 3.0
				if k == 0 || k == 1 && t.Steps[0].Chained {
					times = 2
				}
				moved += times * (read + t.network.Volume(s.After))
			}
		}
	}
	return moved
}

// Nearly is Plan with costs that are off by chance, by a factor of e^0.5 as often as not.
func (m *Matrix) Nearly(opt PlanOptions, rng *rand.Rand) *Plan {
	s := planner.Standard()
	s.States = 5000
	s.Weigh = func(cost float64) float64 { return cost * math.Exp(0.75*rng.NormFloat64()) }
	return m.planWith(opt, s)
}
