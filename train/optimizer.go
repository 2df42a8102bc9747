package train

import (
	"math"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
)

// Optimizer is a rule that moves weights by their gradients: Adam, AdamW,
// RMSProp, SGD, or one of your own. It holds nothing that changes: what it
// remembers of a tensor from step to step stands in slots that the loop keeps
// and checkpoints hold.
type Optimizer interface {
	// String returns the rule with its settings, as ParseOptimizer reads it.
	String() string
	// Slots names what is remembered of each weight, such as "m" and "v". A
	// slot is as long as the tensor and starts with zeros.
	Slots() []string
	// Update moves one tensor's weights in place.
	Update(Update)
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
//	adamw, adamw:0.9:0.999:1e-8     the same, decay apart from the gradient
//	rmsprop, rmsprop:0.9:1e-8       ρ, ε
//	sgd, sgd:0.9                    momentum; sgd alone has 0.9, sgd:0 none
//
// It returns an error that names what it doesn't know.
func ParseOptimizer(s string) (Optimizer, error) {
	name, settings, _ := strings.Cut(s, ":")
	values, err := numbers(settings)
	if err != nil {
		return nil, errors.Errorf("train: optimizer %q: %v", s, err)
	}
	// get returns the k-th setting, or what stands there by default.
	get := func(k int, otherwise float64) float64 {
		if k < len(values) {
			return values[k]
		}
		return otherwise
	}
	var o Optimizer
	most := 0
	inRange := true
	beta := func(v float64) bool { return v > 0 && v < 1 } // 0 stands for the default in the structs
	switch name {
	case "adam", "adamw":
		a := Adam{Beta1: get(0, 0.9), Beta2: get(1, 0.999), Epsilon: get(2, 1e-8)}
		most, inRange = 3, beta(a.Beta1) && beta(a.Beta2) && a.Epsilon > 0
		if o = a; name == "adamw" {
			o = AdamW(a)
		}
	case "rmsprop":
		r := RMSProp{Rho: get(0, 0.9), Epsilon: get(1, 1e-8)}
		most, inRange, o = 2, beta(r.Rho) && r.Epsilon > 0, r
	case "sgd":
		m := SGD{Momentum: get(0, 0.9)}
		most, inRange, o = 1, m.Momentum >= 0 && m.Momentum < 1, m
	default:
		return nil, errors.Errorf("train: no optimizer is called %q%s", name, didyoumean.Hint(name, []string{"adam", "adamw", "rmsprop", "sgd"}))
	}
	if len(values) > most {
		return nil, errors.Errorf("train: optimizer %q has %d settings; %s takes %d", s, len(values), name, most)
	}
	if !inRange {
		return nil, errors.Errorf("train: optimizer %q: factors are above 0 and below 1, momentum may be 0, ε is above 0", s)
	}
	return o, nil
}

// numbers reads numbers between colons; none from "".
func numbers(s string) ([]float64, error) {
	if s == "" {
		return nil, nil
	}
	var values []float64
	for part := range strings.SplitSeq(s, ":") {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, errors.Errorf("%q is not a number", part)
		}
		values = append(values, v)
	}
	return values, nil
}

// spell is the opposite of numbers, behind a name.
func spell(name string, values ...float64) string {
	for _, v := range values {
		name += ":" + strconv.FormatFloat(v, 'g', -1, 64)
	}
	return name
}

// orDefault gives a setting its default when it is 0.
func orDefault(v, otherwise float64) float64 {
	if v == 0 {
		return otherwise
	}
	return v
}
