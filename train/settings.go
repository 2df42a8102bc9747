package train

import (
	"math"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// Settings are float64 and what they act on is float32: numbers that mean another
// thing there are refused.
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

// positive reports whether a setting above 0 is one as float32 too.
func positive(v float64) bool { return v >= leastSetting && v <= mostSetting }

// orNone is positive, or 0.
func orNone(v float64) bool { return v == 0 || positive(v) }

// belowOne reports whether a factor from 0 on, but below 1, is that as float32 too.
func belowOne(v float64) bool { return v == 0 || v >= leastSetting && v <= 1-leastForgotten }

// What is accepted, in words.
const (
	wantPositive = "a number from 1e-30 to 1e30"
	wantOrNone   = wantPositive + ", or 0 for none"
	wantBelowOne = "at least 0 and at most 0.999999"
)

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
