package decomp

import "github.com/tensorzoo/tensorzoo/internal/backend"

// PlanOn is Plan with the costs of a model, for plans that are the same on every
// processor.
func (m *Matrix) PlanOn(costs backend.Model, opt PlanOptions) *Plan {
	s := m.settings()
	s.costs = costs
	return m.planWith(opt, s)
}
