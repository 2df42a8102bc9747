package cells

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

// Each part against its formula, with its gradients.
func TestLSTMProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		batch, hidden := rapid.IntRange(1, 4).Draw(t, "batch"), rapid.IntRange(1, 5).Draw(t, "hidden")
		a, u := gradcheck.Random(rng, batch, 4*hidden), gradcheck.Random(rng, batch, 4*hidden)
		if rapid.Bool().Draw(t, "saturated") {
			for k := range a.Data {
				a.Data[k] *= 20
			}
		}
		c := gradcheck.Random(rng, batch, hidden)
		sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
		gates, memory, state := make([]float64, len(a.Data)), make([]float64, len(c.Data)), make([]float64, len(c.Data))
		for k := range a.Data {
			gates[k] = sigmoid(a.Data[k] + u.Data[k])
			if k/hidden%4 == 2 {
				gates[k] = math.Tanh(a.Data[k] + u.Data[k])
			}
		}
		for k := range c.Data {
			y := gates[k/hidden*4*hidden+k%hidden:]
			memory[k] = y[hidden]*c.Data[k] + y[0]*y[2*hidden]
			state[k] = y[3*hidden] * math.Tanh(c.Data[k])
		}
		y := gradcheck.Input{Shape: a.Shape, Data: gates}
		check(t, rng, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) { return lstmGates(in[0], in[1]) }, gates, a, u)
		check(t, rng, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) { return lstmMemory(in[0], in[1]) }, memory, y, c)
		check(t, rng, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) { return lstmState(in[0], in[1]) }, state, y, c)
	})
}

func check(t *rapid.T, rng *rand.Rand, build gradcheck.Build, want []float64, inputs ...gradcheck.Input) {
	got, err := gradcheck.Forward(build, inputs...)
	require.NoError(t, err)
	require.InDeltaSlice(t, want, got, 1e-12)
	require.NoError(t, gradcheck.Check(rng, build, 60, 1e-6, inputs...))
}

func TestLSTMErrors(t *testing.T) {
	g := G.NewGraph()
	node := func(name string, shape ...int) *G.Node {
		n, err := graph.Input(g, name, tensor.Float32, shape, nil)
		require.NoError(t, err)
		return n
	}
	a, c := node("a", 2, 8), node("c", 2, 2)
	for text, nodes := range map[string][3]*G.Node{
		"cells: lstm of x·W (2, 8), h·U (2, 4) and memory (2, 2)":                                                    {a, node("b", 2, 4), c},
		"cells: lstm of x·W (2, 6), h·U (2, 6) and memory (2, 1); want twice (batch, 4·hidden), and (batch, hidden)": {node("d", 2, 6), node("e", 2, 6), node("f", 2, 1)},
		"memory (2, 3)": {a, a, node("h", 2, 3)},
		"memory (3, 2)": {a, a, node("i", 3, 2)},
	} {
		_, _, err := LSTM{}.Step(nodes[0], nodes[1], State{H: c, C: nodes[2]})
		require.ErrorContains(t, err, text)
	}
}

// The gradient of a gradient is refused, where it would be taken for a constant;
// a cell of elementwise operations has one.
func TestSecondDerivative(t *testing.T) {
	for _, cell := range []Cell{LSTM{}, GRU{}, RNN{}} {
		second := func(g *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			s, _, err := cell.Step(in[0], in[1], State{H: in[2], C: in[2]})
			if err != nil {
				return nil, err
			}
			loss, err := graph.SumAll(s.H)
			if err != nil {
				return nil, err
			}
			grads, err := G.Grad(loss, in[0])
			if err != nil {
				return nil, err
			}
			return G.Square(grads[0])
		}
		rng := rand.New(rand.NewPCG(1, 1))
		a := gradcheck.Random(rng, 2, 3*len(cell.Gates()))
		u := gradcheck.Random(rng, 2, 3*len(cell.Gates()))
		g := G.NewGraph()
		var in G.Nodes
		for k, v := range []gradcheck.Input{a, u, gradcheck.Random(rng, 2, 3)} {
			n, err := gradcheck.Constant(g, string(rune('a'+k)), v.Shape, v.Data)
			require.NoError(t, err)
			in = append(in, n)
		}
		y, err := second(g, in)
		require.NoError(t, err)
		sum, err := graph.SumAll(y)
		require.NoError(t, err)
		_, err = G.Grad(sum, in[0])
		if cell == Cell(LSTM{}) {
			require.ErrorContains(t, err, "has no gradient of its own")
			require.ErrorContains(t, err, "for second derivatives use gru or rnn")
		} else {
			require.NoError(t, err)
		}
	}
}
