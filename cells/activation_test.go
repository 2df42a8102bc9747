package cells_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/graph"
)

// Activations are the cell's own equations, step by step: h' of each step from
// the gates of the same step.
func TestActivations(t *testing.T) {
	const batch, steps, hidden = 2, 3, 4
	for _, cell := range []cells.Cell{cells.LSTM{}, cells.GRU{}, cells.RNN{}} {
		m := newModel(t, cells.Layer{Cell: cell, In: []int{5}, Out: []int{hidden}, Bidirectional: true})
		in := m.inputs(rand.New(rand.NewPCG(1, 1)), batch, steps)
		g := G.NewGraph()
		nodes := map[string]*G.Node{}
		var x *G.Node
		for k, v := range in {
			name := "x"
			if k > 0 {
				name = m.params[k-1].Name
			}
			n, err := graph.Input(g, name, tensor.Float64, v.Shape, tensor.New(tensor.WithShape(v.Shape...), tensor.WithBacking(v.Data)))
			require.NoError(t, err)
			if nodes[name] = n; k == 0 {
				x = n
			}
		}
		out, err := m.stack.Forward(x, nodes, cells.Options{Activations: true})
		require.NoError(t, err)
		outputs := G.Nodes{out.Last}
		for _, a := range out.Activations {
			outputs = append(outputs, a.Node)
		}
		p, err := graph.Compile(outputs, nil, nil)
		require.NoError(t, err)
		require.NoError(t, p.Run())

		type place struct {
			layer, name string
			gate        bool
		}
		value := map[place][]float64{}
		for _, a := range out.Activations {
			key := place{a.Layer, a.Name, a.Gate != nil}
			require.NotContains(t, value, key)
			if a.Gate != nil {
				require.Equal(t, a.Name, a.Gate.Name)
			}
			value[key] = p.Value(a.Node).Data().([]float64)
		}
		at := func(layer, name string, gate bool, step int) []float64 {
			v := value[place{layer, name, gate}]
			require.Len(t, v, batch*steps*hidden, "%s: %s %s", cell.Name(), layer, name)
			var now []float64
			for b := range batch {
				now = append(now, v[(b*steps+step)*hidden:][:hidden]...)
			}
			return now
		}
		for _, layer := range []string{"layer1", "layer1.backward"} {
			require.Len(t, value[place{layer, cells.Projection, false}], batch*steps*len(cell.Gates())*hidden)
			h, c := make([]float64, batch*hidden), make([]float64, batch*hidden)
			for k := range steps {
				step := k
				if layer != "layer1" {
					step = steps - 1 - k
				}
				gate := map[string][]float64{}
				for _, g := range cell.Gates() {
					gate[g.Name] = at(layer, g.Name, true, step)
				}
				for j := range h {
					candidate := gate[cells.Candidate][j]
					switch cell {
					case cells.LSTM{}:
						c[j] = gate["forget gate"][j]*c[j] + gate["input gate"][j]*candidate
						h[j] = gate["output gate"][j] * math.Tanh(c[j])
					case cells.GRU{}:
						z := gate["update gate"][j]
						require.Positive(t, gate["reset gate"][j])
						h[j] = z*h[j] + (1-z)*candidate
					case cells.RNN{}:
						h[j] = candidate
					}
				}
				require.InDeltaSlice(t, h, at(layer, cells.Hidden, false, step), 1e-12)
				if cell == (cells.LSTM{}) {
					require.InDeltaSlice(t, c, at(layer, cells.Memory, false, step), 1e-12)
				}
			}
		}
	}
}
