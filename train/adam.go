package train

import (
	"cmp"
	"math"
)

// Adam is the rule of Kingma and Ba (2015), with gradient g and rate α:
//
//	m = β1·m + (1-β1)·g
//	v = β2·v + (1-β2)·g²
//	w = w - α · m/(1-β1^t) / (√(v/(1-β2^t)) + ε)
//
// Weight decay λ adds λ·w to g. The zero value has β1 0.9, β2 0.999, ε 1e-8.
type Adam struct{ Beta1, Beta2, Epsilon float64 }

// AdamW is Adam with decay decoupled from the gradient (Loshchilov and Hutter
// 2019): w shrinks by α·λ·w in each step.
type AdamW Adam

// String returns "adam" with β1, β2 and ε.
func (a Adam) String() string { return a.spell("adam") }

// String returns "adamw" with β1, β2 and ε.
func (a AdamW) String() string { return Adam(a).spell("adamw") }

func (a Adam) spell(name string) string {
	a = a.withDefaults()
	return spell(name, a.Beta1, a.Beta2, a.Epsilon)
}

func (a Adam) withDefaults() Adam {
	return Adam{cmp.Or(a.Beta1, 0.9), cmp.Or(a.Beta2, 0.999), cmp.Or(a.Epsilon, 1e-8)}
}

// Slots returns "m" and "v", the moving means of the gradient and its square.
func (Adam) Slots() []string { return []string{"m", "v"} }

// Slots returns "m" and "v", the moving means of the gradient and its square.
func (AdamW) Slots() []string { return []string{"m", "v"} }

// Apply moves the weights.
func (a Adam) Apply(u Update) { a.move(u, float32(u.Decay), 0) }

// Apply moves the weights.
func (a AdamW) Apply(u Update) { Adam(a).move(u, 0, float32(u.Rate*u.Decay)) }

// move adds l2·w to the gradient and shrinks the weights by shrink·w.
func (a Adam) move(u Update, l2, shrink float32) {
	a = a.withDefaults()
	b1, b2, eps := float32(a.Beta1), float32(a.Beta2), float32(a.Epsilon)
	t := float64(u.Step)
	rate := float32(u.Rate / (1 - math.Pow(a.Beta1, t)))
	scale := float32(1 / (1 - math.Pow(a.Beta2, t)))
	w, g := u.Weights, u.Gradient[:len(u.Weights)]
	m, v := u.Slots[0][:len(w)], u.Slots[1][:len(w)]
	// The conversions keep products from being fused into sums, which would give
	// other bits on other processors.
	for k := range w {
		d := g[k] + float32(l2*w[k])
		m[k] = float32(b1*m[k]) + float32((1-b1)*d)
		v[k] = float32(b2*v[k]) + float32((1-b2)*float32(d*d))
		root := float32(math.Sqrt(float64(v[k] * scale)))
		w[k] -= float32(shrink*w[k]) + float32(rate*m[k])/(root+eps)
	}
}
