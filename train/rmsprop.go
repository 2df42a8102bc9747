package train

import (
	"cmp"
	"math"
)

// RMSProp is the rule of Tieleman and Hinton (2012), with gradient g and rate α:
//
//	v = ρ·v + (1-ρ)·g²
//	w = w - α · g / (√v + ε)
//
// Weight decay λ adds λ·w to g. The zero value has ρ 0.9 and ε 1e-8.
type RMSProp struct{ Rho, Epsilon float64 }

// String returns "rmsprop" with ρ and ε.
func (r RMSProp) String() string {
	return spell("rmsprop", cmp.Or(r.Rho, 0.9), cmp.Or(r.Epsilon, 1e-8))
}

// Slots returns "v", the moving mean of the squared gradient.
func (RMSProp) Slots() []string { return []string{"v"} }

// Apply moves the weights.
func (r RMSProp) Apply(u Update) {
	rho, eps := float32(cmp.Or(r.Rho, 0.9)), float32(cmp.Or(r.Epsilon, 1e-8))
	rate, l2 := float32(u.Rate), float32(u.Decay)
	w, g, v := u.Weights, u.Gradient, u.Slots[0]
	for k := range w { // conversions as in Adam
		d := g[k] + float32(l2*w[k])
		v[k] = float32(rho*v[k]) + float32((1-rho)*float32(d*d))
		w[k] -= float32(rate*d) / (float32(math.Sqrt(float64(v[k]))) + eps)
	}
}
