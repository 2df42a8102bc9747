package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// grouped writes whole numbers as 57,600.
var grouped = message.NewPrinter(language.English)

// plusMinus writes a mean and its standard deviation with so many decimals.
func (s sample) plusMinus(decimals int) string {
	switch {
	case math.IsNaN(s.mean):
		return "-"
	case math.IsNaN(s.sd):
		return strconv.FormatFloat(s.mean, 'f', decimals, 64)
	}
	return fmt.Sprintf("%.*f ± %.*f", decimals, s.mean, decimals, s.sd)
}

// each writes all values.
func (s sample) each(decimals int) string {
	var all []string
	for _, v := range s.values {
		all = append(all, strconv.FormatFloat(v, 'f', decimals, 64))
	}
	return strings.Join(all, " ")
}

func (r *result) published() string {
	if r.PublishedAccuracy == 0 {
		return "-"
	}
	return percentOn(r.PublishedAccuracy, r.Entry.Data)
}

func percentOn(accuracy float64, data string) string {
	return fmt.Sprintf("%.1f %% on %s", accuracy, data)
}

func (r *result) publishedWeights() string {
	if r.PublishedParams == 0 {
		return "-"
	}
	return grouped.Sprint(r.PublishedParams)
}

// chosen writes the learning rate.
func (r *result) chosen() string {
	if r.rate == 0 {
		return "-"
	}
	return fmt.Sprintf("%g", r.rate)
}

// accuracies is the main table.
func accuracies(results []*result) *sheet {
	t := newTable(table.Row{"model", "test accuracy", "of each seed", "against the best", "published accuracy (reported)", "recurrent layer", "input weights", "published weights (reported)", "learning rate"}, 6, 7, 8, 9)
	for _, r := range results {
		t.add(r.Entry.Name, r.accuracy.plusMinus(4), r.accuracy.each(4), r.verdict(), r.published(),
			grouped.Sprint(r.RecurrentLayer), grouped.Sprint(r.InputToHidden), r.publishedWeights(), r.chosen())
	}
	return t
}

// costs is the table of what training took.
func costs(results []*result) *sheet {
	t := newTable(table.Row{"model", "a step, ms", "training, s", "peak memory, MB", "multiply-adds a frame", "whole model", "test loss"}, 2, 3, 4, 5, 6, 7)
	for _, r := range results {
		t.add(r.Entry.Name, r.stepMillis.plusMinus(1), r.trainingS.plusMinus(1), r.peakMB.plusMinus(0),
			grouped.Sprint(r.MulAddsPerFrame), grouped.Sprint(r.Description.Model), r.loss.plusMinus(3))
	}
	return t
}

// searches is the table of the learning rates that were tried.
func searches(results []*result) *sheet {
	var rates []float64
	for _, r := range results {
		rates = append(rates, r.tried()...)
	}
	slices.Sort(rates)
	rates = slices.Compact(rates)
	header := table.Row{"model"}
	numbers := make([]int, len(rates))
	for k, rate := range rates {
		header = append(header, fmt.Sprintf("%g", rate))
		numbers[k] = k + 2
	}
	t := newTable(header, numbers...)
	for _, r := range results {
		row := table.Row{r.Entry.Name}
		for _, rate := range rates {
			k := slices.IndexFunc(r.searched, func(c candidate) bool { return c.rate == rate })
			if k < 0 {
				row = append(row, "-")
				continue
			}
			c := r.searched[k]
			cell := "diverged"
			if c.accuracy >= 0 {
				var accuracies []float64
				for _, o := range c.rounds {
					accuracies = append(accuracies, o.Test.Accuracy)
				}
				cell = newSample(accuracies).plusMinus(4)
			}
			if c.rate == r.rate {
				cell += " *"
			}
			row = append(row, cell)
		}
		t.add(row...)
	}
	return t
}

// claimed is the table of published orders of two models.
func claimed(all []claim) *sheet {
	t := newTable(table.Row{"claim", "reported difference", "difference here", "p", "verdict"}, 2, 3, 4)
	for _, c := range all {
		p := "-"
		if !math.IsNaN(c.p) {
			p = fmt.Sprintf("%.3g", c.p)
		}
		t.add(c.above.Entry.Name+" above "+c.below.Entry.Name, fmt.Sprintf("%+.1f points", c.above.PublishedAccuracy-c.below.PublishedAccuracy),
			fmt.Sprintf("%+.1f points", 100*c.difference), p, c.verdict())
	}
	return t
}

// figures is the table for programs, a row per model.
func figures(results []*result) table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"model", "cell", "format", "joint", "params_input_to_hidden", "params_recurrent_layer", "params_model", "mul_adds_per_frame",
		"learning_rate", "seeds", "diverged_seeds", "accuracy_mean", "accuracy_sd", "accuracy_by_seed", "loss_mean", "loss_sd", "loss_by_seed",
		"step_ms_mean", "step_ms_sd", "step_ms_by_seed", "training_s_mean", "training_s_sd", "training_s_by_seed", "peak_rss_mb_mean", "peak_rss_mb_sd", "peak_rss_mb_by_seed",
		"difference_to_best", "p_holm", "against_best", "published_accuracy_percent", "published_on", "published_input_weights"})
	number := func(v float64) string {
		if math.IsNaN(v) {
			return ""
		}
		return strconv.FormatFloat(v, 'g', 6, 64)
	}
	for _, r := range results {
		var seeds []string
		for _, s := range r.seeds {
			seeds = append(seeds, fmt.Sprint(s))
		}
		published := []any{"", "", ""}
		if r.PublishedAccuracy > 0 {
			published[0], published[1] = number(r.PublishedAccuracy), r.Entry.Data
		}
		if r.Entry.PublishedParams > 0 {
			published[2] = r.Entry.PublishedParams
		}
		t.AppendRow(append(table.Row{r.Entry.Name, r.Cell, r.Description.Format, r.Joint, r.InputToHidden, r.RecurrentLayer, r.Description.Model, r.MulAddsPerFrame,
			r.chosen(), strings.Join(seeds, " "), strings.ReplaceAll(r.diverged(), ",", ""), number(r.accuracy.mean), number(r.accuracy.sd), r.accuracy.each(6),
			number(r.loss.mean), number(r.loss.sd), r.loss.each(6), number(r.stepMillis.mean), number(r.stepMillis.sd), r.stepMillis.each(2),
			number(r.trainingS.mean), number(r.trainingS.sd), r.trainingS.each(2), number(r.peakMB.mean), number(r.peakMB.sd), r.peakMB.each(1),
			number(r.difference), number(r.p), r.verdict()}, published...))
	}
	return t
}
