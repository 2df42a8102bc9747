package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// describeLayers calls row with what all learnable values of a model are counted from.
func describeLayers(d zoo.Description, row func(name string, value any)) {
	features := 0
	for k, l := range d.Layers {
		both := ""
		if l.Directions > 1 {
			both = fmt.Sprintf(" in each of %d directions", l.Directions)
		}
		row(fmt.Sprintf("layer %d", k+1), fmt.Sprintf("%s units%s, from %s values a step", cmdline.Thousands(l.Hidden), both, cmdline.Thousands(l.Features)))
		for _, w := range l.Weights {
			row("  "+w.Role, text.WrapSoft(network(w), describedWidth)+"\n"+text.WrapSoft(sum(w), describedWidth))
		}
		row("  bias", cmdline.Thousands(l.Bias))
		features = l.Hidden * l.Directions
	}
	if d.Classes > 0 {
		row("classifier", fmt.Sprintf("%d·%d + %d = %s", features, d.Classes, d.Classes, cmdline.Thousands((features+1)*d.Classes)))
	}
}

// describedWidth is that of the texts of a description.
const describedWidth = 70

// network names the format of weights, their modes and their ranks.
func network(w zoo.WeightsDescription) string {
	s := w.Format
	if w.Blocks > 0 {
		s += fmt.Sprintf(" of %s", cmdline.Counted(w.Blocks, "block"))
	}
	s += fmt.Sprintf(", %s to %s", modes(w.InModes), modes(w.OutModes))
	if len(w.Ranks) > 0 {
		s += ", ranks " + ranks(w.Ranks)
	}
	return s
}

// sum counts weights by the shapes of their cores.
func sum(w zoo.WeightsDescription) string {
	times := map[string]int{}
	var shapes []string
	for _, c := range w.Cores {
		s := modes(c.Shape)
		if times[s] == 0 {
			shapes = append(shapes, s)
		}
		times[s] += max(1, w.Blocks)
	}
	for k, s := range shapes {
		if n := times[s]; n > 1 {
			shapes[k] = fmt.Sprintf("%d×%s", n, s)
		}
	}
	return fmt.Sprintf("%s = %s", strings.Join(shapes, " + "), cmdline.Thousands(w.Params))
}
