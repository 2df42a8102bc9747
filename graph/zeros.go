package graph

import (
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// Zeros returns a node of zeros without a gradient. like gives the graph and the
// type and is not read.
func Zeros(like *G.Node, shape ...int) (*G.Node, error) {
	return ops.Apply(&ops.Op{
		Name:  "zeros",
		Shape: shape,
		// Another operation may have written into the result of an earlier run.
		F32: func(out []float32, _ [][]float32) { clear(out) },
		F64: func(out []float64, _ [][]float64) { clear(out) },
	}, like)
}
