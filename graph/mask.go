package graph

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

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
		Name: fmt.Sprintf("select invert=%t", invert),
		F32:  func(out []float32, in [][]float32) { selectGroups(out, in[0], in[1], group, invert) },
		F64:  func(out []float64, in [][]float64) { selectGroups(out, in[0], in[1], group, invert) },
		Diff: []ops.Gradient{func(in G.Nodes, grad *G.Node) (*G.Node, error) { return Select(grad, in[1], invert) }},
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
