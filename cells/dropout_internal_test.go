package cells

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

// masks returns those of some runs of a graph of its own.
func masks(t *testing.T, dt tensor.Dtype, p float64, seed uint64, runs int, shape ...int) [][]float64 {
	t.Helper()
	g := G.NewGraph()
	mask, err := Options{Seed: seed}.mask(p, "", ascending(t, g, dt, 1), shape...)
	require.NoError(t, err)
	require.True(t, mask.Shape().Eq(tensor.Shape(shape)))
	program := compiled(t, G.Nodes{mask}, nil, nil)
	var all [][]float64
	for range runs {
		require.NoError(t, program.Run())
		all = append(all, float64s(program.Value(mask)))
	}
	return all
}

func TestDropoutMaskDistribution(t *testing.T) {
	const n = 200 * 300
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for _, p := range []float64{0, 0.1, 0.5, 0.9} {
			keep := 1 / (1 - p)
			if dt == tensor.Float32 {
				keep = float64(float32(keep))
			}
			for run, mask := range masks(t, dt, p, 7, 2, 200, 300) {
				zeros := 0
				for _, v := range mask {
					if v == 0 {
						zeros++
					} else if v != keep {
						t.Fatalf("%v p %v: neither 0 nor %v but %v", dt, p, keep, v)
					}
				}
				// Five standard deviations.
				slack := 5 * math.Sqrt(p*(1-p)/n)
				require.InDelta(t, p, float64(zeros)/n, slack, "%v p %v run %d: zeros", dt, p, run)
				require.InDelta(t, 1, float64(n-zeros)*keep/n, slack*keep+1e-7, "%v p %v run %d: mean", dt, p, run)
			}
		}
	}
}

func TestDropoutMaskSeeds(t *testing.T) {
	a := masks(t, tensor.Float64, 0.5, 11, 3, 8, 8)
	require.Equal(t, a, masks(t, tensor.Float64, 0.5, 11, 3, 8, 8), "one seed, two graphs")
	require.NotEqual(t, a[0], a[1])
	require.NotEqual(t, a[1], a[2])
	require.NotEqual(t, a[0], a[2])
	other := masks(t, tensor.Float64, 0.5, 12, 3, 8, 8)
	for run := range a {
		require.NotEqual(t, a[run], other[run], "two seeds")
		// The next seed is not the next run.
		require.NotContains(t, other, a[run])
	}
}

// A caller who counts runs gets the masks of those runs, in any order and from
// any graph; without one the graph counts from 0.
func TestDropoutMaskOfACallersRun(t *testing.T) {
	counted := masks(t, tensor.Float64, 0.5, 11, 4, 8, 8)
	for range 2 {
		g := G.NewGraph()
		var run uint64
		x := ascending(t, g, tensor.Float64, 1)
		mask, err := Options{Seed: 11, Run: &run}.mask(0.5, "", x, 8, 8)
		require.NoError(t, err)
		program := compiled(t, G.Nodes{mask}, nil, nil)
		for _, run = range []uint64{3, 0, 2, 2} {
			require.NoError(t, program.Run())
			require.Equal(t, counted[run], float64s(program.Value(mask)))
		}
	}
}

// What a sequence loses depends on its row in the whole batch, and not on the
// part of the batch that a graph has. No two rows are alike, nor is a row of one
// run, or of one seed, a row of another.
func TestDropoutMaskRows(t *testing.T) {
	mask := func(seed uint64, run uint64, row, rows int) []float64 {
		g := G.NewGraph()
		m, err := Options{Seed: seed, Run: &run, Row: row}.mask(0.5, "", ascending(t, g, tensor.Float64, 1), rows, 4, 16)
		require.NoError(t, err)
		program := compiled(t, G.Nodes{m}, nil, nil)
		require.NoError(t, program.Run())
		return float64s(program.Value(m))
	}
	whole := mask(11, 3, 0, 7)
	for _, part := range [][2]int{{0, 7}, {0, 4}, {4, 7}, {2, 5}, {6, 7}} {
		require.Equal(t, whole[part[0]*64:part[1]*64], mask(11, 3, part[0], part[1]-part[0]))
	}
	seen := map[string]bool{}
	rows := 0
	for _, from := range [][]float64{whole, mask(11, 4, 0, 7), mask(12, 3, 0, 7)} {
		for k := range 7 {
			seen[fmt.Sprint(from[64*k:64*k+64])] = true
			rows++
		}
	}
	require.Len(t, seen, rows)
}

