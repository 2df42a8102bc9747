package cells

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// LSTM is the long short-term memory of Hochreiter and Schmidhuber (1997) with the
// forget gate of Gers et al. (2000), open at first (Jozefowicz et al. 2015). Gates
// stand in the order i, f, g, o; σ is the logistic function, ⊙ the elementwise
// product:
//
//	i = σ(x·W_i + h·U_i + b_i)
//	f = σ(x·W_f + h·U_f + b_f)
//	g = tanh(x·W_g + h·U_g + b_g)
//	o = σ(x·W_o + h·U_o + b_o)
//	c' = f ⊙ c + i ⊙ g
//	h' = o ⊙ tanh(c')
type LSTM struct{}

func init() { Register(LSTM{}) }

// Name returns "lstm".
func (LSTM) Name() string { return "lstm" }

// Gates lists i, f, g and o.
func (LSTM) Gates() []Gate {
	return []Gate{
		{Name: "input gate", High: 1, Keeps: -1},
		{Name: "forget gate", High: 1, Bias: 1, Keeps: 1},
		{Name: Candidate, Low: -1, High: 1},
		{Name: "output gate", High: 1},
	}
}

// Step is the equations, in one operation.
func (LSTM) Step(a, u *G.Node, s State) (State, G.Nodes, error) {
	if n := a.Shape(); len(n) != 2 || !slices.Equal(n, u.Shape()) || !slices.Equal([]int{n[0], n[1] / 4}, s.C.Shape()) || n[1]%4 != 0 {
		return s, nil, errors.Errorf("cells: lstm of x·W %v, h·U %v and memory %v; want twice (batch, 4·hidden), and (batch, hidden)",
			a.Shape(), u.Shape(), s.C.Shape())
	}
	var e graph.Equations
	y, hidden := e.Do(func() (*G.Node, error) { return lstmStep(a, u, s.C) }), s.C.Shape()[1]
	blocks := func(from, to int) *G.Node {
		return e.Do(func() (*G.Node, error) { return graph.Slice(y, 1, from*hidden, to*hidden) })
	}
	gates := e.Split(blocks(0, 4), 4) // for a look at them; nothing else reads them
	return State{H: blocks(6, 7), C: blocks(5, 6)}, gates, e.Err()
}

// lstmStep returns the gates i, f, g and o, tanh(c'), c' and h' side by side, (batch,
// 7·hidden), in one pass in place of some twenty nodes. Its gradients are such passes
// too, and have none.
func lstmStep(a, u, c *G.Node) (y *G.Node, err error) {
	none := func(G.Nodes, *G.Node) (*G.Node, error) {
		return nil, errors.New("cells: the gradient of an lstm, whose operations are fused, has no gradient of its own; " +
			"for second derivatives use gru or rnn, or a cell of graph.Equations")
	}
	twice := []ops.Gradient{none, none, none}
	ofProducts := func(_ G.Nodes, grad *G.Node) (*G.Node, error) {
		return pass("lstm gradient of a and u", 4, lstmBack[float32], lstmBack[float64], twice, c, y, grad)
	}
	ofMemory := func(_ G.Nodes, grad *G.Node) (*G.Node, error) {
		return pass("lstm gradient of c", 1, lstmBackMemory[float32], lstmBackMemory[float64], twice, c, y, grad)
	}
	y, err = pass("lstm", 7, lstmForward[float32], lstmForward[float64], []ops.Gradient{ofMemory, ofProducts, ofProducts}, c, a, u)
	return y, err
}

// pass adds an operation that computes blocks of the memory's shape side by side.
func pass(name string, blocks int, f32 func([]float32, [][]float32), f64 func([]float64, [][]float64),
	diff []ops.Gradient, in ...*G.Node) (*G.Node, error) {
	batch, hidden := in[0].Shape()[0], in[0].Shape()[1]
	return ops.Apply(&ops.Op{Name: name, Shape: []int{batch, blocks * hidden}, Rows: batch, F32: f32, F64: f64, Diff: diff}, in...)
}

func lstmForward[T ops.Float](y []T, in [][]T) {
	a, u, n := in[1], in[2], len(in[0])
	for k := range a {
		y[k] = a[k] + u[k]
	}
	sigmoids(y[:2*n], y[:2*n])
	tanhs(y[2*n:3*n], y[2*n:3*n])
	sigmoids(y[3*n:4*n], y[3*n:4*n])
	for k, c := range in[0] {
		y[5*n+k] = y[n+k]*c + y[k]*y[2*n+k]
	}
	tanhs(y[4*n:5*n], y[5*n:6*n])
	for k := range in[0] {
		y[6*n+k] = y[3*n+k] * y[4*n+k]
	}
}

func lstmBack[T ops.Float](out []T, in [][]T) {
	y, grad, n := in[1], in[2], len(in[0])
	for k, c := range in[0] {
		i, f, g, o, d := y[k], y[n+k], y[2*n+k], y[3*n+k], memoryGradient(y, grad, n, k)
		out[k] = (T(d*g) + grad[k]) * i * (1 - i)
		out[n+k] = (T(d*c) + grad[n+k]) * f * (1 - f)
		out[2*n+k] = (T(d*i) + grad[2*n+k]) * (1 - g*g)
		out[3*n+k] = (T(grad[6*n+k]*y[4*n+k]) + grad[3*n+k]) * o * (1 - o)
	}
}

func lstmBackMemory[T ops.Float](out []T, in [][]T) {
	y, n := in[1], len(out)
	for k := range out {
		out[k] = memoryGradient(y, in[2], n, k) * y[n+k]
	}
}

// memoryGradient is that of c', which h' reads too. Conversions keep processors from
// fusing a product with a sum.
func memoryGradient[T ops.Float](y, grad []T, n, k int) T {
	t := y[4*n+k]
	return T((T(grad[6*n+k]*y[3*n+k])+grad[4*n+k])*(1-t*t)) + grad[5*n+k]
}
