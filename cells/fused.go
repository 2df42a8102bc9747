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
	hidden := a.Shape()[1] / 4
	back := func(in G.Nodes, grad *G.Node) (*G.Node, error) {
		return gradient("lstm gates gradient", y, hidden, fuseGatesBack[float32], fuseGatesBack[float64], y)(in, grad)
	}
	y, err = fused("lstm gates", a, hidden, fuseGates[float32], fuseGates[float64], []ops.Gradient{back, back}, a, u)
	return y, err
}

// lstmMemory returns c' = f ⊙ c + i ⊙ g, (batch, hidden), from the gates of
// lstmGates and c.
func lstmMemory(y, c *G.Node) (*G.Node, error) {
	hidden := c.Shape()[1]
	return fused("lstm memory", c, hidden, fuseMemory[float32], fuseMemory[float64], []ops.Gradient{
		gradient("lstm memory gradient of gates", y, hidden, fuseMemoryBackGates[float32], fuseMemoryBackGates[float64], y, c),
		gradient("lstm memory gradient of c", c, hidden, fuseMemoryBack[float32], fuseMemoryBack[float64], y),
	}, y, c)
}

// lstmState returns h' = o ⊙ tanh(c'), (batch, hidden), from the gates of
// lstmGates and c'.
func lstmState(y, c *G.Node) (*G.Node, error) {
	hidden := c.Shape()[1]
	return fused("lstm state", c, hidden, fuseState[float32], fuseState[float64], []ops.Gradient{
		gradient("lstm state gradient of gates", y, hidden, fuseStateBackGates[float32], fuseStateBackGates[float64], c),
		gradient("lstm state gradient of c", c, hidden, fuseStateBack[float32], fuseStateBack[float64], y, c),
	}, y, c)
}

// kernel computes a row of a result from the rows of the operands, for n hidden units.
type kernel[T ops.Float] func(out []T, in [][]T, n int)

// fused adds an operation with the shape of a node.
func fused(name string, like *G.Node, hidden int, f32 kernel[float32], f64 kernel[float64], diff []ops.Gradient, inputs ...*G.Node) (*G.Node, error) {
	return ops.Apply(&ops.Op{
		Name:  name,
		Shape: like.Shape(),
		F32:   func(out []float32, in [][]float32) { rowByRow(out, in, like.Shape()[0], hidden, f32) },
		F64:   func(out []float64, in [][]float64) { rowByRow(out, in, like.Shape()[0], hidden, f64) },
		Diff:  diff,
	}, inputs...)
}

// gradient returns what makes a fused operation of the operands and, after them, of the
// result's gradient. Asked for a gradient of its own it returns an error.
func gradient(name string, like *G.Node, hidden int, f32 kernel[float32], f64 kernel[float64], operands ...*G.Node) ops.Gradient {
	none := func(G.Nodes, *G.Node) (*G.Node, error) {
		return nil, errors.Errorf("cells: the %s has no gradient of its own, as the operations of an LSTM are fused; for second derivatives use gru or rnn, or a cell of graph.Equations", name)
	}
	return func(_ G.Nodes, grad *G.Node) (*G.Node, error) {
		inputs := append(slices.Clone(operands), grad)
		return fused(name, like, hidden, f32, f64, slices.Repeat([]ops.Gradient{none}, len(inputs)), inputs...)
	}
}

func rowByRow[T ops.Float](out []T, in [][]T, batch, hidden int, compute kernel[T]) {
	rows, columns := make([][]T, len(in)), len(out)/batch
	for b := range batch {
		for k, x := range in {
			n := len(x) / batch
			rows[k] = x[b*n : (b+1)*n]
		}
		compute(out[b*columns:(b+1)*columns], rows, hidden)
	}
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

// The kernels.

func fuseGates[T ops.Float](y []T, in [][]T, n int) {
	a, u := in[0], in[1]
	for k := range y {
		if k < 2*n || k >= 3*n {
			y[k] = sigmoid(a[k] + u[k])
		} else {
			y[k] = tanh(a[k] + u[k])
		}
	}
}

func fuseGatesBack[T ops.Float](out []T, in [][]T, n int) {
	grad := in[1][:len(out)]
	for k, y := range in[0][:len(out)] {
		if k < 2*n || k >= 3*n {
			out[k] = grad[k] * y * (1 - y)
		} else {
			out[k] = grad[k] * (1 - y*y)
		}
	}
}

func fuseMemory[T ops.Float](out []T, in [][]T, n int) {
	i, f, g := in[0][:n], in[0][n:2*n], in[0][2*n:]
	for k, c := range in[1] {
		out[k] = f[k]*c + i[k]*g[k]
	}
}

func fuseMemoryBackGates[T ops.Float](out []T, in [][]T, n int) {
	y, c := in[0], in[1]
	for k, d := range in[2] {
		out[k], out[n+k], out[2*n+k], out[3*n+k] = d*y[2*n+k], d*c[k], d*y[k], 0
	}
}

func fuseMemoryBack[T ops.Float](out []T, in [][]T, n int) {
	f := in[0][n:]
	for k, d := range in[1] {
		out[k] = d * f[k]
	}
}

func fuseState[T ops.Float](out []T, in [][]T, n int) {
	o := in[0][3*n:]
	for k, c := range in[1] {
		out[k] = o[k] * tanh(c)
	}
}

func fuseStateBackGates[T ops.Float](out []T, in [][]T, n int) {
	clear(out[:3*n])
	for k, c := range in[0] {
		out[3*n+k] = in[1][k] * tanh(c)
	}
}

func fuseStateBack[T ops.Float](out []T, in [][]T, n int) {
	o, grad := in[0][3*n:], in[2]
	for k, c := range in[1] {
		t := tanh(c)
		out[k] = grad[k] * o[k] * (1 - t*t)
	}
}
