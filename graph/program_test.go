package graph_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/graph"
)

// network is tanh(reshape(x)·w) with its sum for a loss.
type network struct {
	data    []float64 // of w
	w, y, l *G.Node
}

func newNetwork(t *testing.T) network {
	t.Helper()
	g := G.NewGraph()
	n := network{data: normal(3, 2).Data}
	x := input(g, "x", normal(2, 2, 3).Data, 2, 2, 3)
	n.w = input(g, "w", n.data, 3, 2)
	rows, err := graph.Reshape(x, 4, 3)
	require.NoError(t, err)
	n.y = G.Must(G.Tanh(G.Must(G.Mul(rows, n.w))))
	n.l, err = graph.SumAll(n.y)
	require.NoError(t, err)
	return n
}

func TestProgramRunsAgree(t *testing.T) {
	n := newNetwork(t)
	before := append([]float64{}, n.data...)
	grads, err := graph.Grad(n.l, n.w)
	require.NoError(t, err)
	p := compiled(t, G.Nodes{n.y, n.l}, grads, G.Nodes{n.w})
	var y, l, g []float64
	for run := range 3 {
		require.NoError(t, p.Run())
		if run == 0 {
			y, l, g = floats(p.Value(n.y)), floats(p.Value(n.l)), gradients(t, n.w)[0]
		}
		require.Equal(t, y, floats(p.Value(n.y)))
		require.Equal(t, l, floats(p.Value(n.l)))
		require.Equal(t, g, gradients(t, n.w)[0])
	}
	require.Equal(t, before, n.data)
	sum := 0.0
	for _, v := range y {
		sum += v
	}
	require.InDelta(t, sum, l[0], 1e-12)
	require.NoError(t, p.Close())
}

// A forward-only program and a training program of one graph take turns.
func TestProgramForwardOnly(t *testing.T) {
	n := newNetwork(t)
	before := append([]float64{}, n.data...)
	forward := compiled(t, G.Nodes{n.y}, nil, nil)
	require.NoError(t, forward.Run())
	require.Equal(t, before, n.data)
	y := floats(forward.Value(n.y))

	grads, err := graph.Grad(n.l, n.w)
	require.NoError(t, err)
	train := compiled(t, G.Nodes{n.l}, grads, G.Nodes{n.w})
	require.NoError(t, train.Run())
	g := gradients(t, n.w)[0]
	for range 2 {
		require.NoError(t, forward.Run())
	}
	require.Equal(t, g, gradients(t, n.w)[0], "a forward run leaves the gradient")
	require.Equal(t, y, floats(forward.Value(n.y)))
	require.Equal(t, before, n.data)

	// The forward program reads the weights anew.
	clear(n.data)
	require.NoError(t, forward.Run())
	require.Equal(t, make([]float64, len(y)), floats(forward.Value(n.y)))
}

func TestProgramValueAndScalar(t *testing.T) {
	n := newNetwork(t)
	p := compiled(t, G.Nodes{n.y, n.l, n.l}, nil, nil) // asking twice changes nothing
	require.Nil(t, p.Value(n.y), "before the first run")
	_, err := p.Scalar(n.l)
	require.ErrorContains(t, err, "is not an output of the program, or it has not run")
	require.NoError(t, p.Run())
	require.Nil(t, p.Value(n.w), "not an output")
	_, err = p.Scalar(n.w)
	require.ErrorContains(t, err, "is not an output of the program, or it has not run")
	_, err = p.Scalar(n.y)
	require.ErrorContains(t, err, "has shape (4, 2), not one element")
	l, err := p.Scalar(n.l)
	require.NoError(t, err)
	require.Equal(t, floats(p.Value(n.l)), []float64{l})
}

