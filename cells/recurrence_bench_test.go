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
				b.Run(fmt.Sprintf("%s of %d, %d steps", cell.Name(), hidden, steps), func(b *testing.B) { benchmarkRecurrence(b, cell, 16, steps, hidden, 0, false) })
			}
		}
	}
}

// A gradient of the last state that goes back as large as it is, and one that shrinks by a
// tenth a step and would be too small for a normal float32 for 150 of 1,000 steps, where
// processors become many times slower.
func BenchmarkVanishing(b *testing.B) {
	for _, cell := range []Cell{LSTM{}, GRU{}} {
		lasting, vanishing := float32(12), float32(2.2) // of the gate that the old state goes through
		b.Run(cell.Name()+", lasting", func(b *testing.B) { benchmarkRecurrence(b, cell, 16, 1000, 64, lasting, true) })
		b.Run(cell.Name()+", vanishing", func(b *testing.B) { benchmarkRecurrence(b, cell, 16, 1000, 64, vanishing, true) })
	}
}

func benchmarkRecurrence(b *testing.B, cell Cell, batch, steps, hidden int, open float32, last bool) {
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
	through := 0 // of a GRU: z
	if cell.Name() == "lstm" {
		through = 1 // f
	}
	for i := range hidden {
		of.bias.Value().Data().([]float32)[through*hidden+i] += open
	}
	if last { // little goes through U, which would add to it
		for i := range of.u.Value().Data().([]float32) {
			of.u.Value().Data().([]float32)[i] /= 16
		}
	}
	r, err := newRecurrence(cell.Name(), (&direction{layer: Layer{Cell: cell}}).kernels(), of, steps, false, 0)
	require.NoError(b, err)
	states := r.node
	if last {
		states, err = graph.Slice(states, 1, steps-1, steps)
		require.NoError(b, err)
	}
	loss, err := graph.SumAll(states)
	require.NoError(b, err)
	grads, err := graph.Grad(loss, operands...)
	require.NoError(b, err)
	p, err := graph.Compile(G.Nodes{loss}, grads, operands)
	require.NoError(b, err)
	for b.Loop() {
		require.NoError(b, p.Run())
	}
	if last {
		v, err := operands[0].Grad()
		require.NoError(b, err)
		zero := 0
		for _, d := range v.Data().([]float32) {
			if d == 0 {
				zero++
			}
		}
		b.ReportMetric(100*float64(zero)/float64(batch*steps*gates*hidden), "%zero")
	}
}
