package compare

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"
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
	c.shown.more(r.Model.Name, c.tries(1))
	return c.try(ctx, r, next)
}

// try tries more rates, and takes the best of all so far.
func (c *comparison) try(ctx context.Context, r *Result, rates ...float64) error {
	group, ctx := errgroup.WithContext(ctx)
	tried := make([]Candidate, len(rates))
	for k, rate := range rates {
		tried[k] = Candidate{Rate: rate, Rounds: make([]*Run, c.Rounds)}
		for fold := range c.Rounds {
			group.Go(func() (err error) {
				tried[k].Rounds[fold], err = c.run(ctx, r.Model, Job{Rate: rate, Seed: 1, Fold: fold + 1})
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for k := range tried {
		tried[k].score()
	}
	r.Searched = append(r.Searched, tried...)
	best := slices.MaxFunc(r.Searched, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(a.Accuracy, b.Accuracy), cmp.Compare(b.Loss, a.Loss))
	})
	if best.Accuracy >= 0 {
		r.Rate = best.Rate
	}
	return nil
}

// score takes the means over the rounds.
func (c *Candidate) score() {
	for _, r := range c.Rounds {
		if r.Diverged != "" {
			c.Accuracy, c.Loss = -1, 0
			return
		}
		c.Accuracy += r.Test.Accuracy / float64(len(c.Rounds))
		c.Loss += r.Test.Loss / float64(len(c.Rounds))
	}
}

// tried lists the rates that were tried, sorted.
func (r *Result) tried() []float64 {
	var rates []float64
	for _, c := range r.Searched {
		rates = append(rates, c.Rate)
	}
	slices.Sort(rates)
	return rates
}

// atEdge reports whether the rate that was taken is the least or the largest of those
// that were tried, so that one beyond might be better.
func (r *Result) atEdge() bool {
	rates := r.tried()
	return len(rates) > 1 && (r.Rate == rates[0] || r.Rate == rates[len(rates)-1])
}

// beyond returns the rate that continues those tried where the best is at their edge,
// by the ratio of the two before it, as in 1e-3, 3e-3, 1e-2 and then 3e-2; 0 elsewhere.
func (r *Result) beyond() float64 {
	if !r.atEdge() {
		return 0
	}
	rates := r.tried()
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

// atEdge lists the rates that were taken at the edge of those tried, with their models.
func (r *Results) atEdge() (all []string) {
	for _, m := range r.Models {
		if m.atEdge() {
			all = append(all, fmt.Sprintf("%s %g", m.Model.Name, m.Rate))
		}
	}
	return all
}
