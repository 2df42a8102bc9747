package graph

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// Select returns x where mask is not 0 and zero elsewhere. mask's shape is a
// prefix of x's, sizes of 1 at its end aside: (batch, steps) selects steps of
// (batch, steps, n_1, ..., n_d), (batch, 1) rows of (batch, hidden). What is not
// selected has no influence, NaN and Inf included, which a product with zeros
// would keep. With invert it returns x where mask is 0. The mask has no
// gradient.
func Select(x, mask *G.Node, invert bool) (*G.Node, error) {
	m := mask.Shape()
	for len(m) > 1 && m[len(m)-1] == 1 {
		m = m[:len(m)-1]
	}
	if len(m) > x.Dims() || !slices.Equal(m, x.Shape()[:len(m)]) {
		return nil, errors.Errorf("graph: mask of shape %v does not start shape %v", mask.Shape(), x.Shape())
	}
	group := dims.Size(x.Shape()[len(m):])
	return ops.Apply(&ops.Op{
		Name:  fmt.Sprintf("select invert=%t", invert),
		Shape: x.Shape().Clone(),
		F32:   func(out []float32, in [][]float32) { selectGroups(out, in[0], in[1], group, invert) },
		F64:   func(out []float64, in [][]float64) { selectGroups(out, in[0], in[1], group, invert) },
		WRT:   []bool{true, false},
		Diff: func(inputs G.Nodes, grad *G.Node) (G.Nodes, error) {
			g, err := Select(grad, inputs[1], invert)
			return G.Nodes{g, nil}, err
		},
	}, x, mask)
}

func selectGroups[T ops.Float](out, x, mask []T, group int, invert bool) {
	for i, m := range mask {
		part := out[i*group : (i+1)*group]
		if (m != 0) != invert {
			copy(part, x[i*group:])
		} else {
			clear(part)
		}
	}
}

// Before returns the mask (batch, steps) that is 1 at the steps before each
// sequence's length, given as (batch), and 0 in the padding after it. It has no
// gradient.
func Before(lengths *G.Node, steps int) (*G.Node, error) {
	if lengths.Dims() != 1 || steps < 1 {
		return nil, errors.Errorf("graph: lengths have shape %v; want (batch)", lengths.Shape())
	}
	return ops.Apply(&ops.Op{
		Name:  "before",
		Shape: tensor.Shape{lengths.Shape()[0], steps},
		F32:   func(out []float32, in [][]float32) { stepsBefore(out, in[0], steps) },
		F64:   func(out []float64, in [][]float64) { stepsBefore(out, in[0], steps) },
		WRT:   []bool{false},
		Diff:  func(G.Nodes, *G.Node) (G.Nodes, error) { return G.Nodes{nil}, nil },
	}, lengths)
}

func stepsBefore[T ops.Float](out, lengths []T, steps int) {
	for b, length := range lengths {
		for t := range steps {
			out[b*steps+t] = 0
			if T(t) < length {
				out[b*steps+t] = 1
			}
		}
	}
}
