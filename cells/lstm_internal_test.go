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

// The fused step against its formulas, with its gradients.
func TestLSTMProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		batch, hidden := rapid.IntRange(1, 4).Draw(t, "batch"), rapid.IntRange(1, 5).Draw(t, "hidden")
		a, u, c := gradcheck.Random(rng, batch, 4*hidden), gradcheck.Random(rng, batch, 4*hidden), gradcheck.Random(rng, batch, hidden)
		if rapid.Bool().Draw(t, "saturated") {
			for k := range a.Data {
				a.Data[k] *= 20
			}
		}
		sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
		var want []float64
		for b := range batch {
			row := make([]float64, 7*hidden)
			for k := range hidden {
				gate := func(g int) float64 { return a.Data[(4*b+g)*hidden+k] + u.Data[(4*b+g)*hidden+k] }
				i, f, g, o := sigmoid(gate(0)), sigmoid(gate(1)), math.Tanh(gate(2)), sigmoid(gate(3))
				memory := f*c.Data[b*hidden+k] + i*g
				for block, v := range []float64{i, f, g, o, math.Tanh(memory), memory, o * math.Tanh(memory)} {
					row[block*hidden+k] = v
				}
			}
			want = append(want, row...)
		}
		step := func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) { return lstmStep(in[0], in[1], in[2]) }
		got, err := gradcheck.Forward(step, a, u, c)
		require.NoError(t, err)
		require.InDeltaSlice(t, want, got, 1e-12)
		require.NoError(t, gradcheck.Check(rng, step, 60, 1e-6, a, u, c))
	})
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
