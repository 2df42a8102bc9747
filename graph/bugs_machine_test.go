package graph_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

func TestBug11ValueOfIntermediate(t *testing.T) {
	x, w := gradcheck.Input{Shape: []int{2, 2}, Data: count(4)}, gradcheck.Input{Shape: []int{2, 2}, Data: count(4)}
	product, sum := []float64{7, 10, 15, 22}, []float64{14, 20, 30, 44}
	t.Run("upstream", func(t *testing.T) {
		// The sum is written over the product, whose node still points there.
		g := G.NewGraph()
		y := G.Must(G.Mul(input(g, "x", x.Data, 2, 2), input(g, "w", w.Data, 2, 2)))
		G.Must(G.Add(y, y))
		require.NoError(t, G.NewTapeMachine(g).RunAll())
		require.Equalf(t, sum, floats(y.Value()), fixed, 11)
	})
	t.Run("ours", func(t *testing.T) {
		g := G.NewGraph()
		y := G.Must(G.Mul(input(g, "x", x.Data, 2, 2), input(g, "w", w.Data, 2, 2)))
		z := G.Must(G.Add(y, y))
		p := compiled(t, G.Nodes{y, z}, nil, nil)
		for range 2 {
			require.NoError(t, p.Run())
			require.Equal(t, product, floats(p.Value(y)))
			require.Equal(t, sum, floats(p.Value(z)))
		}
		right(t, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			y := G.Must(G.Mul(in[0], in[1]))
			return G.Add(y, y)
		}, sum, x, w)
	})
}

func TestBug13UnaskedGradients(t *testing.T) {
	// loss = Σ x·w with frames x of a shape that no other node has but x's gradient.
	build := func(t *testing.T) (loss, w, unasked *G.Node, grads G.Nodes) {
		g := G.NewGraph()
		x := input(g, "x", normal(2, 5).Data, 2, 5)
		w = input(g, "w", normal(5, 3).Data, 5, 3)
		loss = G.Must(G.Sum(G.Must(G.Mul(x, w))))
		grads, err := graph.Grad(loss, w)
		require.NoError(t, err)
		for _, n := range g.AllNodes() {
			if n != x && n.Shape().Eq(tensor.Shape{2, 5}) {
				require.Nil(t, unasked)
				unasked = n
			}
		}
		require.NotNilf(t, unasked, fixed, 13)
		return loss, w, unasked, grads
	}
	x := normal(2, 5).Data
	var want []float64
	for k := range 5 {
		for range 3 {
			want = append(want, x[k]+x[5+k])
		}
	}
	t.Run("upstream", func(t *testing.T) {
		loss, w, unasked, _ := build(t)
		require.NoError(t, G.NewTapeMachine(loss.Graph(), G.BindDualValues(w)).RunAll())
		require.InDeltaSlice(t, want, gradients(t, w)[0], 1e-12)
		require.NotNilf(t, unasked.Value(), fixed, 13)
	})
	t.Run("ours", func(t *testing.T) {
		loss, w, unasked, grads := build(t)
		require.NoError(t, compiled(t, G.Nodes{loss}, grads, G.Nodes{w}).Run())
		require.InDeltaSlice(t, want, gradients(t, w)[0], 1e-12)
		require.Nil(t, unasked.Value())
	})
}

// weightedSum returns Σ x·w of two vectors, on x's memory.
func weightedSum(x []float64) (loss, w *G.Node) {
	g := G.NewGraph()
	w = input(g, "w", []float64{1, 1}, 2)
	return G.Must(G.Sum(G.Must(G.HadamardProd(input(g, "x", x, 2), w)))), w
}

