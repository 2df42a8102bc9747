package train

import "cmp"

// SGD is stochastic gradient descent with momentum (Polyak 1964), with gradient
// g and rate α:
//
//	v = μ·v + g
//	w = w - α·v
//
// Weight decay λ adds λ·w to g. The zero value has μ 0.9, as "sgd" has;
// NoMomentum makes it 0.
type SGD struct{ Momentum float64 }

// NoMomentum is the Momentum of plain gradient descent, "sgd:0".
const NoMomentum = -1

// String returns "sgd" with the momentum.
func (s SGD) String() string { return spell("sgd", s.momentum()) }

func (s SGD) momentum() float64 {
	if s.Momentum == NoMomentum {
		return 0
	}
	return cmp.Or(s.Momentum, 0.9)
}

// Slots returns "v", the velocity.
func (SGD) Slots() []string { return []string{"v"} }

// Apply moves the weights.
func (s SGD) Apply(u Update) {
	mu, rate, l2 := float32(s.momentum()), float32(u.Rate), float32(u.Decay)
	w, g, v := u.Weights, u.Gradient, u.Slots[0]
	for k := range w { // conversions as in Adam
		v[k] = float32(mu*v[k]) + (g[k] + float32(l2*w[k]))
		w[k] -= float32(rate * v[k])
	}
}
