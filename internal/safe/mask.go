package safe

import (
	"fmt"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
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
	if len(m) > x.Dims() || !sameShape(m, x.Shape()[:len(m)]) {
		return nil, errors.Errorf("safe: mask of shape %v does not start shape %v", mask.Shape(), x.Shape())
	}
	group := product(x.Shape()[len(m):])
	return apply(&op{
		name:  fmt.Sprintf("select invert=%t", invert),
		shape: x.Shape().Clone(),
		f32:   func(out []float32, in [][]float32) { selectGroups(out, in[0], in[1], group, invert) },
		f64:   func(out []float64, in [][]float64) { selectGroups(out, in[0], in[1], group, invert) },
		wrt:   []bool{true, false},
		diff: func(inputs G.Nodes, grad *G.Node) (G.Nodes, error) {
			g, err := Select(grad, inputs[1], invert)
			return G.Nodes{g, nil}, err
		},
	}, x, mask)
}

func selectGroups[T float](out, x, mask []T, group int, invert bool) {
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
		return nil, errors.Errorf("safe: lengths have shape %v; want (batch)", lengths.Shape())
	}
	return apply(&op{
		name:  "before",
		shape: tensor.Shape{lengths.Shape()[0], steps},
		f32:   func(out []float32, in [][]float32) { stepsBefore(out, in[0], steps) },
		f64:   func(out []float64, in [][]float64) { stepsBefore(out, in[0], steps) },
		wrt:   []bool{false},
		diff:  func(G.Nodes, *G.Node) (G.Nodes, error) { return G.Nodes{nil}, nil },
	}, lengths)
}

func stepsBefore[T float](out, lengths []T, steps int) {
	for b, length := range lengths {
		for t := range steps {
			out[b*steps+t] = 0
			if T(t) < length {
				out[b*steps+t] = 1
			}
		}
	}
}