func TestBug14RunWithoutReset(t *testing.T) {
	t.Run("upstream", func(t *testing.T) {
		// The second run starts at the end of the program.
		x := []float64{1, 2}
		loss, _ := weightedSum(x)
		var v G.Value
		G.Read(loss, &v)
		m := G.NewTapeMachine(loss.Graph())
		require.NoError(t, m.RunAll())
		require.Equal(t, []float64{3}, floats(v))
		x[0] = 5
		require.NoError(t, m.RunAll())
		require.Equalf(t, []float64{3}, floats(v), fixed, 14)
		m.Reset()
		require.NoError(t, m.RunAll())
		require.Equal(t, []float64{7}, floats(v))
	})
	t.Run("ours", func(t *testing.T) {
		x := []float64{1, 2}
		loss, _ := weightedSum(x)
		p := compiled(t, G.Nodes{loss}, nil, nil)
		for _, first := range []float64{1, 5, -4} {
			x[0] = first
			require.NoError(t, p.Run())
			got, err := p.Scalar(loss)
			require.NoError(t, err)
			require.Equal(t, first+2, got)
		}
	})
}

func TestBug15GradientsAddUp(t *testing.T) {
	t.Run("upstream", func(t *testing.T) {
		x := []float64{1, 2}
		loss, w := weightedSum(x)
		_, err := G.Grad(loss, w)
		require.NoError(t, err)
		m := G.NewTapeMachine(loss.Graph(), G.BindDualValues(w))
		for run := range 3 {
			m.Reset()
			require.NoError(t, m.RunAll())
			n := float64(run + 1)
			require.Equalf(t, []float64{n, 2 * n}, gradients(t, w)[0], fixed, 15)
		}
	})
	t.Run("ours", func(t *testing.T) {
		x := []float64{1, 2}
		loss, w := weightedSum(x)
		grads, err := graph.Grad(loss, w)
		require.NoError(t, err)
		p := compiled(t, G.Nodes{loss}, grads, G.Nodes{w})
		for run := range 3 {
			x[0] = float64(run)
			require.NoError(t, p.Run())
			require.Equal(t, x, gradients(t, w)[0])
		}
		// A second program on the same parameters starts afresh too.
		again := compiled(t, G.Nodes{loss}, grads, G.Nodes{w})
		require.NoError(t, again.Run())
		require.Equal(t, x, gradients(t, w)[0])
	})
	t.Run("ours with one element, used twice", func(t *testing.T) {
		// Gradients of size 1 and those that are one node for two parameters.
		for _, shape := range [][]int{{1}, {1, 1}} {
			g := G.NewGraph()
			a, b := input(g, "a", []float64{3}, shape...), input(g, "b", []float64{4}, shape...)
			loss, err := graph.SumAll(G.Must(G.Add(G.Must(G.Add(a, b)), a)))
			require.NoError(t, err)
			grads, err := graph.Grad(loss, a, b)
			require.NoError(t, err)
			p := compiled(t, G.Nodes{loss}, grads, G.Nodes{a, b})
			for range 3 {
				require.NoError(t, p.Run())
				require.Equal(t, [][]float64{{2}, {1}}, gradients(t, a, b))
			}
		}
	})
}

