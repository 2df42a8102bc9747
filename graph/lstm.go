package graph

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// The three parts of an LSTM step, each one pass over its operands, in place of
// some twenty nodes. The gates i, f, g and o lie side by side, (batch, 4·hidden),
// and are not cut apart.

// LSTMGates returns σ(a+u) for the gates i, f and o and tanh(a+u) for g, all in
// (batch, 4·hidden). It returns an error when a and u differ in shape.
func LSTMGates(a, u *G.Node) (*G.Node, error) {
	if a.Dims() != 2 || !slices.Equal(a.Shape(), u.Shape()) || a.Shape()[1]%4 != 0 {
		return nil, errors.Errorf("graph: LSTM gates of %v and %v; want both (batch, 4·hidden)", a.Shape(), u.Shape())
	}
	hidden := a.Shape()[1] / 4
	var y *G.Node
	y, err := ops.Apply(&ops.Op{
		Name:  "lstm gates",
		Shape: a.Shape().Clone(),
		F32:   func(out []float32, in [][]float32) { lstmGates(out, in[0], in[1], hidden) },
		F64:   func(out []float64, in [][]float64) { lstmGates(out, in[0], in[1], hidden) },
		WRT:   []bool{true, true},
		Diff: func(_ G.Nodes, grad *G.Node) (G.Nodes, error) {
			g, err := gradient("lstm gates gradient", y, func(out []float32, in [][]float32) { lstmGatesBack(out, in[0], in[1], hidden) },
				func(out []float64, in [][]float64) { lstmGatesBack(out, in[0], in[1], hidden) }, y, grad)
			return G.Nodes{g, g}, err
		},
	}, a, u)
	return y, err
}

// LSTMMemory returns c' = f ⊙ c + i ⊙ g, (batch, hidden), from the gates of
// LSTMGates and c. It returns an error when the shapes don't fit.
func LSTMMemory(gates, c *G.Node) (*G.Node, error) {
	hidden, err := lstmHidden(gates, c)
	if err != nil {
		return nil, err
	}
	return ops.Apply(&ops.Op{
		Name:  "lstm memory",
		Shape: c.Shape().Clone(),
		F32:   func(out []float32, in [][]float32) { lstmMemory(out, in[0], in[1], hidden) },
		F64:   func(out []float64, in [][]float64) { lstmMemory(out, in[0], in[1], hidden) },
		WRT:   []bool{true, true},
		Diff: func(in G.Nodes, grad *G.Node) (G.Nodes, error) {
			gates, c := in[0], in[1]
			dGates, err := gradient("lstm memory gradient of gates", gates,
				func(out []float32, in [][]float32) { lstmMemoryBackGates(out, in[0], in[1], in[2], hidden) },
				func(out []float64, in [][]float64) { lstmMemoryBackGates(out, in[0], in[1], in[2], hidden) }, gates, c, grad)
			if err != nil {
				return nil, err
			}
			dc, err := gradient("lstm memory gradient of c", c,
				func(out []float32, in [][]float32) { timesGate(out, in[0], in[1], 1, hidden) },
				func(out []float64, in [][]float64) { timesGate(out, in[0], in[1], 1, hidden) }, gates, grad)
			return G.Nodes{dGates, dc}, err
		},
	}, gates, c)
}

// LSTMState returns h' = o ⊙ tanh(c'), (batch, hidden), from the gates of
// LSTMGates and c'. It returns an error when the shapes don't fit.
func LSTMState(gates, c *G.Node) (*G.Node, error) {
	hidden, err := lstmHidden(gates, c)
	if err != nil {
		return nil, err
	}
	return ops.Apply(&ops.Op{
		Name:  "lstm state",
		Shape: c.Shape().Clone(),
		F32:   func(out []float32, in [][]float32) { lstmState(out, in[0], in[1], hidden) },
		F64:   func(out []float64, in [][]float64) { lstmState(out, in[0], in[1], hidden) },
		WRT:   []bool{true, true},
		Diff: func(in G.Nodes, grad *G.Node) (G.Nodes, error) {
			gates, c := in[0], in[1]
			dGates, err := gradient("lstm state gradient of gates", gates,
				func(out []float32, in [][]float32) { lstmStateBackGates(out, in[0], in[1], hidden) },
				func(out []float64, in [][]float64) { lstmStateBackGates(out, in[0], in[1], hidden) }, c, grad)
			if err != nil {
				return nil, err
			}
			dc, err := gradient("lstm state gradient of c", c,
				func(out []float32, in [][]float32) { lstmStateBackMemory(out, in[0], in[1], in[2], hidden) },
				func(out []float64, in [][]float64) { lstmStateBackMemory(out, in[0], in[1], in[2], hidden) }, gates, c, grad)
			return G.Nodes{dGates, dc}, err
		},
	}, gates, c)
}

