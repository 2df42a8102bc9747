package compare

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Candidate is a learning rate that was tried.
type Candidate struct {
	Rate     float64
	Rounds   []*Run  // each tested on another fold of the training part
	Accuracy float64 // mean over the rounds; -1 when one diverged
	Loss     float64
}

// choose tries the learning rates on folds of the training part, and one beyond them
// where the best is the least or the largest. A single one needs no search.
func (c *comparison) choose(ctx context.Context, r *Result) error {
	if len(c.Rates) == 1 {
		r.Rate = c.Rates[0]
		return nil
	}
	if err := c.try(ctx, r, c.Rates...); err != nil {
		return err
	}
	next := r.beyond()
	if _, err := c.config(next, 1); err != nil { // or there is none
		return nil
	}
	c.record(r.Model.Name, func(now *Progress) { now.ModelRuns += c.tries(1) })
	return c.try(ctx, r, next)
}

// try tries more rates, and takes the best of all so far.
func (c *comparison) try(ctx context.Context, r *Result, rates ...float64) error {
	var jobs []Job
	for _, rate := range rates {
		for fold := range c.Rounds {
			jobs = append(jobs, Job{Rate: rate, Seed: 1, Fold: fold + 1})
		}
	}
	runs, err := c.runs(ctx, r.Model, jobs)
	if err != nil {
		return err
	}
	for k, rate := range rates {
		rounds := runs[k*c.Rounds : (k+1)*c.Rounds]
		tried := Candidate{rate, rounds, sampled(rounds, accuracy).Mean, sampled(rounds, loss).Mean}
		if slices.ContainsFunc(rounds, func(r *Run) bool { return r.Diverged != "" }) {
			tried.Accuracy, tried.Loss = -1, 0
		}
		r.Searched = append(r.Searched, tried)
	}
	best := slices.MaxFunc(r.Searched, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(a.Accuracy, b.Accuracy), cmp.Compare(b.Loss, a.Loss))
	})
	if best.Accuracy >= 0 {
		r.Rate = best.Rate
	}
	return nil
}

// candidate returns what came of a rate, nil when it was not tried.
func (r *Result) candidate(rate float64) *Candidate {
	if k := slices.IndexFunc(r.Searched, func(c Candidate) bool { return c.Rate == rate }); k >= 0 {
		return &r.Searched[k]
	}
	return nil
}

// tried lists the rates that were tried for any of the models, sorted.
func tried(models ...*Result) (rates []float64) {
	for _, m := range models {
		for _, c := range m.Searched {
			rates = append(rates, c.Rate)
		}
	}
	slices.Sort(rates)
	return slices.Compact(rates)
}

// atEdge reports whether the rate that was taken is the least or the largest of those
// that were tried, so that one beyond might be better.
func (r *Result) atEdge() bool {
	rates := tried(r)
	return len(rates) > 1 && (r.Rate == rates[0] || r.Rate == rates[len(rates)-1])
}

// beyond returns the rate that continues those tried where the best is at their edge,
// by the ratio of the two before it, as in 1e-3, 3e-3, 1e-2 and then 3e-2; 0 elsewhere.
func (r *Result) beyond() float64 {
	if !r.atEdge() {
		return 0
	}
	rates := tried(r)
	if r.Rate != rates[0] {
		slices.Reverse(rates)
	}
	before := min(2, len(rates)-1)
	next, err := strconv.ParseFloat(strconv.FormatFloat(rates[0]*(rates[before-1]/rates[before]), 'g', 2, 64), 64)
	if err != nil || !(next > 0) || math.IsInf(next, 0) {
		return 0
	}
	return next
}

// edges says which rates were tried beyond those offered, and which of those taken
// are at the edge all the same; "" where all is well.
func (r *Results) edges() string { return said("edges", r) }

// widened lists the rates that were tried beyond those offered, with their models.
func (r *Results) widened() (all []string) {
	for _, m := range r.Models {
		for _, c := range m.Searched {
			if !slices.Contains(r.Protocol.Rates, c.Rate) {
				all = append(all, fmt.Sprintf("%s %g", m.Model.Name, c.Rate))
			}
		}
	}
	return all
}