func TestBug16LispMachine(t *testing.T) {
	t.Run("upstream second run", func(t *testing.T) {
		// With Reset or without, the second run computes nothing.
		x := []float64{1, 2}
		loss, w := weightedSum(x)
		m := G.NewLispMachine(loss.Graph())
		require.NoError(t, m.RunAll())
		require.Equal(t, []float64{3}, floats(loss.Value()))
		x[0] = 5
		m.Reset()
		require.NoError(t, m.RunAll())
		require.Equalf(t, []float64{3}, floats(loss.Value()), fixed, 16)
		require.Equalf(t, []float64{1, 2}, gradients(t, w)[0], fixed, 16)
	})
	t.Run("ours second run", func(t *testing.T) {
		x := []float64{1, 2}
		loss, w := weightedSum(x)
		grads, err := graph.Grad(loss, w)
		require.NoError(t, err)
		p := compiled(t, G.Nodes{loss}, grads, G.Nodes{w})
		require.NoError(t, p.Run())
		x[0] = 5
		require.NoError(t, p.Run())
		require.Equal(t, []float64{7}, floats(p.Value(loss)))
		require.Equal(t, []float64{5, 2}, gradients(t, w)[0])
	})

	a, b := normal(4, 2), gradcheck.Input{Shape: []int{4, 2}, Data: count(8)}
	scale := count(16) // (4,4): columns 0 and 1 are a's gradient, 2 and 3 b's
	t.Run("upstream Concat", func(t *testing.T) {
		// The gradient is cut along axis 0 whatever the axis.
		g := G.NewGraph()
		na, nb := input(g, "a", a.Data, 4, 2), input(g, "b", b.Data, 4, 2)
		G.Must(G.Sum(G.Must(G.HadamardProd(input(g, "scale", scale, 4, 4), G.Must(G.Concat(1, na, nb))))))
		require.NoError(t, G.NewLispMachine(g).RunAll())
		grads := gradients(t, na, nb)
		wrong(t, 16, []float64{1, 2, 5, 6, 9, 10, 13, 14}, grads[0])
		wrong(t, 16, []float64{3, 4, 7, 8, 11, 12, 15, 16}, grads[1])
	})
	t.Run("ours Concat", func(t *testing.T) {
		var want []float64
		for row := range 4 {
			want = append(append(want, a.Data[2*row:2*row+2]...), b.Data[2*row:2*row+2]...)
		}
		build := func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) { return graph.Concat(1, in...) }
		right(t, build, want, a, b)
		grads, err := gradcheck.Gradients(func(g *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			y, err := build(g, in)
			if err != nil {
				return nil, err
			}
			return G.HadamardProd(input(g, "scale", scale, 4, 4), y)
		}, a, b)
		require.NoError(t, err)
		require.Equal(t, [][]float64{{1, 2, 5, 6, 9, 10, 13, 14}, {3, 4, 7, 8, 11, 12, 15, 16}}, grads)
	})

	// Σ scale·reshape(x) + Σ x: the gradient is scale + 1.
	reshapedTwice := func(g *G.ExprGraph, x *G.Node, reshape func(*G.Node) *G.Node) *G.Node {
		scaled := G.Must(G.HadamardProd(input(g, "scale", []float64{10, 20, 30, 40}, 2, 2), reshape(x)))
		return G.Must(G.Add(G.Must(G.Sum(scaled)), G.Must(G.Sum(x))))
	}
	t.Run("upstream Reshape", func(t *testing.T) {
		// Reshape's gradient replaces what is there instead of adding to it.
		g := G.NewGraph()
		x := input(g, "x", count(4), 4)
		reshapedTwice(g, x, func(x *G.Node) *G.Node { return G.Must(G.Reshape(x, tensor.Shape{2, 2})) })
		require.NoError(t, G.NewLispMachine(g).RunAll())
		wrong(t, 16, []float64{11, 21, 31, 41}, gradients(t, x)[0])
	})
	t.Run("ours Reshape", func(t *testing.T) {
		build := func(g *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			var err error
			y := reshapedTwice(g, in[0], func(x *G.Node) (r *G.Node) { r, err = graph.Reshape(x, 2, 2); return r })
			return y, err
		}
		x := gradcheck.Input{Shape: []int{4}, Data: count(4)}
		right(t, build, []float64{310}, x)
		grads, err := gradcheck.Gradients(build, x)
		require.NoError(t, err)
		require.Equal(t, []float64{11, 21, 31, 41}, grads[0])
	})
}

// The second derivative of Σ w³ is 6w; upstream leaves terms out, or stops.
func TestBug19GradOfAGradient(t *testing.T) {
	build := func(grad func(*G.Node, ...*G.Node) (G.Nodes, error)) ([]float64, error) {
		g := G.NewGraph()
		w := input(g, "w", []float64{1, 2}, 2)
		loss := G.Must(graph.SumAll(G.Must(G.HadamardProd(w, G.Must(G.HadamardProd(w, w))))))
		first, err := grad(loss, w)
		require.NoError(t, err)
		second, err := grad(G.Must(graph.SumAll(first[0])), w)
		if err != nil {
			return nil, err
		}
		p, err := graph.Compile(second, nil, nil)
		require.NoError(t, err)
		require.NoError(t, p.Run())
		return floats(p.Value(second[0])), nil
	}
	t.Run("upstream", func(t *testing.T) {
		got, err := build(G.Grad)
		require.False(t, err == nil && slices.Equal(got, []float64{6, 12}), fixed, 19)
	})
	t.Run("ours", func(t *testing.T) {
		got, err := build(graph.Grad)
		require.NoError(t, err)
		require.Equal(t, []float64{6, 12}, got)
	})
}
