package main

import (
	"fmt"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/drawing"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// drawNetworks draws the tensor networks of a model's weights: those from the
// input, and the recurrent ones where they are decomposed.
func drawNetworks(path string, e zoo.Entry) error {
	weights, err := e.Spec.Weights()
	if err != nil {
		return cmdline.Usage{Err: err}
	}
	var panels []drawing.Panel
	for _, w := range weights {
		what := "input-to-hidden"
		switch {
		case w.Role == cells.HiddenToHidden && w.Matrix.Format == "Dense":
			continue
		case w.Role == cells.HiddenToHidden:
			what = "hidden-to-hidden"
		case w.Role == cells.Joint:
			what = "input and state to hidden"
		}
		if w.Layer > 1 || len(weights) > 2 {
			what = fmt.Sprintf("layer %d, %s", w.Layer, what)
		}
		panels = append(panels, drawing.Panel{
			Title: fmt.Sprintf("%s, %s: %s × %s in %s weights", e.Name, what,
				cmdline.Thousands(w.Matrix.Rows()), cmdline.Thousands(w.Matrix.Cols()), cmdline.Thousands(w.Matrix.Params())),
			Matrix: w.Matrix,
		})
	}
	return drawing.Draw(path, panels...)
}