// Masks of neighbouring rows, runs and seeds have nothing in common: where one
// has zeros, the other has as many as anywhere.
func TestDropoutMasksAreIndependent(t *testing.T) {
	const n = 40_000
	a := masks(t, tensor.Float64, 0.5, 11, 2, 2, n)
	b := masks(t, tensor.Float64, 0.5, 12, 1, 2, n)
	for name, pair := range map[string][2][]float64{
		"rows": {a[0][:n], a[0][n:]}, "runs": {a[0][:n], a[1][:n]}, "seeds": {a[0][:n], b[0][:n]},
	} {
		both := 0
		for i, v := range pair[0] {
			if v == 0 && pair[1][i] == 0 {
				both++
			}
		}
		require.InDelta(t, 0.25, float64(both)/n, 5*math.Sqrt(0.25*0.75/n), name)
	}
}

// Two masks of one graph differ by their seeds, and the gradient goes through
// the mask that the value went through.
func TestDropoutMaskInAGraph(t *testing.T) {
	g := G.NewGraph()
	x := ascending(t, g, tensor.Float64, 8, 8)
	a, err := Options{Seed: 1}.mask(0.5, "", x, 8, 8)
	require.NoError(t, err)
	b, err := Options{Seed: 2}.mask(0.5, "", x, 8, 8)
	require.NoError(t, err)
	require.NotSame(t, a, b)
	same, err := Options{Seed: 1}.mask(0.5, "", x, 8, 8)
	require.NoError(t, err)
	require.Same(t, a, same)
	loss, err := graph.SumAll(G.Must(G.HadamardProd(G.Must(G.HadamardProd(x, a)), b)))
	require.NoError(t, err)
	grads, err := graph.Grad(loss, x)
	require.NoError(t, err)
	p := compiled(t, G.Nodes{a, b, loss}, grads, G.Nodes{x})
	for range 3 {
		require.NoError(t, p.Run())
		ma, mb := float64s(p.Value(a)), float64s(p.Value(b))
		require.NotEqual(t, ma, mb)
		want, sum := make([]float64, 64), 0.0
		for i := range want {
			want[i] = ma[i] * mb[i]
			sum += want[i] * float64(i+1)
		}
		got, err := x.Grad()
		require.NoError(t, err)
		require.Equal(t, want, float64s(got))
		total, err := p.Scalar(loss)
		require.NoError(t, err)
		require.InDelta(t, sum, total, 1e-9)
	}
}

// A step of a sequence loses what its other steps lose.
func TestDropoutSteps(t *testing.T) {
	x := gradcheck.Input{Shape: []int{2, 3, 2, 2}, Data: make([]float64, 24)}
	for i := range x.Data {
		x.Data[i] = 1
	}
	const seed = 5
	mask := masks(t, tensor.Float64, 0.5, seed, 1, 2, 4)[0]
	var want []float64
	for b := range 2 {
		for range 3 {
			want = append(want, mask[4*b:4*b+4]...)
		}
	}
	build := func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
		mask, err := Options{Seed: seed}.mask(0.5, "", in[0], 2, 4)
		if err != nil {
			return nil, err
		}
		return scaleSteps(in[0], mask)
	}
	got, err := gradcheck.Forward(build, x)
	require.NoError(t, err)
	require.Equal(t, want, got)
	grads, err := gradcheck.Gradients(build, x)
	require.NoError(t, err)
	require.Equal(t, want, grads[0])
}

// Sizes below 1 have no elements; a machine that runs them panics in a goroutine
// of its own, where nobody can recover.
func TestDropoutMaskSizesBelowOne(t *testing.T) {
	x := ascending(t, G.NewGraph(), tensor.Float32, 2, 3)
	for _, shape := range [][]int{{-2, -3}, {0, 3}} {
		_, err := Options{Seed: 1}.mask(0.5, "", x, shape...)
		require.ErrorContains(t, err, "every size is at least 1")
	}
}

// The mask of a batch of the zoo's largest inputs.
func BenchmarkDropoutMask(b *testing.B) {
	g := G.NewGraph()
	x := ascending(b, g, tensor.Float32, 1)
	mask, err := Options{Seed: 1}.mask(0.25, "", x, 16, 57600)
	if err != nil {
		b.Fatal(err)
	}
	p, err := graph.Compile(G.Nodes{mask}, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := p.Run(); err != nil {
			b.Fatal(err)
		}
	}
}

func compiled(t *testing.T, outputs, grads, params G.Nodes) *graph.Program {
	t.Helper()
	p, err := graph.Compile(outputs, grads, params)
	require.NoError(t, err)
	return p
}

// float64s copies a value.
func float64s(v G.Value) []float64 {
	if d, ok := v.Data().([]float64); ok {
		return append([]float64{}, d...)
	}
	var all []float64
	for _, x := range v.Data().([]float32) {
		all = append(all, float64(x))
	}
	return all
}

// ascending adds an input with the values 1, 2, 3, ...
func ascending(t testing.TB, g *G.ExprGraph, dt tensor.Dtype, shape ...int) *G.Node {
	t.Helper()
	n, err := graph.Input(g, "x", dt, shape, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(tensor.Range(dt, 1, 1+dims.Size(shape)))))
	require.NoError(t, err)
	return n
}
