package ops

import (
	"fmt"
	"math"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// Chain adds the node y = Σ (Σ x·a)·b, two Tensordots in a row, to the operands' graph.
// What x and a make, t, is only ever there for a block of x, and so stays in the cache
// however large it would be; for the gradients of a and b it is made again. The blocks
// cut the axes that x and y both begin with. The axes say how the tensors lie, as those of
// Tensordot do.
//
// There are gradients of any order. It returns an error when the axes don't fit.
func Chain(x, a, b *G.Node, xAxes, aAxes, bAxes, yAxes []Axis, shape ...int) (*G.Node, error) {
	c := &chain{x: xAxes, a: aAxes, b: bAxes, y: yAxes}
	name := fmt.Sprintf("Tensordot %v, %v, %v -> %v", xAxes, aAxes, bAxes, yAxes)
	c.t = slices.Concat(without(xAxes, aAxes), without(aAxes, xAxes))
	err := pair(c.x, c.a, c.t)
	if err == nil {
		err = pair(c.t, c.b, c.y)
	}
	if err != nil {
		return nil, errors.Wrap(err, name)
	}
	if Volume(xAxes) != dims.Size(x.Shape()) || Volume(aAxes) != dims.Size(a.Shape()) || Volume(bAxes) != dims.Size(b.Shape()) || Volume(yAxes) != dims.Size(shape) {
		return nil, errors.Errorf("%s of %v, %v and %v as %s", name, x.Shape(), a.Shape(), b.Shape(), dims.Dots(shape))
	}
	c.cut(backend.Here())
	var m32 linkMemory[float32]
	var m64 linkMemory[float64]
	return Apply(&Op{
		Name:  name,
		Shape: shape,
		F32:   func(out []float32, in [][]float32) { m32.forward(c, out, in) },
		F64:   func(out []float64, in [][]float64) { m64.forward(c, out, in) },
		Diff: []Gradient{
			func(in G.Nodes, grad *G.Node) (*G.Node, error) {
				return twice(grad, in[2], c.y, c.b, c.t, in[1], c.a, c.x, in[0].Shape())
			},
			c.ofA,
			func(in G.Nodes, grad *G.Node) (*G.Node, error) {
				ofA, err := c.ofA(in, grad)
				if err != nil {
					return nil, err
				}
				return c.ofB(in[0], in[1], grad, ofA, in[2].Shape())
			},
		},
	}, x, a, b)
}

// chain is what a Chain does.
type chain struct {
	x, a, b, y, t []Axis
	blocks        []block
}

// block is how blocks of one size are computed.
type block struct {
	count   int
	x, t, y int  // elements
	forward link // t, and of it y
	ofB     link // t, and of it and of y's gradient b's
	ofA     link // t's gradient, and of it and of x a's
}

// link is two contractions. The second reads what the first makes, in the order of axes
// that is best for the two.
type link struct{ first, second contraction }

// blockElements are those of a block's x, t and y, about: they fit into the second cache.
const blockElements = 1 << 14

// inCache prices a copy of an element that lies in the cache, by how many lie in a row.
func inCache(w Walk) float64 {
	if n := len(w.sizes); w.strides[n-1] == 1 && w.sizes[n-1] >= 4 {
		return 0.4
	}
	return 1.5
}

// without returns the axes of x that y does not have.
func without(x, y []Axis) []Axis {
	return slices.DeleteFunc(slices.Clone(x), func(a Axis) bool { return slices.Contains(y, a) })
}

// cut chooses the blocks: all of one size but perhaps the last.
func (c *chain) cut(costs backend.Model) {
	outer := 0
	for outer < len(c.x) && outer < len(c.y) && c.x[outer] == c.y[outer] && slices.Contains(c.t, c.x[outer]) {
		outer++
	}
	rows := Volume(c.x[:outer])
	axis := Axis{ID: math.MinInt} // in place of the outer ones
	size := max(1, min(rows, blockElements*rows/(Volume(c.x)+Volume(c.t)+Volume(c.y))))
	inner := func(axes []Axis) []Axis { return append([]Axis{axis}, without(axes, c.x[:outer])...) }
	for _, part := range [][2]int{{size, rows / size}, {rows % size, 1}} {
		if axis.Size = part[0]; axis.Size == 0 {
			continue
		}
		x, t, y := inner(c.x), inner(c.t), inner(c.y)
		b := block{count: part[1], x: Volume(x), t: Volume(t), y: Volume(y)}
		b.forward = best(x, c.a, t, c.b, y, costs)
		b.ofB = best(x, c.a, t, y, c.b, costs)
		b.ofA = best(y, c.b, t, x, c.a, costs)
		c.blocks = append(c.blocks, b)
	}
}

// best returns the cheapest link from u and v over t, and of t and w to z.
func best(u, v, t, w, z []Axis, costs backend.Model) (l link) {
	// Axes that come from one tensor and go to one stay together.
	var groups [][]Axis
	for _, from := range [][]Axis{u, v} {
		for _, to := range [][]Axis{w, z} {
			if g := Both(Both(from, t), to); len(g) > 0 {
				groups = append(groups, g)
			}
		}
	}
	least := math.Inf(1)
	orders(groups, func(t []Axis) {
		first, second := contract(u, v, t, costs, inCache), contract(t, w, z, costs, inCache)
		if cost := first.cost + second.cost; cost < least {
			least, l = cost, link{first, second}
		}
	})
	return l
}

// orders calls try with each order of the groups.
func orders(groups [][]Axis, try func(axes []Axis)) {
	var visit func(k int)
	visit = func(k int) {
		if k == len(groups) {
			try(slices.Concat(groups...))
			return
		}
		for j := k; j < len(groups); j++ {
			groups[k], groups[j] = groups[j], groups[k]
			visit(k + 1)
			groups[k], groups[j] = groups[j], groups[k]
		}
	}
	visit(0)
}

// each calls run for every block, with the block's parts of x and y.
func each[T Float](c *chain, x, y []T, run func(b *block, x, y []T)) {
	for k := range c.blocks {
		b := &c.blocks[k]
		for range b.count {
			run(b, x[:b.x], y[:b.y])
			x, y = x[b.x:], y[b.y:]
		}
	}
}

// linkMemory is the memory of a link.
type linkMemory[T Float] struct {
	t             []T
	first, second memory[T]
}

// run makes z, or adds to it, of u and v by way of t, and of w.
func (m *linkMemory[T]) run(l *link, volume int, u, v, w, z []T, add bool) {
	m.t = slices.Grow(m.t[:0], volume)[:volume]
	compute(&l.first, &m.first, m.t, u, v)
	accumulate(&l.second, &m.second, z, m.t, w, add)
}

func (m *linkMemory[T]) forward(c *chain, y []T, in [][]T) {
	each(c, in[0], y, func(b *block, x, y []T) { m.run(&b.forward, b.t, x, in[1], in[2], y, false) })
}

// chainGradients are made in one go through x; that of a is the result of a node.
type chainGradients struct {
	f32 chainGradientsOf[float32]
	f64 chainGradientsOf[float64]
}

type chainGradientsOf[T Float] struct {
	b        []T // the gradient of b
	ofA, ofB linkMemory[T]
}

// run computes the gradients from x, a, b and the gradient of y.
func (g *chainGradientsOf[T]) run(c *chain, ofA []T, in [][]T) {
	g.b = slices.Grow(g.b[:0], len(in[2]))[:len(in[2])]
	add := false
	each(c, in[0], in[3], func(b *block, x, y []T) {
		g.ofB.run(&b.ofB, b.t, x, in[1], y, g.b, add)
		g.ofA.run(&b.ofA, b.t, y, in[2], x, ofA, add)
		add = true
	})
}

// ofA adds the gradient of a, from x, a and b and the gradient of y.
func (c *chain) ofA(in G.Nodes, grad *G.Node) (*G.Node, error) {
	g := new(chainGradients)
	x, a, b := in[0], in[1], in[2]
	return Apply(&Op{
		Name:  fmt.Sprintf("gradient of Tensordot %v, %v, %v -> %v", c.x, c.a, c.b, c.y),
		Shape: a.Shape(),
		F32:   func(out []float32, in [][]float32) { g.f32.run(c, out, in) },
		F64:   func(out []float64, in [][]float64) { g.f64.run(c, out, in) },
		Owner: g,
		Diff: []Gradient{
			func(in G.Nodes, second *G.Node) (*G.Node, error) {
				return twice(in[3], in[2], c.y, c.b, c.t, second, c.a, c.x, x.Shape())
			},
			nil, // a has no part in its gradient
			func(in G.Nodes, second *G.Node) (*G.Node, error) {
				return twice(in[0], second, c.x, c.a, c.t, in[3], c.y, c.b, b.Shape())
			},
			func(in G.Nodes, second *G.Node) (*G.Node, error) {
				return twice(in[0], second, c.x, c.a, c.t, in[2], c.b, c.y, grad.Shape())
			},
		},
	}, x, a, b, grad)
}

// ofB adds the gradient of b, which is made with that of a.
func (c *chain) ofB(x, a, grad, ofA *G.Node, shape tensor.Shape) (*G.Node, error) {
	g := ofA.Op().(*Op).Owner.(*chainGradients)
	return Apply(&Op{
		Name:  fmt.Sprintf("the other gradient of Tensordot %v, %v, %v -> %v", c.x, c.a, c.b, c.y),
		Shape: shape,
		F32:   func(out []float32, _ [][]float32) { copy(out, g.f32.b) },
		F64:   func(out []float64, _ [][]float64) { copy(out, g.f64.b) },
		Diff: []Gradient{
			func(in G.Nodes, second *G.Node) (*G.Node, error) {
				return twice(in[2], second, c.y, c.b, c.t, in[1], c.a, c.x, x.Shape())
			},
			func(in G.Nodes, second *G.Node) (*G.Node, error) {
				return twice(in[2], second, c.y, c.b, c.t, in[0], c.x, c.a, a.Shape())
			},
			func(in G.Nodes, second *G.Node) (*G.Node, error) {
				return twice(in[0], in[1], c.x, c.a, c.t, second, c.b, c.y, grad.Shape())
			},
		},
	}, x, a, grad, ofA)
}

// twice adds a Tensordot of u and v over t and one of t and w, of the given shape.
func twice(u, v *G.Node, uAxes, vAxes, tAxes []Axis, w *G.Node, wAxes, zAxes []Axis, shape tensor.Shape) (*G.Node, error) {
	t, err := Tensordot(u, v, uAxes, vAxes, tAxes, Volume(tAxes))
	if err != nil {
		return nil, err
	}
	return Tensordot(t, w, tAxes, wAxes, zAxes, shape...)
}
