package decomp_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
)

// ucf11 lists the shapes of the published UCF11 models, gates folded in.
var ucf11 = []struct {
	format  decomp.Format
	in, out []int
}{
	{decomp.TT{Ranks: []int{4}}, []int{8, 20, 20, 18}, []int{16, 4, 4, 4}},
	{decomp.TR{Ranks: []int{10, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}}, []int{4, 2, 5, 8, 6, 5, 3, 2}, []int{16, 4, 2, 4, 2}},
	{decomp.BT{Blocks: 2, Ranks: []int{4}}, []int{8, 20, 20, 18}, []int{16, 4, 4, 4}},
	{decomp.HT{Leaf: []int{4}, Inner: []int{5}}, []int{8, 10, 10, 9, 8}, []int{16, 4, 2, 4, 2}},
}

// BenchmarkProduct is the input projection of a training step on 16 clips of 6
// frames: forward and the gradients of the cores, in float32.
func BenchmarkProduct(b *testing.B) {
	for _, c := range ucf11 {
		b.Run(c.format.Name(), func(b *testing.B) {
			m, err := c.format.Matrix(c.in, c.out)
			require.NoError(b, err)
			p, _, _ := trainingProduct(b, m, 96)
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, p.Run())
			}
			flops, bytes := roofline(m.Plan(decomp.PlanOptions{Rows: 96}))
			b.ReportMetric(flops/float64(b.Elapsed().Nanoseconds())*float64(b.N), "GFLOP/s")
			b.ReportMetric(flops/1e6, "Mflop/op")
			b.ReportMetric(bytes/1e6, "MB-moved/op")
		})
	}
}

// roofline returns the operations of a plan, forward and backward, and the bytes
// that its tensors of the batch's rows would move if none stayed in a cache.
func roofline(p *decomp.Plan) (flops, bytes float64) {
	rows := float64(p.Rows)
	p.Traffic(func(first bool, read, written, mulAdds float64) {
		// Forward and the gradient of the factor, and of x if a step made it;
		// each reads or writes a tensor of x's size and one of the result's.
		products := 3.0
		if first {
			products = 2
		}
		flops += products * 2 * mulAdds * rows
		bytes += products * 4 * (read + written) * rows
	})
	return flops, bytes
}

// projection is the program of a projection's sum and the gradients of its cores.
type projection struct {
	*graph.Program
	loss  *G.Node
	cores G.Nodes
}

// trainingProduct also returns the values of x and of the cores.
func trainingProduct(b testing.TB, m *decomp.Matrix, rows int) (p projection, inputs []float32, weights [][]float32) {
	g := G.NewGraph()
	rng := rand.New(rand.NewPCG(1, 1))
	input := func(name string, shape ...int) *G.Node {
		data := make([]float32, tensor.Shape(shape).TotalSize())
		for k := range data {
			data[k] = float32(rng.NormFloat64())
		}
		n, err := graph.Input(g, name, tensor.Float32, shape, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data)))
		require.NoError(b, err)
		weights = append(weights, data)
		return n
	}
	x := input("x", rows, m.Rows())
	var cores G.Nodes
	for k, c := range m.Cores() {
		cores = append(cores, input(fmt.Sprint("core", k), c.Shape()...))
	}
	y, err := m.Product(x, cores, nil)
	require.NoError(b, err)
	loss, err := graph.SumAll(y)
	require.NoError(b, err)
	grads, err := graph.Grad(loss, cores...)
	require.NoError(b, err)
	program, err := graph.Compile(G.Nodes{loss}, grads, cores)
	require.NoError(b, err)
	return projection{program, loss, cores}, weights[0], weights[1:]
}
