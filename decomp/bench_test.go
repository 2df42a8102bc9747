package decomp_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/zoo"
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
			p, _, _ := trainingProduct(b, m, m.Plan(decomp.PlanOptions{Rows: 96}))
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

// BenchmarkPlans times the plan of each input projection of the zoo, forward and gradients
// of 96 rows, and others that would be chosen if costs were somewhat different:
//
//	go test ./decomp -run '^$' -bench Plans -benchtime 1x -v -cpu 1
func BenchmarkPlans(b *testing.B) {
	entries, err := zoo.List("")
	require.NoError(b, err)
	known := map[string]bool{}
	for _, e := range entries {
		m, _ := matricesOf(b, e.Spec)
		if key := fmt.Sprint(m.Terms); !known[key] && m.Format != "dense" {
			known[key] = true
			b.Run(e.Name, func(b *testing.B) { comparePlans(b, m) })
		}
	}
}

func comparePlans(b *testing.B, m *decomp.Matrix) {
	opt, rng := decomp.PlanOptions{Rows: 96, Uses: 1}, rand.New(rand.NewPCG(1, 1))
	plans, programs := []*decomp.Plan{m.Plan(opt)}, []projection{}
	for range 12 {
		if p := m.Nearly(opt, rng); !slices.ContainsFunc(plans, func(q *decomp.Plan) bool { return q.String() == p.String() }) {
			plans = append(plans, p)
		}
	}
	for _, plan := range plans {
		p, _, _ := trainingProduct(b, m, plan)
		programs = append(programs, p)
	}
	least := make([]time.Duration, len(plans))
	for range 5 { // in turn, so that all see the same machine
		for k, p := range programs {
			start := time.Now()
			require.NoError(b, p.Run())
			if took := time.Since(start); least[k] == 0 || took < least[k] {
				least[k] = took
			}
		}
	}
	best := slices.Index(least, slices.Min(least))
	b.ReportMetric(float64(least[0])/float64(least[best]), "of-best")
	b.ReportMetric(float64(len(plans)), "plans")
	if best > 0 {
		b.Logf("chosen:\n%v\nthe best:\n%v", plans[0], plans[best])
	}
}

// roofline returns the operations of a plan, forward and backward, and the bytes
// that its tensors of the batch's rows would move if none stayed in a cache.
func roofline(p *decomp.Plan) (flops, bytes float64) {
	rows := float64(p.Rows)
	forward, _ := p.MulAdds()
	return 2 * rows * float64(forward+p.GradientMulAdds(false)), 4 * rows * p.Traffic()
}

// projection is the program of a projection's sum and the gradients of its cores.
type projection struct {
	*graph.Program
	loss  *G.Node
	cores G.Nodes
}

// trainingProduct also returns the values of x and of the cores.
func trainingProduct(b testing.TB, m *decomp.Matrix, plan *decomp.Plan) (p projection, inputs []float32, weights [][]float32) {
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
	x := input("x", plan.Rows, m.Rows())
	var cores G.Nodes
	for k, c := range m.Cores() {
		cores = append(cores, input(fmt.Sprint("core", k), c.Shape()...))
	}
	y, err := m.Product(x, cores, plan)
	require.NoError(b, err)
	loss, err := graph.SumAll(y)
	require.NoError(b, err)
	grads, err := graph.Grad(loss, cores...)
	require.NoError(b, err)
	program, err := graph.Compile(G.Nodes{loss}, grads, cores)
	require.NoError(b, err)
	return projection{program, loss, cores}, weights[0], weights[1:]
}
