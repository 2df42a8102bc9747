package ops

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// Tensordot adds the node y = Σ a·b to the operands' graph, summed over the axes
// that both have. The axes of a, b and y say how their values lie, row-major: an
// operand may have any shape of as many elements and is read where it lies, and
// the node has the given shape. Each axis is in two of the three, and in y they may
// have any order.
//
// The gradients are Tensordots in their turn, so that there are gradients of any
// order. It returns an error when the axes don't fit.
func Tensordot(a, b *G.Node, aAxes, bAxes, yAxes []Axis, shape ...int) (*G.Node, error) {
	name := fmt.Sprintf("Tensordot %s, %s -> %s", written(aAxes), written(bAxes), written(yAxes))
	if err := pair(aAxes, bAxes, yAxes); err != nil {
		return nil, errors.Wrap(err, name)
	}
	for _, t := range []struct {
		axes  []Axis
		shape []int
	}{{aAxes, a.Shape()}, {bAxes, b.Shape()}, {yAxes, shape}} {
		if Volume(t.axes) != dims.Size(t.shape) {
			return nil, errors.Errorf("%s of %v and %v as %s", name, a.Shape(), b.Shape(), dims.Dots(shape))
		}
	}
	c := contract(aAxes, bAxes, yAxes, backend.Here())
	var m32 memory[float32]
	var m64 memory[float64]
	return Apply(&Op{
		Name:  name,
		Shape: shape,
		F32:   func(out []float32, in [][]float32) { compute(&c, &m32, out, in[0], in[1]) },
		F64:   func(out []float64, in [][]float64) { compute(&c, &m64, out, in[0], in[1]) },
		Diff: []Gradient{
			func(in G.Nodes, grad *G.Node) (*G.Node, error) {
				return Tensordot(grad, in[1], yAxes, bAxes, aAxes, in[0].Shape()...)
			},
			func(in G.Nodes, grad *G.Node) (*G.Node, error) {
				return Tensordot(in[0], grad, aAxes, yAxes, bAxes, in[1].Shape()...)
			},
		},
	}, a, b)
}

// Contract returns y = Σ a·b of tensors that Tensordot would make a node of. The axes
// have to fit.
func Contract[T Float](a, b []T, aAxes, bAxes, yAxes []Axis) []T {
	c := contract(aAxes, bAxes, yAxes, backend.Here())
	y := make([]T, Volume(yAxes))
	compute(&c, &memory[T]{}, y, a, b)
	return y
}

// pair returns an error unless each axis is in two of the three tensors.
func pair(tensors ...[]Axis) error {
	seen := map[Axis]int{}
	for _, axes := range tensors {
		for k, a := range axes {
			if slices.Contains(axes[:k], a) {
				return errors.Errorf("axis %d twice in a tensor", a.ID)
			}
			seen[a]++
		}
	}
	for a, n := range seen {
		if n != 2 {
			return errors.Errorf("axis %d of size %d is in %d of the three tensors, not in two", a.ID, a.Size, n)
		}
	}
	return nil
}

// written spells axes as id:size.
func written(axes []Axis) string {
	s := make([]string, len(axes))
	for k, a := range axes {
		s[k] = fmt.Sprintf("%d:%d", a.ID, a.Size)
	}
	return strings.Join(s, " ")
}
