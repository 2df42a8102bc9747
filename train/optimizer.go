package train

import (
	"cmp"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
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
func ParseOptimizer(s string) (Optimizer, error) {
	name, settings, _ := strings.Cut(s, ":")
	values, err := numbers(settings)
	if err != nil {
		return nil, errors.Errorf("train: optimizer %q: %v", s, err)
	}
	var names []string
	for _, r := range rules {
		if names = append(names, r.name); r.name != name {
			continue
		}
		if len(values) > len(r.settings) {
			return nil, errors.Errorf("train: optimizer %q has %d settings; %s takes %d", s, len(values), name, len(r.settings))
		}
		for k, of := range r.settings {
			if k == len(values) {
				values = append(values, of.otherwise)
			}
			if !of.valid(values[k]) {
				return nil, errors.Errorf("train: optimizer %q: %s is %v; want %s", s, of.name, values[k], of.want)
			}
		}
		return r.make(values), nil
	}
	return nil, errors.Errorf("train: no optimizer is called %q%s", name, didyoumean.Hint(name, names))
}

// rules are the optimisers with the settings behind their names.
var rules = []struct {
	name     string
	settings []setting
	make     func(v []float64) Optimizer
}{
	{"adam", []setting{factor("β1", 0.9), factor("β2", 0.999), epsilon}, func(v []float64) Optimizer { return Adam{v[0], v[1], v[2]} }},
	{"adamw", []setting{factor("β1", 0.9), factor("β2", 0.999), epsilon}, func(v []float64) Optimizer { return AdamW{v[0], v[1], v[2]} }},
	{"rmsprop", []setting{factor("ρ", 0.9), epsilon}, func(v []float64) Optimizer { return RMSProp{v[0], v[1]} }},
	{"sgd", []setting{momentum}, func(v []float64) Optimizer { return SGD{cmp.Or(v[0], NoMomentum)} }},
}

// setting is a number behind the name of a rule.
type setting struct {
	name      string
	otherwise float64 // its default
	valid     func(float64) bool
	want      string
}

var (
	epsilon  = setting{"ε", 1e-8, func(v float64) bool { return v >= leastEpsilon && v <= mostSetting }, "a number from 1e-16 to 1e30"}
	momentum = setting{"the momentum", 0.9, belowOne, wantBelowOne}
)

// factor is a setting above 0; 0 stands for the default in the structs.
func factor(name string, otherwise float64) setting {
	return setting{name, otherwise, func(v float64) bool { return v > 0 && belowOne(v) }, "a number above 0 and at most 0.999999"}
}
