package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Sample is a figure of several runs: its values by seed, their mean, NaN for none, and
// their standard deviation (that of n-1), NaN for fewer than two.
type Sample struct {
	Values   []float64
	Mean, SD float64
}

func newSample(values []float64) Sample {
	mean, sd := stat.MeanStdDev(values, nil)
	return Sample{values, mean, sd}
}

// plusMinus writes the mean and the standard deviation with so many decimals.
func (s Sample) plusMinus(decimals int) string {
	switch {
	case math.IsNaN(s.Mean):
		return "-"
	case math.IsNaN(s.SD):
		return strconv.FormatFloat(s.Mean, 'f', decimals, 64)
	}
	return fmt.Sprintf("%.*f ± %.*f", decimals, s.Mean, decimals, s.SD)
}

// each writes all values.
func (s Sample) each(decimals int) string {
	return strings.Trim(fmt.Sprintf("%.*f", decimals, s.Values), "[]")
}

// significance is the probability below which a difference counts as shown.
const significance = 0.05

// paired returns the p-value of Student's two-sided test that a and b, measured
// with the same seeds, differ by nothing in the mean. It is 1 when they are equal,
// and NaN where there is nothing to judge a difference by: for fewer than two seeds,
// and when all differences are the same, as those of accuracies on a few clips are
// by chance.
func paired(a, b []float64) float64 {
	if len(a) < 2 {
		return math.NaN()
	}
	d := floats.SubTo(make([]float64, len(a)), a, b)
	mean, sd := stat.MeanStdDev(d, nil)
	n := float64(len(d))
	if sd <= 1e-12*math.Abs(mean) || sd == 0 {
		if mean == 0 {
			return 1
		}
		return math.NaN()
	}
	t := math.Abs(mean) / stat.StdErr(sd, n)
	return 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Survival(t)
}

// holm returns the p-values as Holm (1979) corrects them for being many: the
// k-th smallest of n is multiplied with n-k+1, and none is below a smaller one.
// NaN stays NaN and does not count.
func holm(p []float64) []float64 {
	out := slices.Clone(p)
	var order []int
	for k, v := range p {
		if !math.IsNaN(v) {
			order = append(order, k)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	least := 0.0
	for k, at := range order {
		least = max(least, min(1, p[at]*float64(len(order)-k)))
		out[at] = least
	}
	return out
}

const noDifference = "no difference shown"