// One element is a scalar whatever its shape and type.
func TestProgramScalarOfAnyType(t *testing.T) {
	g := G.NewGraph()
	wide := input(g, "wide", []float64{2.5}, 1)
	narrow, err := graph.Input(g, "narrow", tensor.Float32, tensor.Shape{1, 1}, dense([]float32{1.5}, 1, 1))
	require.NoError(t, err)
	sum, err := graph.SumAll(narrow)
	require.NoError(t, err)
	p := compiled(t, G.Nodes{wide, narrow, sum}, nil, nil)
	require.NoError(t, p.Run())
	for n, want := range map[*G.Node]float64{wide: 2.5, narrow: 1.5, sum: 1.5} {
		got, err := p.Scalar(n)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestProgramInputs(t *testing.T) {
	g := G.NewGraph()
	x, err := graph.Input(g, "x", tensor.Float64, tensor.Shape{2}, nil)
	require.NoError(t, err)
	unused, err := graph.Input(g, "unused", tensor.Float64, tensor.Shape{2}, nil)
	require.NoError(t, err)
	y := G.Must(G.Square(x))
	p := compiled(t, G.Nodes{y}, nil, nil)
	require.ErrorContains(t, p.Run(), "graph: run: ")
	require.NoError(t, G.Let(x, dense([]float64{3, 4}, 2)))
	require.NoError(t, p.Run())
	require.Equal(t, []float64{9, 16}, floats(p.Value(y)))
	require.NoError(t, G.Let(x, dense([]float64{5, 6}, 2)))
	require.NoError(t, p.Run())
	require.Equal(t, []float64{25, 36}, floats(p.Value(y)))
	require.Nil(t, unused.Value())
}

// Upstream takes what a first Grad left on the nodes for part of a second, or
// stops there (bug 19).
func TestGradOfASecondLoss(t *testing.T) {
	right := func(t *testing.T, loss, param *G.Node, want []float64) {
		grads, err := graph.Grad(loss, param)
		require.NoError(t, err)
		p := compiled(t, G.Nodes{loss}, grads, G.Nodes{param})
		require.NoError(t, p.Run())
		v, err := param.Grad()
		require.NoError(t, err)
		require.Equal(t, want, floats(v))
	}
	product := func(a, b *G.Node) *G.Node { return G.Must(G.HadamardProd(a, b)) }
	t.Run("same parameter", func(t *testing.T) {
		g := G.NewGraph()
		w, x := input(g, "w", []float64{1, 2}, 2), input(g, "x", []float64{10, 20}, 2)
		_, err := graph.Grad(G.Must(G.Sum(product(w, x))), w)
		require.NoError(t, err)
		right(t, G.Must(G.Sum(product(w, w))), w, []float64{2, 4})
	})
	t.Run("another parameter below a shared node", func(t *testing.T) {
		g := G.NewGraph()
		a, b := input(g, "a", []float64{3, 4}, 2), input(g, "b", []float64{5, 6}, 2)
		x, shared := input(g, "x", []float64{10, 20}, 2), product(a, b)
		_, err := graph.Grad(G.Must(G.Sum(product(x, shared))), a)
		require.NoError(t, err)
		loss := G.Must(G.Add(G.Must(G.Sum(shared)), G.Must(G.Sum(b))))
		right(t, loss, b, []float64{4, 5})
	})
	t.Run("another parameter of the same loss", func(t *testing.T) {
		g := G.NewGraph()
		a, b := input(g, "a", []float64{3, 4}, 2), input(g, "b", []float64{5, 6}, 2)
		loss := G.Must(G.Sum(product(a, b)))
		_, err := graph.Grad(loss, a)
		require.NoError(t, err)
		right(t, loss, b, []float64{3, 4})
	})
}

// A program gives no gradients that are not its own.
func TestGradientsOfAnEarlierGrad(t *testing.T) {
	g := G.NewGraph()
	w := input(g, "w", []float64{1, 2}, 2)
	loss := G.Must(G.Sum(G.Must(G.Square(w))))
	grads, err := graph.Grad(loss, w)
	require.NoError(t, err)
	p := compiled(t, G.Nodes{loss}, grads, G.Nodes{w})
	require.NoError(t, p.Run())
	require.NoError(t, p.Run())
	_, err = graph.Grad(G.Must(graph.SumAll(w)), w)
	require.NoError(t, err)
	require.ErrorContains(t, p.Run(), `input "w" (2) has another gradient since Grad was called again`)
	_, err = graph.Grad(w, w)
	require.ErrorContains(t, err, "want a scalar")
}

// Σ w³ has the derivatives 3w², 6w and 6.
func TestGradOfAnyOrder(t *testing.T) {
	g := G.NewGraph()
	w := input(g, "w", []float64{1, 2, -3}, 3)
	n := G.Must(graph.SumAll(G.Must(G.HadamardProd(w, G.Must(G.HadamardProd(w, w))))))
	for _, want := range [][]float64{{3, 12, 27}, {6, 12, -18}, {6, 6, 6}} {
		grads, err := graph.Grad(n, w)
		require.NoError(t, err)
		p := compiled(t, G.Nodes{n}, grads, G.Nodes{w})
		require.NoError(t, p.Run())
		v, err := w.Grad()
		require.NoError(t, err)
		require.Equal(t, want, floats(v))
		n = G.Must(graph.SumAll(grads[0]))
	}
}

func TestGraphErrors(t *testing.T) {
	g := G.NewGraph()
	in := func(name string, dt tensor.Dtype, shape ...int) *G.Node {
		n, err := graph.Input(g, name, dt, shape, nil)
		require.NoError(t, err)
		return n
	}
	x, y, z := in("x", tensor.Float32, 2, 6), in("y", tensor.Float32, 3, 6), in("z", tensor.Float32, 2, 3, 6)
	wide := in("wide", tensor.Float64, 2, 6)
	one := func(n *G.Node, err error) func() (*G.Node, error) { return func() (*G.Node, error) { return n, err } }
	first := func(ns G.Nodes, err error) func() (*G.Node, error) {
		return func() (*G.Node, error) {
			if len(ns) > 0 {
				return ns[0], err
			}
			return nil, err
		}
	}
	add := func(name string, dt tensor.Dtype, shape tensor.Shape, v tensor.Tensor) func() (*G.Node, error) {
		return one(graph.Input(g, name, dt, shape, v))
	}
	compile := func(outputs, grads, params G.Nodes) func() (*G.Node, error) {
		_, err := graph.Compile(outputs, grads, params)
		return one(nil, err)
	}
	for _, c := range []struct {
		text  string // the whole error, or its start where it ends in "..."
		build func() (*G.Node, error)
	}{
		{"graph: cannot reshape (2, 6) (12 elements) to (5, 2) (10 elements)", one(graph.Reshape(x, 5, 2))},
		{"graph: cannot reshape (2, 6) (12 elements) to () (1 elements)", one(graph.Reshape(x))},
		{"graph: cannot reshape (2, 6) (12 elements) to (13) (13 elements)", one(graph.View(x, 13))},

		{"graph: slice 0:1 of axis 2 does not fit shape (2, 6)", one(graph.Slice(x, 2, 0, 1))},
		{"graph: slice 0:1 of axis -1 does not fit shape (2, 6)", one(graph.Slice(x, -1, 0, 1))},
		{"graph: slice -1:1 of axis 1 does not fit shape (2, 6)", one(graph.Slice(x, 1, -1, 1))},
		{"graph: slice 4:7 of axis 1 does not fit shape (2, 6)", one(graph.Slice(x, 1, 4, 7))},
		{"graph: slice 3:3 of axis 1 does not fit shape (2, 6)", one(graph.Slice(x, 1, 3, 3))},
		{"graph: slice 3:2 of axis 1 does not fit shape (2, 6)", one(graph.Slice(x, 1, 3, 2))},

		{"graph: axis 1 of shape (2, 6) does not split into 4 equal parts", first(graph.Split(x, 1, 4))},
		{"graph: axis 1 of shape (2, 6) does not split into 0 equal parts", first(graph.Split(x, 1, 0))},
		{"graph: axis 1 of shape (2, 6) does not split into 12 equal parts", first(graph.Split(x, 1, 12))},
		{"graph: axis 2 of shape (2, 6) does not split into 2 equal parts", first(graph.Split(x, 2, 2))},
		{"graph: axis -1 of shape (2, 6) does not split into 2 equal parts", first(graph.Split(x, -1, 2))},

		{"graph: cannot join 0 nodes along axis 0", one(graph.Concat(0))},
		{"graph: cannot join 2 nodes along axis 2", one(graph.Concat(2, x, y))},
		{"graph: cannot join 2 nodes along axis -1", one(graph.Concat(-1, x, y))},
		{"graph: cannot join shape (3, 6) to (2, 6) along axis 1", one(graph.Concat(1, x, y))},
		{"graph: cannot join shape (2, 3, 6) to (2, 6) along axis 0", one(graph.Concat(0, x, z))},
		{"graph: concat axis 0 ...", one(graph.Concat(0, x, wide))},

		{"graph: [0] is not a permutation of the axes of shape (2, 6)", one(graph.Transpose(x, 0))},
		{"graph: [0 0] is not a permutation of the axes of shape (2, 6)", one(graph.Transpose(x, 0, 0))},
		{"graph: [0 2] is not a permutation of the axes of shape (2, 6)", one(graph.Transpose(x, 0, 2))},
		{"graph: [1 -1] is not a permutation of the axes of shape (2, 6)", one(graph.Transpose(x, 1, -1))},
		{"graph: [1 0 2] is not a permutation of the axes of shape (2, 6)", one(graph.Transpose(x, 1, 0, 2))},
		{"graph: [] is not a permutation of the axes of shape (2, 6)", one(graph.Transpose(x))},

		{"graph: shape (2, 6) has no axis 2 to sum", one(graph.Sum(x, 2))},
		{"graph: shape (2, 6) has no axis -1 to sum", one(graph.Sum(x, -1))},

		{"graph: axes [1] of shape (2, 6) do not pair with axes [0] of shape (3, 6)", one(graph.Tensordot([]int{1}, []int{0}, x, y))},
		{"graph: axes [1] of shape (2, 6) do not pair with axes [] of shape (3, 6)", one(graph.Tensordot([]int{1}, nil, x, y))},
		{"graph: axes [2] of shape (2, 6) do not pair with axes [1] of shape (3, 6)", one(graph.Tensordot([]int{2}, []int{1}, x, y))},
		{"graph: axes [1] of shape (2, 6) do not pair with axes [-1] of shape (3, 6)", one(graph.Tensordot([]int{1}, []int{-1}, x, y))},
		{"graph: axes [1 1] of shape (2, 6) do not pair with axes [1 1] of shape (3, 6)", one(graph.Tensordot([]int{1, 1}, []int{1, 1}, x, y))},

		{`graph: an input needs a name and at least one axis, has "" and shape (2)`, add("", tensor.Float32, tensor.Shape{2}, nil)},
		{`graph: an input needs a name and at least one axis, has "s" and shape ()`, add("s", tensor.Float32, tensor.Shape{}, nil)},
		{`graph: the graph already has an input named "x"; give each its own name`, add("x", tensor.Float32, tensor.Shape{9}, nil)},
		{`graph: input "v" is float64 (2), its value float32 (2)`, add("v", tensor.Float64, tensor.Shape{2}, dense([]float32{1, 2}, 2))},
		{`graph: input "v" is float64 (2), its value float64 (1, 2)`, add("v", tensor.Float64, tensor.Shape{2}, dense([]float64{1, 2}, 1, 2))},

		{"graph: y (2, 6) and target (3, 6); want one shape", one(graph.MeanSquare(x, y))},
		{"graph: label smoothing of (2, 6) by 1; want (batch, classes), and at least 0 and below 1", one(graph.SmoothLabels(x, 1))},
		{"graph: [0 0] is not an order of the 2 free axes of (2, 6) and (3, 6)", one(graph.Tensordot([]int{1}, []int{1}, x, y, 0, 0))},
		{"graph: 0 outputs, 0 gradients and 0 parameters; want at least one output and one gradient a parameter", compile(nil, nil, nil)},
		{"graph: 1 outputs, 1 gradients and 0 parameters; want at least one output and one gradient a parameter", compile(G.Nodes{x}, G.Nodes{x}, nil)},
		{`graph: the gradient of input "x" (2, 6); want a scalar, such as SumAll makes`, first(graph.Grad(x, x))},
		{"graph: symbolic differentiation: ...", first(graph.Grad(G.Must(graph.SumAll(x)), y))},
	} {
		t.Run(c.text, func(t *testing.T) {
			n, err := c.build()
			require.Error(t, err)
			require.Nil(t, n)
			if start, ok := cutEllipsis(c.text); ok {
				require.ErrorContains(t, err, start)
			} else {
				require.EqualError(t, err, c.text)
			}
		})
	}
}

func cutEllipsis(s string) (string, bool) {
	const dots = "..."
	if len(s) > len(dots) && s[len(s)-len(dots):] == dots {
		return s[:len(s)-len(dots)], true
	}
	return s, false
}

// Sizes below 1 have no elements; a machine that runs them panics in a goroutine
// of its own, where nobody can recover.
func TestSizesBelowOne(t *testing.T) {
	g := G.NewGraph()
	x, err := graph.Input(g, "x", tensor.Float32, tensor.Shape{2, 3}, nil)
	require.NoError(t, err)
	for name, build := range map[string]func() (*G.Node, error){
		"Reshape":    func() (*G.Node, error) { return graph.Reshape(x, -2, -3) },
		"View":       func() (*G.Node, error) { return graph.View(x, -2, -3) },
		"Zeros":      func() (*G.Node, error) { return graph.Zeros(x, 0, 3) },
		"Input":      func() (*G.Node, error) { return graph.Input(g, "negative", tensor.Float32, tensor.Shape{-2}, nil) },
		"Input of 0": func() (*G.Node, error) { return graph.Input(g, "none", tensor.Float32, tensor.Shape{0, 2}, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := build()
			require.ErrorContains(t, err, "graph: ")
		})
	}
}

// Separate graphs are built, compiled and run at the same time; with -race alone,
// and as the first gradients of the process, upstream's Grad fails here.
func TestGraphsInParallel(t *testing.T) {
	var wait sync.WaitGroup
	got := make([][]float64, 8)
	for k := range got {
		wait.Go(func() {
			g := G.NewGraph()
			x := input(g, "x", count(4), 4)
			loss := G.Must(G.Sum(G.Must(G.Square(x))))
			grads, err := graph.Grad(loss, x)
			if err != nil {
				return // and got has nothing
			}
			p, err := graph.Compile(G.Nodes{loss}, grads, G.Nodes{x})
			if err != nil || p.Run() != nil {
				return
			}
			v, err := x.Grad()
			if err == nil {
				got[k] = floats(v)
			}
		})
	}
	wait.Wait()
	for _, v := range got {
		require.Equal(t, []float64{2, 4, 6, 8}, v)
	}
}
