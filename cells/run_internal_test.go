package cells

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

func TestBeforeProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.IntRange(1, 6).Draw(t, "steps")
		lengths := rapid.SliceOfN(rapid.IntRange(0, steps+1), 1, 5).Draw(t, "lengths")
		var data, want []float64
		for _, n := range lengths {
			data = append(data, float64(n))
			for step := range steps {
				one := 0.0
				if step < n {
					one = 1
				}
				want = append(want, one)
			}
		}
		got, err := gradcheck.Forward(func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			m, err := before(in[0], steps)
			if err == nil && !m.Shape().Eq(tensor.Shape{len(lengths), steps}) {
				err = fmt.Errorf("shape %v", m.Shape())
			}
			return m, err
		}, gradcheck.Input{Shape: []int{len(lengths)}, Data: data})
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

// Lengths change from run to run.
func TestBeforeSelectsSteps(t *testing.T) {
	g := G.NewGraph()
	data := []float32{1, 3}
	lengths, err := graph.Input(g, "lengths", tensor.Float32, tensor.Shape{2}, tensor.New(tensor.WithShape(2), tensor.WithBacking(data)))
	require.NoError(t, err)
	x, err := graph.Input(g, "x", tensor.Float32, tensor.Shape{2, 3}, tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float32{1, 2, 3, 4, 5, 6})))
	require.NoError(t, err)
	mask, err := before(lengths, 3)
	require.NoError(t, err)
	s, err := graph.Select(x, mask, false)
	require.NoError(t, err)
	p := compiled(t, G.Nodes{s}, nil, nil)
	require.NoError(t, p.Run())
	require.Equal(t, []float64{1, 0, 0, 4, 5, 6}, float64s(p.Value(s)))
	data[0], data[1] = 2, 0
	require.NoError(t, p.Run())
	require.Equal(t, []float64{1, 2, 0, 0, 0, 0}, float64s(p.Value(s)))
}
