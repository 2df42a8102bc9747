package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// result is a model in figures, over the seeds that did not diverge.
type result struct {
	*contender
	zoo.Description

	seeds                         []uint64
	accuracy, loss                sample // on the test part
	stepMillis, trainingS, peakMB sample

	// Against the model with the best mean accuracy, on the seeds that both
	// have: the mean difference, and the probability of one as large or larger
	// where there is none, corrected for the number of models; NaN for the best
	// itself and where it is not known.
	difference, p float64
	best          bool
}

// newResults takes the means of what the runs came to, on data of so many classes,
// and compares each model with the best: that of the highest mean among those that
// have a result with most seeds.
func newResults(all []*contender, classes int) ([]*result, error) {
	var results []*result
	best := -1
	for k, c := range all {
		e := c.Entry
		e.Spec.Classes = classes // the classifier's, which are counted
		d, err := zoo.Describe(e)
		if err != nil {
			return nil, err
		}
		r := &result{contender: c, Description: d, difference: math.NaN(), p: math.NaN()}
		var accuracy, loss, step, training, peak []float64
		for _, o := range c.runs {
			if o.Diverged != "" {
				continue
			}
			r.seeds = append(r.seeds, o.Seed)
			accuracy, loss = append(accuracy, o.Test.Accuracy), append(loss, o.Test.Loss)
			if o.StepMillis > 0 {
				step = append(step, o.StepMillis)
				training = append(training, o.StepMillis*float64(o.steps())/1000)
			}
			if o.PeakMB > 0 {
				peak = append(peak, o.PeakMB)
			}
		}
		r.accuracy, r.loss, r.stepMillis = newSample(accuracy), newSample(loss), newSample(step)
		r.trainingS, r.peakMB = newSample(training), newSample(peak)
		results = append(results, r)
		if len(r.seeds) == 0 {
			continue
		}
		if best < 0 || cmp.Or(cmp.Compare(len(r.seeds), len(results[best].seeds)), cmp.Compare(r.accuracy.mean, results[best].accuracy.mean)) > 0 {
			best = k
		}
	}
	if best < 0 {
		return results, nil
	}
	results[best].best = true
	ps := make([]float64, len(results))
	for k, r := range results {
		ps[k] = math.NaN()
		if k != best {
			r.difference, ps[k] = against(r, results[best])
		}
	}
	for k, p := range holm(ps) {
		results[k].p = p
	}
	return results, nil
}

// against returns the mean difference of two models' accuracies over the seeds
// that both have, and its p-value.
func against(a, b *result) (difference, p float64) {
	at := map[uint64]float64{}
	for k, seed := range b.seeds {
		at[seed] = b.accuracy.values[k]
	}
	var x, y []float64
	for k, seed := range a.seeds {
		if other, ok := at[seed]; ok {
			x, y = append(x, a.accuracy.values[k]), append(y, other)
		}
	}
	return newSample(x).mean - newSample(y).mean, paired(x, y)
}

const noDifference = "no difference shown"

// verdict words a difference of accuracies and its p-value.
func verdict(difference, p float64) string {
	switch {
	case math.IsNaN(difference):
		return "no seed in common"
	case math.IsNaN(p):
		return fmt.Sprintf("%+.4f, not tested", difference)
	case p >= significance:
		return fmt.Sprintf("%+.4f, %s (p = %.3g)", difference, noDifference, p)
	}
	return fmt.Sprintf("%+.4f (p = %.3g)", difference, p)
}

// verdict is the model's against the best.
func (r *result) verdict() string {
	switch {
	case r.best:
		return "best"
	case r.rate == 0:
		return "diverged at every learning rate"
	case len(r.seeds) == 0:
		return "diverged with every seed"
	}
	return verdict(r.difference, r.p)
}

// diverged lists the seeds without a result.
func (r *result) diverged() string {
	var seeds []string
	for _, o := range r.runs {
		if o.Diverged != "" {
			seeds = append(seeds, fmt.Sprint(o.Seed))
		}
	}
	return strings.Join(seeds, ", ")
}

// why is what the first run that diverged said.
func (r *result) why() string {
	runs := slices.Clone(r.runs)
	for _, c := range r.searched {
		runs = append(runs, c.rounds...)
	}
	for _, o := range runs {
		if o.Diverged != "" {
			return names.Line(o.Diverged)
		}
	}
	return ""
}

// claim is a difference of two models' accuracies that was published, and what
// it is here.
type claim struct {
	above, below  *result
	difference, p float64 // of the accuracies here
}

// claims lists the published differences between models of the comparison that
// were measured on the same data, each with the better one above.
func claims(results []*result) []claim {
	var all []claim
	var differences []float64
	for _, above := range results {
		for _, below := range results {
			if below.PublishedAccuracy == 0 || above.PublishedAccuracy <= below.PublishedAccuracy || above.Entry.Data != below.Entry.Data {
				continue
			}
			c := claim{above: above, below: below}
			c.difference, c.p = against(above, below)
			all = append(all, c)
			differences = append(differences, c.p)
		}
	}
	for k, p := range holm(differences) {
		all[k].p = p
	}
	return all
}

// verdict reports whether the order that was published is seen here.
func (c claim) verdict() string {
	switch {
	case math.IsNaN(c.difference) || math.IsNaN(c.p):
		return "not tested"
	case c.p >= significance:
		return noDifference
	case c.difference > 0:
		return "holds here"
	}
	return "the other way round here"
}
