package train

import (
	"cmp"
	"math"

	"github.com/tensorzoo/tensorzoo/internal/vector"
)

// Optimizer is a rule that moves weights by their gradients: Adam, AdamW,
// RMSProp, SGD, or one of your own. It is stateless: what it remembers of a
// tensor from step to step is in slots that the loop keeps and checkpoints hold.
type Optimizer interface {
	// String returns the rule with its settings, as ParseOptimizer reads it.
	String() string
	// Slots names what is remembered of each weight, such as "m" and "v". A slot
	// is as long as the tensor and starts at zero.
	Slots() []string
	// Apply moves one tensor's weights in place.
	Apply(Update)
}

// Update is one step on one tensor.
type Update struct {
	Weights, Gradient []float32
	Slots             [][]float32 // in the order of Slots
	Step              int         // 1 for the first
	Rate              float64     // learning rate
	Decay             float64     // weight decay; 0 for biases
}

// ParseOptimizer reads a rule by its name, with settings after colons:
//
//	adam, adam:0.9:0.999:1e-8       β1, β2, ε
//	adamw, adamw:0.9:0.999:1e-8     the same, decay decoupled from the gradient
//	rmsprop, rmsprop:0.9:1e-8       ρ, ε
//	sgd, sgd:0.9                    momentum; sgd alone has 0.9, sgd:0 none
//
// Factors are at most 0.999999 and ε is at least 1e-16: beyond that, float32
// slots would make it a different rule.
//
// It returns an error that quotes what it doesn't recognise.
func ParseOptimizer(s string) (Optimizer, error) { return parse("optimizer", s, optimizers) }

var ofAdam = []setting{{"β1", 0.9, factor}, {"β2", 0.999, factor}, {"ε", 1e-8, epsilon}}

var optimizers = []kind[Optimizer]{
	{"adam", 0, ofAdam, func(v []float64) Optimizer { return Adam{v[0], v[1], v[2]} }},
	{"adamw", 0, ofAdam, func(v []float64) Optimizer { return AdamW{v[0], v[1], v[2]} }},
	{"rmsprop", 0, []setting{{"ρ", 0.9, factor}, {"ε", 1e-8, epsilon}}, func(v []float64) Optimizer { return RMSProp{v[0], v[1]} }},
	{"sgd", 0, []setting{{"momentum", 0.9, belowOne}}, func(v []float64) Optimizer { return SGD{cmp.Or(v[0], NoMomentum)} }},
}

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
func (a Adam) Apply(u Update) { a.clipped(u, 1) }

// Apply moves the weights.
func (a AdamW) Apply(u Update) { a.clipped(u, 1) }

func (a Adam) clipped(u Update, clip float32) { a.move(u, clip, float32(u.Decay), 0) }

func (a AdamW) clipped(u Update, clip float32) {
	Adam(a).move(u, clip, 0, float32(u.Rate*u.Decay))
}

// move multiplies the gradient by clip, adds l2·w to it and shrinks the weights by shrink·w.
func (a Adam) move(u Update, clip, l2, shrink float32) {
	a = a.withDefaults()
	b1, b2, t := float32(a.Beta1), float32(a.Beta2), float64(u.Step)
	vector.Adam(u.Weights, u.Gradient, u.Slots[0], u.Slots[1], &vector.AdamRates{
		Clip: clip, L2: l2, Shrink: shrink, B1: b1, NotB1: 1 - b1, B2: b2, NotB2: 1 - b2, Epsilon: float32(a.Epsilon),
		Rate: float32(u.Rate / (1 - math.Pow(a.Beta1, t))), Scale: float32(1 / (1 - math.Pow(a.Beta2, t))),
	})
}

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

// SGD is stochastic gradient descent with momentum (Polyak 1964), with gradient g and rate α:
//
//	v = μ·v + g
//	w = w - α·v
//
// Weight decay λ adds λ·w to g. The zero value has μ 0.9, as "sgd" has; NoMomentum makes it 0.
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
