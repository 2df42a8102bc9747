package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
)

// candidate is a learning rate that was tried.
type candidate struct {
	rate     float64
	rounds   []*outcome
	accuracy float64 // mean over the rounds; -1 when one diverged
	loss     float64
}

// search tries the learning rates on folds of the training part, and one beyond them
// where the best is the least or the largest. A single one needs no search.
func (c *comparison) search(ctx context.Context, m *contender) error {
	if len(c.Rates) == 1 {
		m.rate = c.Rates[0]
		return nil
	}
	if err := c.try(ctx, m, c.Rates); err != nil {
		return err
	}
	next := m.beyond()
	if next == 0 || c.checkRate(next) != nil {
		return nil
	}
	c.shown.more(m.Name, c.searchSteps, c.Rounds)
	return c.try(ctx, m, []float64{next})
}

// checkRate returns an error for a rate that no run can have.
func (p protocol) checkRate(rate float64) error {
	cfg, err := p.config(rate, 1)
	if err != nil {
		return err
	}
	return cfg.Check()
}

// try tries more rates, and takes the best of all so far.
func (c *comparison) try(ctx context.Context, m *contender, rates []float64) error {
	group, ctx := errgroup.WithContext(ctx)
	tried := make([]candidate, len(rates))
	for k, rate := range rates {
		tried[k] = candidate{rate: rate, rounds: make([]*outcome, c.Rounds)}
		for fold := range c.Rounds {
			group.Go(func() (err error) {
				tried[k].rounds[fold], err = c.outcome(ctx, c.job(m.Entry, rate, 1, fold+1))
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
	m.searched = append(m.searched, tried...)
	best := slices.MaxFunc(m.searched, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.accuracy, b.accuracy), cmp.Compare(b.loss, a.loss))
	})
	if best.accuracy >= 0 {
		m.rate = best.rate
	}
	return nil
}

// score takes the means over the rounds.
func (c *candidate) score() {
	for _, o := range c.rounds {
		if o.Diverged != "" {
			c.accuracy, c.loss = -1, 0
			return
		}
		c.accuracy += o.Test.Accuracy / float64(len(c.rounds))
		c.loss += o.Test.Loss / float64(len(c.rounds))
	}
}

// tried lists the rates that were tried, sorted.
func (m *contender) tried() []float64 {
	var rates []float64
	for _, c := range m.searched {
		rates = append(rates, c.rate)
	}
	slices.Sort(rates)
	return rates
}

// atEdge reports whether the rate that was taken is the least or the largest of those
// that were tried, so that one beyond might be better.
func (m *contender) atEdge() bool {
	rates := m.tried()
	return len(rates) > 1 && (m.rate == rates[0] || m.rate == rates[len(rates)-1])
}

// beyond returns the rate that continues those tried where the best is at their edge,
// by the ratio of the two before it, as in 1e-3, 3e-3, 1e-2 and then 3e-2; 0 elsewhere.
func (m *contender) beyond() float64 {
	if !m.atEdge() {
		return 0
	}
	rates := m.tried()
	if m.rate != rates[0] {
		slices.Reverse(rates)
	}
	next := rates[0] * (rates[0] / rates[1])
	if len(rates) > 2 {
		next = rates[0] * (rates[1] / rates[2])
	}
	next, err := strconv.ParseFloat(strconv.FormatFloat(next, 'g', 2, 64), 64)
	if err != nil || !(next > 0) || math.IsInf(next, 0) {
		return 0
	}
	return next
}

// edges says which rates were tried beyond those offered, and which of those taken
// are at the edge all the same; "" where all is well.
func edges(offered []float64, results []*result) string {
	var widened, still []string
	for _, r := range results {
		for _, c := range r.searched {
			if !slices.Contains(offered, c.rate) {
				widened = append(widened, fmt.Sprintf("%s %g", r.Entry.Name, c.rate))
			}
		}
		if r.atEdge() {
			still = append(still, fmt.Sprintf("%s %g", r.Entry.Name, r.rate))
		}
	}
	var lines []string
	if len(widened) > 0 {
		lines = append(lines, fmt.Sprintf("The best rate offered was the least or the largest, so one more was tried beyond it: %s.", strings.Join(widened, ", ")))
	}
	if len(still) > 0 {
		lines = append(lines, fmt.Sprintf("At the edge of what was tried, where one beyond may do better: %s. Give more -rates.", strings.Join(still, ", ")))
	}
	return strings.Join(lines, " ")
}
