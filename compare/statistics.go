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

// sampled returns a figure of the runs that did not diverge; NaN is one that is not known.
func sampled(runs []*Run, figure func(r *Run) float64) Sample {
	var values []float64
	for _, r := range runs {
		if r.Diverged != "" {
			continue
		}
		if v := figure(r); !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	return newSample(values)
}

func accuracy(r *Run) float64 { return r.Test.Accuracy }
func loss(r *Run) float64     { return r.Test.Loss }

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
	n := float64(len(a))
	mean, sd := stat.MeanStdDev(floats.SubTo(make([]float64, len(a)), a, b), nil)
	switch {
	case sd == 0 && mean == 0:
		return 1
	case sd <= 1e-12*math.Abs(mean):
		return math.NaN()
	}
	return 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Survival(math.Abs(mean)/stat.StdErr(sd, n))
}

// holm corrects p-values as Holm (1979) does for being many: the k-th smallest of n is
// multiplied with n-k+1, and none is below a smaller one. NaN stays NaN and does not count.
func holm(ps []*float64) {
	ps = slices.DeleteFunc(ps, func(p *float64) bool { return math.IsNaN(*p) })
	slices.SortStableFunc(ps, func(a, b *float64) int { return cmp.Compare(*a, *b) })
	least := 0.0
	for k, p := range ps {
		least = max(least, min(1, *p*float64(len(ps)-k)))
		*p = least
	}
}
