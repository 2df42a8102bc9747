package ops

import (
	"fmt"
	"math"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// Chain adds the node y = Σ x·(Σ a·b) to the operands' graph, computed as Σ (Σ x·a)·b:
// fewer multiply-adds where a and b are small and their product is not. What x and a make
// is only ever there for a block of x, and so stays in the cache however large it would
// be. The blocks cut the axes that x and y both begin with. The axes say how the tensors
// lie, as those of Tensordot do.
//
// Gradients are Tensordots, those of a and b by way of that of their product: x is read
// once for both. It returns an error when the axes don't fit.
func Chain(x, a, b *G.Node, xAxes, aAxes, bAxes, yAxes []Axis, shape ...int) (*G.Node, error) {
	name := fmt.Sprintf("Tensordot %v, %v, %v -> %v", xAxes, aAxes, bAxes, yAxes)
	between := slices.Concat(without(xAxes, aAxes), without(aAxes, xAxes))
	product := slices.Concat(without(aAxes, bAxes), without(bAxes, aAxes))
	for _, axes := range [][3][]Axis{{xAxes, aAxes, between}, {between, bAxes, yAxes}} {
		if err := pair(axes[:]...); err != nil {
			return nil, errors.Wrap(err, name)
		}
	}
	if Volume(xAxes) != dims.Size(x.Shape()) || Volume(aAxes) != dims.Size(a.Shape()) || Volume(bAxes) != dims.Size(b.Shape()) || Volume(yAxes) != dims.Size(shape) {
		return nil, errors.Errorf("%s of %v, %v and %v as %s", name, x.Shape(), a.Shape(), b.Shape(), dims.Dots(shape))
	}
	// The gradient of a factor, from the other one and the product's gradient.
	ofFactor := func(in G.Nodes, grad, other *G.Node, otherAxes, axes []Axis, like *G.Node) (*G.Node, error) {
		ofProduct, err := Tensordot(in[0], grad, xAxes, yAxes, product, Volume(product))
		if err != nil {
			return nil, err
		}
		return Tensordot(ofProduct, other, product, otherAxes, axes, like.Shape()...)
	}
	blocks := cut(xAxes, aAxes, bAxes, yAxes, between, backend.Here())
	var m32 chainMemory[float32]
	var m64 chainMemory[float64]
	return Apply(&Op{
		Name:  name,
		Shape: shape,
		F32:   func(out []float32, in [][]float32) { m32.run(blocks, out, in[0], in[1], in[2]) },
		F64:   func(out []float64, in [][]float64) { m64.run(blocks, out, in[0], in[1], in[2]) },
		Diff: []Gradient{
			func(in G.Nodes, grad *G.Node) (*G.Node, error) {
				t, err := Tensordot(grad, in[2], yAxes, bAxes, between, Volume(between))
				if err != nil {
					return nil, err
				}
				return Tensordot(t, in[1], between, aAxes, xAxes, x.Shape()...)
			},
			func(in G.Nodes, grad *G.Node) (*G.Node, error) { return ofFactor(in, grad, in[2], bAxes, aAxes, a) },
			func(in G.Nodes, grad *G.Node) (*G.Node, error) { return ofFactor(in, grad, in[1], aAxes, bAxes, b) },
		},
	}, x, a, b)
}

// block is how the blocks of one size are computed.
type block struct {
	count         int
	x, between, y int // elements
	first, second contraction
}

// blockElements are those of a block, about: they fit into the second cache.
const blockElements = 1 << 14

// cut chooses the blocks: all of one size but perhaps the last.
func cut(x, a, b, y, between []Axis, costs backend.Model) (blocks []block) {
	outer := 0
	for outer < min(len(x), len(y)) && x[outer] == y[outer] {
		outer++
	}
	rows := Volume(x[:outer])
	size := max(1, min(rows, rows*blockElements/(Volume(x)+Volume(between)+Volume(y))))
	for _, part := range [][2]int{{size, rows / size}, {rows % size, 1}} {
		if part[0] == 0 {
			continue
		}
		inner := func(axes []Axis) []Axis {
			return append([]Axis{{ID: math.MinInt, Size: part[0]}}, without(axes, x[:outer])...)
		}
		x, y, between := inner(x), inner(y), inner(between)
		k := block{count: part[1], x: Volume(x), between: Volume(between), y: Volume(y)}
		k.first, k.second = link(x, a, b, y, costs, inCache(k.count, costs.InCache()))
		blocks = append(blocks, k)
	}
	return blocks
}

// link returns the cheapest two contractions, of x and a and of what they make and b, with
// any order of axes between them.
func link(x, a, b, y []Axis, costs backend.Model, packing price) (first, second contraction) {
	// Axes that come from one tensor and go to one stay together.
	var groups [][]Axis
	for _, from := range [][]Axis{without(x, a), without(a, x)} {
		for _, to := range [][]Axis{y, b} {
			if g := Both(from, to); len(g) > 0 {
				groups = append(groups, g)
			}
		}
	}
	least := math.Inf(1)
	orders(groups, 0, func(between []Axis) {
		f, s := contract(x, a, between, costs, packing), contract(between, b, y, costs, packing)
		if f.cost+s.cost < least {
			first, second, least = f, s, f.cost+s.cost
		}
	})
	return first, second
}

// inCache prices a copy of an element that lies in the cache, by what one in a row of four costs. A factor, the second tensor,
// is copied once for a number of blocks.
func inCache(blocks int, element float64) price {
	return func(tensor int, w Walk) float64 {
		n := len(w.sizes) - 1
		switch {
		case tensor == 1:
			return 4 * element / float64(blocks)
		case w.sizes[n] == 4 || w.strides[n] == 1 && w.sizes[n] > 4:
			return element
		}
		return 4 * element
	}
}

// orders calls try with each order of the groups from the k-th on.
func orders(groups [][]Axis, k int, try func(axes []Axis)) {
	if k == len(groups) {
		try(slices.Concat(groups...))
	}
	for j := k; j < len(groups); j++ {
		groups[k], groups[j] = groups[j], groups[k]
		orders(groups, k+1, try)
		groups[k], groups[j] = groups[j], groups[k]
	}
}

// without returns the axes of x that y does not have.
func without(x, y []Axis) []Axis {
	return slices.DeleteFunc(slices.Clone(x), func(a Axis) bool { return slices.Contains(y, a) })
}

// chainMemory is that of a block, and of the factors in the order in which blocks read them.
type chainMemory[T Float] struct {
	between, a, b []T
	first, second memory[T]
}

func (m *chainMemory[T]) run(blocks []block, y, x, a, b []T) {
	for k := range blocks {
		p := &blocks[k]
		m.between = slices.Grow(m.between[:0], p.between)[:p.between]
		a, b := packed(&m.a, a, p.first.b), packed(&m.b, b, p.second.b)
		first, second := p.first, p.second
		first.b, second.b = Walk{}, Walk{} // they are in order
		for range p.count {
			compute(&first, &m.first, m.between, x[:p.x], a)
			compute(&second, &m.second, y[:p.y], m.between, b)
			x, y = x[p.x:], y[p.y:]
		}
	}
}
