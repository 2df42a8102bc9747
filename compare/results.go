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

	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// Results is what a comparison came to.
type Results struct {
	Protocol Protocol
	Seeds    int
	Command  string    // that of the Comparison
	Models   []*Result // in the order of Comparison.Models
}

// Result is a model in figures, over the seeds that did not diverge.
type Result struct {
	Model    zoo.Entry
	Sizes    zoo.Description // with a classifier for the classes of the data
	Searched []Candidate     // the learning rates that were tried; none where there was one alone
	Rate     float64         // the chosen one, 0 when training diverged at every rate
	Runs     []*Run          // by seed, those that diverged too

	Seeds          []uint64 // of the values of the samples
	Accuracy, Loss Sample   // on the test part

	// Of the seeds for which they were measured: the median step in milliseconds, all steps
	// of a run in seconds, and the largest memory of the process in MB of 2^20 bytes.
	StepMillis, TrainingSeconds, PeakMB Sample

	// Against the model with the best mean accuracy, on the seeds that both have: the mean
	// difference, and the probability of one as large or larger where there is none,
	// corrected for the number of models; NaN for the best itself and where it is not known.
	Difference, P float64
	Best          bool
}

// summarise takes the means of what the runs came to, on data of so many classes,
// and compares each model with the best: that of the highest mean among those that
// have a result with most seeds.
func summarise(results []*Result, classes int) (err error) {
	var best *Result
	for _, r := range results {
		e := r.Model
		e.Spec.Classes = classes // the classifier's, which are counted
		if r.Sizes, err = zoo.Describe(e); err != nil {
			return err
		}
		r.sample()
		if len(r.Seeds) > 0 && (best == nil || cmp.Or(cmp.Compare(len(r.Seeds), len(best.Seeds)), cmp.Compare(r.Accuracy.Mean, best.Accuracy.Mean)) > 0) {
			best = r
		}
	}
	if best == nil {
		return nil
	}
	best.Best = true
	var ps []*float64
	for _, r := range results {
		if r != best {
			r.Difference, r.P = against(r, best)
			ps = append(ps, &r.P)
		}
	}
	holm(ps)
	return nil
}

// sample fills in the figures of the runs that did not diverge. Times and memory are 0 where they were not measured.
func (r *Result) sample() {
	r.Seeds, r.Difference, r.P = r.seeds(false), math.NaN(), math.NaN()
	r.Accuracy, r.Loss = sampled(r.Runs, accuracy), sampled(r.Runs, loss)
	r.StepMillis = sampled(r.Runs, func(run *Run) float64 { return cmp.Or(run.StepMillis, math.NaN()) })
	r.PeakMB = sampled(r.Runs, func(run *Run) float64 { return cmp.Or(run.PeakMB, math.NaN()) })
	r.TrainingSeconds = sampled(r.Runs, func(run *Run) float64 {
		if run.StepMillis == 0 {
			return math.NaN()
		}
		return run.StepMillis * float64(run.Epochs[len(run.Epochs)-1].Updates) / 1000
	})
}

// against returns the mean difference of two models' accuracies over the seeds that both have, and its p-value.
func against(a, b *Result) (difference, p float64) {
	var x, y []float64
	for k, seed := range a.Seeds {
		if at := slices.Index(b.Seeds, seed); at >= 0 {
			x, y = append(x, a.Accuracy.Values[k]), append(y, b.Accuracy.Values[at])
		}
	}
	return newSample(x).Mean - newSample(y).Mean, paired(x, y)
}

// seeds lists those that diverged, or those with an accuracy, as the samples have them.
func (r *Result) seeds(diverged bool) (seeds []uint64) {
	for _, run := range r.Runs {
		if (run.Diverged != "") == diverged && (diverged || !math.IsNaN(accuracy(run))) {
			seeds = append(seeds, run.Seed)
		}
	}
	return seeds
}

// Why is what the first run that diverged said, "" when none did.
func (r *Result) Why() string {
	runs := slices.Clone(r.Runs)
	for _, c := range r.Searched {
		runs = append(runs, c.Rounds...)
	}
	if k := slices.IndexFunc(runs, func(run *Run) bool { return run.Diverged != "" }); k >= 0 {
		return names.Line(runs[k].Diverged)
	}
	return ""
}

// Confusion adds up the confusion matrices of the seeds: how many test clips of each class,
// a row, were taken for each, a column.
func (r *Result) Confusion() (classes []string, counts [][]int) {
	for _, run := range r.Runs {
		if run.Diverged != "" {
			continue
		}
		classes = run.Classes
		for i, row := range run.Confusion {
			if i == len(counts) {
				counts = append(counts, make([]int, len(row)))
			}
			for j, n := range row {
				counts[i][j] += n
			}
		}
	}
	return classes, counts
}

// Claim is a difference of two models' accuracies that was published, and what it is here.
type Claim struct {
	Above, Below  *Result
	Published     float64 // the difference in points
	Difference, P float64 // of the accuracies here; P has Holm's correction for the claims
}

// Claims lists the published differences between models of the comparison that
// were measured on the same data, each with the better one above.
func (r *Results) Claims() (all []Claim) {
	for _, above := range r.Models {
		for _, below := range r.Models {
			a, b := above.Model, below.Model
			if b.PublishedAccuracy > 0 && a.PublishedAccuracy > b.PublishedAccuracy && a.Data == b.Data {
				difference, p := against(above, below)
				all = append(all, Claim{above, below, a.PublishedAccuracy - b.PublishedAccuracy, difference, p})
			}
		}
	}
	ps := make([]*float64, len(all))
	for k := range all {
		ps[k] = &all[k].P
	}
	holm(ps)
	return all
}

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
