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

// Each part against its formula, with its gradients.
func TestLSTMProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := seeded(t)
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
		check(t, rng, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) { return graph.LSTMGates(in[0], in[1]) }, gates, a, u)
		check(t, rng, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) { return graph.LSTMMemory(in[0], in[1]) }, memory, y, c)
		check(t, rng, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) { return graph.LSTMState(in[0], in[1]) }, state, y, c)
	})
}

func TestLSTMErrors(t *testing.T) {
	g := G.NewGraph()
	node := func(name string, shape ...int) *G.Node {
		n, err := graph.Input(g, name, tensor.Float32, shape, nil)
		require.NoError(t, err)
		return n
	}
	_, err := graph.LSTMGates(node("a", 2, 8), node("b", 2, 4))
	require.ErrorContains(t, err, "graph: LSTM gates of (2, 8) and (2, 4)")
	_, err = graph.LSTMGates(node("c", 2, 6), node("d", 2, 6))
	require.ErrorContains(t, err, "want both (batch, 4·hidden)")
	_, err = graph.LSTMMemory(node("e", 2, 8), node("f", 2, 3))
	require.ErrorContains(t, err, "graph: LSTM gates (2, 8) and memory (2, 3)")
	_, err = graph.LSTMState(node("h", 2, 8), node("i", 3, 2))
	require.ErrorContains(t, err, "graph: LSTM gates (2, 8) and memory (3, 2)")
}
