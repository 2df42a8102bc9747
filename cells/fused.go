package cells

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// The three parts of an LSTM step, each one pass over its operands, in place of
// some twenty nodes. The gates i, f, g and o lie side by side, (batch, 4·hidden),
// and are not cut apart. Their gradients are such operations too, and have none.

// lstmGates returns σ(a+u) for the gates i, f and o and tanh(a+u) for g, all in
// (batch, 4·hidden).
func lstmGates(a, u *G.Node) (y *G.Node, err error) {
	y, err = fused("lstm gates", a, a.Shape()[1]/4, fuseGates[float32], fuseGates[float64], func(grad *G.Node) (G.Nodes, error) {
		g, err := fused("lstm gates gradient", y, y.Shape()[1]/4, fuseGatesBack[float32], fuseGatesBack[float64], nil, y, grad)
		return G.Nodes{g, g}, err
	}, a, u)
	return y, err
}

// lstmMemory returns c' = f ⊙ c + i ⊙ g, (batch, hidden), from the gates of
// lstmGates and c.
func lstmMemory(y, c *G.Node) (*G.Node, error) {
	hidden := c.Shape()[1]
	return fused("lstm memory", c, hidden, fuseMemory[float32], fuseMemory[float64], func(grad *G.Node) (G.Nodes, error) {
		dy, err := fused("lstm memory gradient of gates", y, hidden, fuseMemoryBackGates[float32], fuseMemoryBackGates[float64], nil, y, c, grad)
		if err != nil {
			return nil, err
		}
		dc, err := fused("lstm memory gradient of c", c, hidden, fuseMemoryBack[float32], fuseMemoryBack[float64], nil, y, grad)
		return G.Nodes{dy, dc}, err
	}, y, c)
}

// lstmState returns h' = o ⊙ tanh(c'), (batch, hidden), from the gates of
// lstmGates and c'.
func lstmState(y, c *G.Node) (*G.Node, error) {
	hidden := c.Shape()[1]
	return fused("lstm state", c, hidden, fuseState[float32], fuseState[float64], func(grad *G.Node) (G.Nodes, error) {
		dy, err := fused("lstm state gradient of gates", y, hidden, fuseStateBackGates[float32], fuseStateBackGates[float64], nil, c, grad)
		if err != nil {
			return nil, err
		}
		dc, err := fused("lstm state gradient of c", c, hidden, fuseStateBack[float32], fuseStateBack[float64], nil, y, c, grad)
		return G.Nodes{dy, dc}, err
	}, y, c)
}

// fused adds an operation with the shape of a node and, unless diff is nil, a
// gradient.
func fused(name string, like *G.Node, hidden int, f32 func([]float32, [][]float32, int), f64 func([]float64, [][]float64, int), diff func(grad *G.Node) (G.Nodes, error), inputs ...*G.Node) (*G.Node, error) {
	return ops.Apply(&ops.Op{
		Name:  name,
		Shape: like.Shape().Clone(),
		F32:   func(out []float32, in [][]float32) { f32(out, in, hidden) },
		F64:   func(out []float64, in [][]float64) { f64(out, in, hidden) },
		WRT:   slices.Repeat([]bool{true}, len(inputs)),
		Diff: func(_ G.Nodes, grad *G.Node) (G.Nodes, error) {
			if diff == nil {
				return nil, errors.Errorf("cells: the %s has no gradient of its own, as the operations of an LSTM are fused; for second derivatives use gru or rnn, or a cell of Equations", name)
			}
			return diff(grad)
		},
	}, inputs...)
}

// sigmoid and tanh go through float64: they overflow nowhere and are as good as
// T is.
func sigmoid[T ops.Float](x T) T { return T(1 / (1 + math.Exp(-float64(x)))) }

func tanh[T ops.Float](x T) T {
	if x > -0.1 && x < 0.1 {
		return T(math.Tanh(float64(x))) // where the difference below would cancel
	}
	return T(1 - 2/(1+math.Exp(2*float64(x))))
}

func fuseGates[T ops.Float](out []T, in [][]T, hidden int) {
	a, u := in[0], in[1]
	for at := 0; at < len(out); at += hidden {
		if at/hidden%4 == 2 {
			for k := at; k < at+hidden; k++ {
				out[k] = tanh(a[k] + u[k])
			}
			continue
		}
		for k := at; k < at+hidden; k++ {
			out[k] = sigmoid(a[k] + u[k])
		}
	}
}

func fuseGatesBack[T ops.Float](out []T, in [][]T, hidden int) {
	y, grad := in[0], in[1]
	for at := 0; at < len(out); at += hidden {
		if at/hidden%4 == 2 {
			for k := at; k < at+hidden; k++ {
				out[k] = grad[k] * (1 - y[k]*y[k])
			}
			continue
		}
		for k := at; k < at+hidden; k++ {
			out[k] = grad[k] * y[k] * (1 - y[k])
		}
	}
}

// eachRow calls visit with the gates of each row, and where the row begins in
// (batch, hidden).
func eachRow[T ops.Float](y []T, hidden int, visit func(i, f, g, o []T, at int)) {
	for row := range len(y) / (4 * hidden) {
		y := y[row*4*hidden : (row+1)*4*hidden]
		visit(y[:hidden], y[hidden:2*hidden], y[2*hidden:3*hidden], y[3*hidden:], row*hidden)
	}
}

func fuseMemory[T ops.Float](out []T, in [][]T, hidden int) {
	c := in[1]
	eachRow(in[0], hidden, func(i, f, g, _ []T, at int) {
		for k := range hidden {
			out[at+k] = f[k]*c[at+k] + i[k]*g[k]
		}
	})
}

func fuseMemoryBackGates[T ops.Float](out []T, in [][]T, hidden int) {
	c, grad := in[1], in[2]
	eachRow(in[0], hidden, func(i, _, g, _ []T, at int) {
		to := out[4*at : 4*(at+hidden)]
		for k := range hidden {
			d := grad[at+k]
			to[k], to[hidden+k], to[2*hidden+k], to[3*hidden+k] = d*g[k], d*c[at+k], d*i[k], 0
		}
	})
}

func fuseMemoryBack[T ops.Float](out []T, in [][]T, hidden int) {
	grad := in[1]
	eachRow(in[0], hidden, func(_, f, _, _ []T, at int) {
		for k := range hidden {
			out[at+k] = grad[at+k] * f[k]
		}
	})
}

func fuseState[T ops.Float](out []T, in [][]T, hidden int) {
	c := in[1]
	eachRow(in[0], hidden, func(_, _, _, o []T, at int) {
		for k := range hidden {
			out[at+k] = o[k] * tanh(c[at+k])
		}
	})
}

func fuseStateBackGates[T ops.Float](out []T, in [][]T, hidden int) {
	c, grad := in[0], in[1]
	eachRow(out, hidden, func(i, f, g, o []T, at int) {
		clear(i)
		clear(f)
		clear(g)
		for k := range hidden {
			o[k] = grad[at+k] * tanh(c[at+k])
		}
	})
}

func fuseStateBack[T ops.Float](out []T, in [][]T, hidden int) {
	c, grad := in[1], in[2]
	eachRow(in[0], hidden, func(_, _, _, o []T, at int) {
		for k := range hidden {
			t := tanh(c[at+k])
			out[at+k] = grad[at+k] * o[k] * (1 - t*t)
		}
	})
}
