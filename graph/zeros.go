package graph

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// Zeros returns a node of zeros without a gradient. like gives the graph and the
// type and is not read.
func Zeros(like *G.Node, shape ...int) (*G.Node, error) {
	return ops.Apply(&ops.Op{
		Name:  "zeros",
		Shape: tensor.Shape(shape).Clone(),
		// Another operation may have written into the result of an earlier run.
		F32:  func(out []float32, _ [][]float32) { clear(out) },
		F64:  func(out []float64, _ [][]float64) { clear(out) },
		WRT:  []bool{false},
		Diff: func(G.Nodes, *G.Node) (G.Nodes, error) { return G.Nodes{nil}, nil },
	}, like)
}
