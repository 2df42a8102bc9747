package graph_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

func selecting(maskShape []int, mask []float64, invert bool) gradcheck.Build {
	return func(g *G.ExprGraph, in G.Nodes) (*G.Node, error) {
		m, err := gradcheck.Constant(g, "mask", maskShape, mask)
		if err != nil {
			return nil, err
		}
		return graph.Select(in[0], m, invert)
	}
}

func TestSelectProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := seeded(t)
		shape := drawShape(t, rapid.IntRange(1, 5).Draw(t, "dims"), 3)
		lead := rapid.IntRange(1, len(shape)).Draw(t, "mask dims")
		ones := rapid.IntRange(0, 2).Draw(t, "ones")
		invert := rapid.Bool().Draw(t, "invert")
		groups, group := 1, 1
		for k, s := range shape {
			if k < lead {
				groups *= s
			} else {
				group *= s
			}
		}
		// Anything but 0 selects.
		mask := rapid.SliceOfN(rapid.SampledFrom([]float64{0, 1, -2, 0.5}), groups, groups).Draw(t, "mask")
		maskShape := append([]int{}, shape[:lead]...)
		for range ones {
			maskShape = append(maskShape, 1)
		}
		x := gradcheck.Random(rng, shape...)
		want, grad := make([]float64, len(x.Data)), make([]float64, len(x.Data))
		for i, v := range x.Data {
			if (mask[i/group] != 0) != invert {
				want[i], grad[i] = v, 1
			}
		}
		build := selecting(maskShape, mask, invert)
		check(t, rng, build, want, x)

		// What is not selected may be anything.
		for i := range x.Data {
			if grad[i] == 0 {
				x.Data[i] = []float64{math.NaN(), math.Inf(1), math.Inf(-1)}[i%3]
			}
		}
		got, err := gradcheck.Forward(build, x)
		require.NoError(t, err)
		require.Equal(t, want, got)
		grads, err := gradcheck.Gradients(build, x)
		require.NoError(t, err)
		require.Equal(t, grad, grads[0])
	})
}

// NaN and Inf in the padding, in what goes in and in the gradient that comes
// back, leave the result and the gradient right; a product with the mask keeps
// the NaN.
func TestSelectStopsNaN(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	mask := []float64{1, 1, 0, 1, 0, 0} // (batch 2, steps 3)
	x := gradcheck.Input{Shape: []int{2, 3, 2}, Data: []float64{1, 2, 3, 4, nan, inf, 5, 6, -inf, nan, nan, nan}}
	for _, invert := range []bool{false, true} {
		t.Run(fmt.Sprintf("invert %t", invert), func(t *testing.T) {
			m := mask
			if invert {
				m = []float64{0, 0, 1, 0, 1, 1}
			}
			backward := []float64{10, 20, 30, 40, nan, nan, 50, 60, nan, inf, nan, -inf}
			selected := selecting([]int{2, 3}, m, invert)
			got, err := gradcheck.Forward(selected, x)
			require.NoError(t, err)
			require.Equal(t, []float64{1, 2, 3, 4, 0, 0, 5, 6, 0, 0, 0, 0}, got)
			grads, err := gradcheck.Gradients(func(g *G.ExprGraph, in G.Nodes) (*G.Node, error) {
				s, err := selected(g, in)
				if err != nil {
					return nil, err
				}
				scale, err := gradcheck.Constant(g, "scale", []int{2, 3, 2}, backward)
				if err != nil {
					return nil, err
				}
				return G.HadamardProd(scale, s)
			}, x)
			require.NoError(t, err)
			require.Equal(t, []float64{10, 20, 30, 40, 0, 0, 50, 60, 0, 0, 0, 0}, grads[0])
		})
	}
	t.Run("a product does not", func(t *testing.T) {
		got, err := gradcheck.Forward(func(g *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			m, err := gradcheck.Constant(g, "mask", []int{2, 3, 2}, []float64{1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0})
			if err != nil {
				return nil, err
			}
			return G.HadamardProd(in[0], m)
		}, x)
		require.NoError(t, err)
		require.True(t, math.IsNaN(got[4]))
	})
}

// Inverted and plain selections by one mask share nothing.
func TestSelectEitherSide(t *testing.T) {
	x, y := normal(3, 2), gradcheck.Input{Shape: []int{3, 2}, Data: count(6)}
	right(t, func(g *G.ExprGraph, in G.Nodes) (*G.Node, error) {
		m, err := gradcheck.Constant(g, "mask", []int{3, 1}, []float64{1, 0, 1})
		if err != nil {
			return nil, err
		}
		a, err := graph.Select(in[0], m, false)
		if err != nil {
			return nil, err
		}
		b, err := graph.Select(in[1], m, true)
		if err != nil {
			return nil, err
		}
		return G.Add(a, b)
	}, []float64{x.Data[0], x.Data[1], 3, 4, x.Data[4], x.Data[5]}, x, y)
}

func TestMaskErrors(t *testing.T) {
	g := G.NewGraph()
	in := func(shape ...int) *G.Node {
		n, err := graph.Input(g, fmt.Sprintf("x%v", shape), tensor.Float32, shape, nil)
		require.NoError(t, err)
		return n
	}
	vector, matrix, steps := in(3), in(2, 3), in(2, 3, 4)
	for _, c := range []struct {
		text  string
		build func() (*G.Node, error)
	}{
		{"graph: mask of shape (3) does not start shape (2, 3)", func() (*G.Node, error) { return graph.Select(matrix, vector, false) }},
		{"graph: mask of shape (2, 3, 4) does not start shape (2, 3)", func() (*G.Node, error) { return graph.Select(matrix, steps, true) }},
		{"graph: mask of shape (3, 1) does not start shape (2, 3, 4)", func() (*G.Node, error) { return graph.Select(steps, in(3, 1), false) }},
	} {
		_, err := c.build()
		require.EqualError(t, err, c.text)
	}
}
