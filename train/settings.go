package train

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
)

// limit says which numbers are accepted. Settings are float64 and what they act on is
// float32: numbers that mean another thing there are refused.
type limit struct {
	ok   func(v float64) bool
	want string
}

const (
	// A positive setting is in these bounds, so that neither it nor its product with
	// a weight or a gradient of any use becomes 0 or Inf.
	leastSetting, mostSetting = 1e-30, 1e30

	// A moving mean of float32 values stands still where it forgets less than this in
	// a step: the rounding of the factor, up to 3e-8, is then most of it.
	leastForgotten = 1e-6

	// The square of a gradient below 1e-22 is 0. A larger ε makes up for it.
	leastEpsilon = 1e-16
)

var (
	positive = limit{func(v float64) bool { return v >= leastSetting && v <= mostSetting }, "a number from 1e-30 to 1e30"}
	orNone   = limit{func(v float64) bool { return v == 0 || positive.ok(v) }, positive.want + ", or 0 for none"}
	belowOne = limit{func(v float64) bool { return v == 0 || v >= leastSetting && v <= 1-leastForgotten }, "at least 0 and at most 0.999999"}
	factor   = limit{func(v float64) bool { return v > 0 && belowOne.ok(v) }, "a number above 0 and at most 0.999999"}
	epsilon  = limit{func(v float64) bool { return v >= leastEpsilon && v <= mostSetting }, "a number from 1e-16 to 1e30"}
	period   = limit{func(v float64) bool { return v >= 1e-3 && v <= mostSetting }, "at least 0.001 epochs"}
	fraction = limit{func(v float64) bool { return v >= 0 && v <= 1 }, "a number from 0 to 1"}
)

// kind is an optimiser or a schedule as text has it: its name, and numbers behind colons,
// the last ones of which may be left out.
type kind[T any] struct {
	name     string
	least    int // settings that must be given
	settings []setting
	make     func(v []float64) T
}

// setting is a number behind a name.
type setting struct {
	name      string
	otherwise float64 // its default
	limit
}

// parse reads one of the kinds of what.
func parse[T any](what, s string, kinds []kind[T]) (made T, err error) {
	given := strings.Split(s, ":")
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	at := slices.Index(names, given[0])
	if at < 0 {
		return made, errors.Errorf("train: no %s is called %q%s", what, given[0], didyoumean.Hint(given[0], names))
	}
	k, values := kinds[at], []float64(nil)
	given = given[1:]
	for j, of := range k.settings {
		v := of.otherwise
		if j < len(given) {
			if v, err = strconv.ParseFloat(given[j], 64); err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
				return made, errors.Errorf("train: %s %q: %q is not a number", what, s, given[j])
			}
			if !of.ok(v) {
				return made, errors.Errorf("train: %s %q: %s is %v; want %s", what, s, of.name, v, of.want)
			}
		}
		values, names[at] = append(values, v), names[at]+":"+of.name
	}
	if n := len(given); n < k.least || n > len(k.settings) {
		return made, errors.Errorf("train: %s %q has %d settings; want %s", what, s, n, names[at])
	}
	return k.make(values), nil
}

// spell is the opposite of parse.
func spell(name string, values ...float64) string {
	for _, v := range values {
		name += ":" + strconv.FormatFloat(v, 'g', -1, 64)
	}
	return name
}
