package zoo_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// BenchmarkGraph is a training step without the optimiser: 16 clips of 6 frames
// through one graph, forward, and all gradients. train's BenchmarkStep has the
// whole step, on as many graphs as there are threads.
func BenchmarkGraph(b *testing.B) {
	for _, name := range []string{"ht-lstm", "tt-lstm", "tr-lstm", "bt-lstm", "ht-gru", "lstm"} {
		for _, training := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s gradients=%t", name, training), func(b *testing.B) {
				none := 0.0
				m, err := zoo.New(name, zoo.Options{Classes: 11, Dropout: &none})
				require.NoError(b, err)
				p := program(b, m, 16, 6, training)
				require.NoError(b, p.Run())
				b.ReportAllocs()
				for b.Loop() {
					require.NoError(b, p.Run())
				}
			})
		}
	}
}

// BenchmarkPixels is the same for 32 pictures of docs/long, 784 steps of one pixel, with U as it
// is there and as a tensor train.
func BenchmarkPixels(b *testing.B) {
	text, err := os.ReadFile("../docs/long/tt-gru-pixels.json")
	require.NoError(b, err)
	s, err := zoo.ParseSpec(text)
	require.NoError(b, err)
	for _, hidden := range [][]int{{8, 8}, {8, 16}} {
		for name, u := range map[string]decomp.Format{"dense": nil, "tt": decomp.TT{Ranks: []int{8}}} {
			s.OutModes, s.Recurrent = hidden, u
			b.Run(fmt.Sprintf("hidden=%d U=%s", hidden[0]*hidden[1], name), func(b *testing.B) {
				m, err := zoo.FromSpec(s, zoo.Options{Classes: 10})
				require.NoError(b, err)
				p := program(b, m, 32, 784, true)
				require.NoError(b, p.Run())
				for b.Loop() {
					require.NoError(b, p.Run())
				}
			})
		}
	}
}

func program(b *testing.B, m *zoo.Model, batch, steps int, training bool) *graph.Program {
	g := G.NewGraph()
	rng := rand.New(rand.NewPCG(1, 1))
	input := func(name string, value func() float32, shape ...int) *G.Node {
		data := make([]float32, tensor.Shape(shape).TotalSize())
		for k := range data {
			data[k] = value()
		}
		n, err := graph.Input(g, name, tensor.Float32, shape, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data)))
		require.NoError(b, err)
		return n
	}
	x := input("x", func() float32 { return float32(rng.NormFloat64()) }, batch, steps, m.Features())
	net, err := m.Build(g, x, zoo.BuildOptions{Training: training})
	require.NoError(b, err)
	if !training {
		p, err := graph.Compile(G.Nodes{net.Logits}, nil, nil)
		require.NoError(b, err)
		return p
	}
	target := input("target", func() float32 { return 1 / float32(batch*m.Classes()) }, batch, m.Classes())
	loss, err := graph.CrossEntropy(net.Logits, target)
	require.NoError(b, err)
	grads, err := graph.Grad(loss, net.Learnables...)
	require.NoError(b, err)
	p, err := graph.Compile(G.Nodes{loss}, grads, net.Learnables)
	require.NoError(b, err)
	return p
}
