package cells_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
)

// A decomposed U that is multiplied out for many steps gives the values and gradients of
// products step by step: of cores, in joint layers, with dropout, lengths and cuts.
func TestFormedU(t *testing.T) {
	const batch, steps = 2, 18
	for name, l := range map[string]cells.Layer{
		"gru, tt":     {Cell: cells.GRU{}, Recurrent: decomp.TT{Ranks: []int{2}}, CandidateBias: true, RecurrentDropout: 0.3},
		"lstm, ht":    {Cell: cells.LSTM{}, Recurrent: decomp.HT{Leaf: []int{2}}, Bidirectional: true},
		"lstm, joint": {Cell: cells.LSTM{}, Input: decomp.TT{Ranks: []int{3}}, Joint: true},
	} {
		l.In, l.Out = []int{2, 3}, []int{2, 2}
		s, err := cells.New(l)
		require.NoError(t, err)
		run := func(unroll bool) (values [][]float64) {
			g, rng := G.NewGraph(), rand.New(rand.NewPCG(1, 1))
			input := func(name string, shape []int, value []float64) *G.Node {
				n, err := graph.Input(g, name, tensor.Float64, shape, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(value)))
				require.NoError(t, err)
				return n
			}
			x := make([]float64, batch*steps*6)
			for k := range x {
				x[k] = rng.NormFloat64()
			}
			params, learnables := map[string]*G.Node{}, G.Nodes{}
			for k, v := range s.Init(2) {
				p := s.Params()[k]
				params[p.Name] = input(p.Name, p.Shape, v)
				learnables = append(learnables, params[p.Name])
			}
			opt := cells.Options{Lengths: input("lengths", []int{batch}, []float64{steps, 5}), Training: true, Seed: 3, Truncate: 7, Unroll: unroll}
			out, err := s.Forward(input("x", []int{batch, steps, 6}, x), params, opt)
			require.NoError(t, err)
			loss, err := graph.SumAll(G.Must(G.HadamardProd(out.Last, out.Last)))
			require.NoError(t, err)
			grads, err := graph.Grad(loss, learnables...)
			require.NoError(t, err)
			p, err := graph.Compile(G.Nodes{out.Last}, grads, learnables)
			require.NoError(t, err)
			defer p.Close()
			require.NoError(t, p.Run())
			values = append(values, append([]float64{}, p.Value(out.Last).Data().([]float64)...))
			for _, n := range learnables {
				v, err := n.Grad()
				require.NoError(t, err)
				values = append(values, append([]float64{}, v.Data().([]float64)...))
			}
			return values
		}
		want := run(true)
		for k, got := range run(false) {
			require.InDeltaSlice(t, want[k], got, 1e-10, fmt.Sprintf("%s, value %d", name, k))
		}
	}
}
