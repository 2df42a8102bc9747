package cells

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/graph"
)

// A recurrence and its gradient, as one operation, in a Scan, and unrolled.
func BenchmarkRecurrence(b *testing.B) {
	for _, cell := range []Cell{LSTM{}, GRU{}} {
		for _, steps := range []int{6, 100} {
			for _, hidden := range []int{64, 256} {
				b.Run(fmt.Sprintf("%s of %d, %d steps", cell.Name(), hidden, steps), func(b *testing.B) { benchmarkRecurrence(b, cell, 16, steps, hidden) })
			}
		}
	}
}

func benchmarkRecurrence(b *testing.B, cell Cell, batch, steps, hidden int) {
	rng := rand.New(rand.NewPCG(1, 1))
	g, gates := G.NewGraph(), len(cell.Gates())
	var operands G.Nodes
	input := func(name string, shape ...int) *G.Node {
		v := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...))
		for i := range v.Float32s() {
			v.Float32s()[i] = float32(rng.NormFloat64()) / 16
		}
		n, err := graph.Input(g, name, tensor.Float32, shape, v)
		require.NoError(b, err)
		operands = append(operands, n)
		return n
	}
	of := recurrenceOperands{a: input("a", batch, steps, gates*hidden), u: input("u", hidden, gates*hidden), bias: input("bias", 1, gates*hidden)}
	r, err := newRecurrence(cell.Name(), (&direction{layer: Layer{Cell: cell}}).kernels(), of, steps, false, 0)
	require.NoError(b, err)
	loss, err := graph.SumAll(r.node)
	require.NoError(b, err)
	grads, err := graph.Grad(loss, operands...)
	require.NoError(b, err)
	p, err := graph.Compile(G.Nodes{loss}, grads, operands)
	require.NoError(b, err)
	for b.Loop() {
		require.NoError(b, p.Run())
	}
}
