package graph_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

// Every layout against the sum written out, with both gradients.
func TestContractProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := seeded(t)
		size := rapid.IntRange(1, 4)
		c := graph.Contraction{
			Outer: size.Draw(t, "outer"), Rest: size.Draw(t, "rest"), Shared: size.Draw(t, "shared"), Free: size.Draw(t, "free"),
			SharedLast: rapid.Bool().Draw(t, "shared last"), FreeLast: rapid.Bool().Draw(t, "free last"),
			Transposed: rapid.Bool().Draw(t, "transposed"),
		}
		// place is where (outer, rest, axis) lies.
		place := func(o, r, a, size int, last bool) int {
			if last {
				return (o*c.Rest+r)*size + a
			}
			return (o*size+a)*c.Rest + r
		}
		shape := []int{c.Shared, c.Free}
		if c.Transposed {
			shape = []int{c.Free, c.Shared}
		}
		x := gradcheck.Random(rng, c.Outer*c.Rest, c.Shared)
		m := gradcheck.Random(rng, shape...)
		want := make([]float64, c.Outer*c.Rest*c.Free)
		for o := range c.Outer {
			for r := range c.Rest {
				for f := range c.Free {
					for s := range c.Shared {
						at := s*c.Free + f
						if c.Transposed {
							at = f*c.Shared + s
						}
						want[place(o, r, f, c.Free, c.FreeLast)] += x.Data[place(o, r, s, c.Shared, c.SharedLast)] * m.Data[at]
					}
				}
			}
		}
		check(t, rng, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) { return graph.Contract(in[0], in[1], c) }, want, x, m)
	})
}

func TestContractErrors(t *testing.T) {
	g := G.NewGraph()
	x, err := graph.Input(g, "x", tensor.Float64, tensor.Shape{6, 4}, nil)
	require.NoError(t, err)
	m, err := graph.Input(g, "m", tensor.Float64, tensor.Shape{4, 3}, nil)
	require.NoError(t, err)
	_, err = graph.Contract(x, m, graph.Contraction{Outer: 1, Rest: 6, Shared: 3, Free: 4, SharedLast: true, FreeLast: true})
	require.ErrorContains(t, err, "of (6, 4) and (4, 3)")
	_, err = graph.Contract(x, m, graph.Contraction{})
	require.ErrorContains(t, err, "graph: contraction")
}

// Sizes that a plan only thinks of may be such that no int holds their product.
func TestSimplifyHuge(t *testing.T) {
	c := graph.Contraction{Outer: math.MaxInt, Rest: 3, Shared: 2, Free: 2, SharedLast: true, FreeLast: true}
	require.Equal(t, c, c.Simplify())
	c.Rest = 1
	want := graph.Contraction{Outer: 1, Rest: math.MaxInt, Shared: 2, Free: 2, SharedLast: true, FreeLast: true}
	require.Equal(t, want, c.Simplify())
}
