package safe

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Zeros returns a node of zeros without a gradient. like gives the graph and the
// type and is not read.
func Zeros(like *G.Node, shape ...int) (*G.Node, error) {
	return apply(&op{
		name:  "zeros",
		shape: tensor.Shape(shape).Clone(),
		// Another operation may have written into the result of an earlier run.
		f32:  func(out []float32, _ [][]float32) { clear(out) },
		f64:  func(out []float64, _ [][]float64) { clear(out) },
		wrt:  []bool{false},
		diff: func(G.Nodes, *G.Node) (G.Nodes, error) { return G.Nodes{nil}, nil },
	}, like)
}
