package decomp

import (
	"fmt"

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

// Traffic returns the elements of x or of what it became that each step reads and
// writes, a row, and its multiply-adds.
func (p *Plan) Traffic(visit func(first bool, read, written, mulAdds float64)) {
	for _, t := range p.terms {
		for k, s := range t.Steps {
			visit(k == 0, t.network.Volume(s.Before), t.network.Volume(s.After), float64(t.network.mulAdds(s)))
		}
	}
}