func lstmHidden(gates, c *G.Node) (int, error) {
	if gates.Dims() != 2 || c.Dims() != 2 || gates.Shape()[0] != c.Shape()[0] || gates.Shape()[1] != 4*c.Shape()[1] {
		return 0, errors.Errorf("graph: LSTM gates %v and memory %v; want (batch, 4·hidden) and (batch, hidden)", gates.Shape(), c.Shape())
	}
	return c.Shape()[1], nil
}

// gradient is an op with the shape of a node and no gradient of its own.
func gradient(name string, like *G.Node, f32 func([]float32, [][]float32), f64 func([]float64, [][]float64), inputs ...*G.Node) (*G.Node, error) {
	none := make(G.Nodes, len(inputs))
	return ops.Apply(&ops.Op{
		Name: name, Shape: like.Shape().Clone(), F32: f32, F64: f64, WRT: make([]bool, len(inputs)),
		Diff: func(G.Nodes, *G.Node) (G.Nodes, error) { return none, nil },
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

func lstmGates[T ops.Float](out, a, u []T, hidden int) {
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

func lstmGatesBack[T ops.Float](out, y, grad []T, hidden int) {
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
func eachRow[T ops.Float](gates []T, hidden int, visit func(i, f, g, o []T, at int)) {
	for row := range len(gates) / (4 * hidden) {
		y := gates[row*4*hidden : (row+1)*4*hidden]
		visit(y[:hidden], y[hidden:2*hidden], y[2*hidden:3*hidden], y[3*hidden:], row*hidden)
	}
}

func lstmMemory[T ops.Float](out, gates, c []T, hidden int) {
	eachRow(gates, hidden, func(i, f, g, _ []T, at int) {
		for k := range hidden {
			out[at+k] = f[k]*c[at+k] + i[k]*g[k]
		}
	})
}

func lstmMemoryBackGates[T ops.Float](out, gates, c, grad []T, hidden int) {
	eachRow(gates, hidden, func(i, _, g, _ []T, at int) {
		to := out[4*at : 4*(at+hidden)]
		for k := range hidden {
			d := grad[at+k]
			to[k], to[hidden+k], to[2*hidden+k], to[3*hidden+k] = d*g[k], d*c[at+k], d*i[k], 0
		}
	})
}

// timesGate multiplies with one of the gates.
func timesGate[T ops.Float](out, gates, grad []T, gate, hidden int) {
	for row := range len(grad) / hidden {
		y, at := gates[(4*row+gate)*hidden:(4*row+gate+1)*hidden], row*hidden
		for k, v := range y {
			out[at+k] = grad[at+k] * v
		}
	}
}

func lstmState[T ops.Float](out, gates, c []T, hidden int) {
	eachRow(gates, hidden, func(_, _, _, o []T, at int) {
		for k := range hidden {
			out[at+k] = o[k] * tanh(c[at+k])
		}
	})
}

func lstmStateBackGates[T ops.Float](out, c, grad []T, hidden int) {
	for row := range len(c) / hidden {
		at := row * hidden
		to := out[4*at : 4*(at+hidden)]
		clear(to[:3*hidden])
		for k := range hidden {
			to[3*hidden+k] = grad[at+k] * tanh(c[at+k])
		}
	}
}

func lstmStateBackMemory[T ops.Float](out, gates, c, grad []T, hidden int) {
	eachRow(gates, hidden, func(_, _, _, o []T, at int) {
		for k := range hidden {
			t := tanh(c[at+k])
			out[at+k] = grad[at+k] * o[k] * (1 - t*t)
		}
	})
}
