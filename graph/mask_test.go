package graph_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

func selecting(maskShape []int, mask []float64, invert bool) gradcheck.Build {
	return func(g *G.ExprGraph, in G.Nodes) (*G.Node, error) {
		m, err := gradcheck.Constant(g, "mask", maskShape, mask)
		if err != nil {
			return nil, err
		}
		return graph.Select(in[0], m, invert)
	}
}

func TestSelectProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := seeded(t)
		shape := drawShape(t, rapid.IntRange(1, 5).Draw(t, "dims"), 3)
		lead := rapid.IntRange(1, len(shape)).Draw(t, "mask dims")
		ones := rapid.IntRange(0, 2).Draw(t, "ones")
		invert := rapid.Bool().Draw(t, "invert")
		groups, group := 1, 1
		for k, s := range shape {
			if k < lead {
				groups *= s
			} else {
				group *= s
			}
		}
		// Anything but 0 selects.
		mask := rapid.SliceOfN(rapid.SampledFrom([]float64{0, 1, -2, 0.5}), groups, groups).Draw(t, "mask")
		maskShape := append([]int{}, shape[:lead]...)
		for range ones {
			maskShape = append(maskShape, 1)
		}
		x := gradcheck.Random(rng, shape...)
		want, grad := make([]float64, len(x.Data)), make([]float64, len(x.Data))
		for i, v := range x.Data {
			if (mask[i/group] != 0) != invert {
				want[i], grad[i] = v, 1
			}
		}
		build := selecting(maskShape, mask, invert)
		check(t, rng, build, want, x)

		// What is not selected may be anything.
		for i := range x.Data {
			if grad[i] == 0 {
				x.Data[i] = []float64{math.NaN(), math.Inf(1), math.Inf(-1)}[i%3]
			}
		}
		got, err := gradcheck.Forward(build, x)
		require.NoError(t, err)
		require.Equal(t, want, got)
		grads, err := gradcheck.Gradients(build, x)
		require.NoError(t, err)
		require.Equal(t, grad, grads[0])
	})
}

// NaN and Inf in the padding, in what goes in and in the gradient that comes
// back, leave the result and the gradient right; a product with the mask keeps
// the NaN.
func TestSelectStopsNaN(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	mask := []float64{1, 1, 0, 1, 0, 0} // (batch 2, steps 3)
	x := gradcheck.Input{Shape: []int{2, 3, 2}, Data: []float64{1, 2, 3, 4, nan, inf, 5, 6, -inf, nan, nan, nan}}
	for _, invert := range []bool{false, true} {
		t.Run(fmt.Sprintf("invert %t", invert), func(t *testing.T) {
			m := mask
			if invert {
				m = []float64{0, 0, 1, 0, 1, 1}
			}
			backward := []float64{10, 20, 30, 40, nan, nan, 50, 60, nan, inf, nan, -inf}
			selected := selecting([]int{2, 3}, m, invert)
			got, err := gradcheck.Forward(selected, x)
			require.NoError(t, err)
			require.Equal(t, []float64{1, 2, 3, 4, 0, 0, 5, 6, 0, 0, 0, 0}, got)
			grads, err := gradcheck.Gradients(func(g *G.ExprGraph, in G.Nodes) (*G.Node, error) {
				s, err := selected(g, in)
				if err != nil {
					return nil, err
				}
				scale, err := gradcheck.Constant(g, "scale", []int{2, 3, 2}, backward)
				if err != nil {
					return nil, err
				}
				return G.HadamardProd(scale, s)
			}, x)
			require.NoError(t, err)
			require.Equal(t, []float64{10, 20, 30, 40, 0, 0, 50, 60, 0, 0, 0, 0}, grads[0])
		})
	}
	t.Run("a product does not", func(t *testing.T) {
		got, err := gradcheck.Forward(func(g *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			m, err := gradcheck.Constant(g, "mask", []int{2, 3, 2}, []float64{1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0})
			if err != nil {
				return nil, err
			}
			return G.HadamardProd(in[0], m)
		}, x)
		require.NoError(t, err)
		require.True(t, math.IsNaN(got[4]))
	})
}

// Inverted and plain selections by one mask share nothing.
func TestSelectEitherSide(t *testing.T) {
	x, y := normal(3, 2), gradcheck.Input{Shape: []int{3, 2}, Data: count(6)}
	right(t, func(g *G.ExprGraph, in G.Nodes) (*G.Node, error) {
		m, err := gradcheck.Constant(g, "mask", []int{3, 1}, []float64{1, 0, 1})
		if err != nil {
			return nil, err
		}
		a, err := graph.Select(in[0], m, false)
		if err != nil {
			return nil, err
		}
		b, err := graph.Select(in[1], m, true)
		if err != nil {
			return nil, err
		}
		return G.Add(a, b)
	}, []float64{x.Data[0], x.Data[1], 3, 4, x.Data[4], x.Data[5]}, x, y)
}

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
			m, err := graph.Before(in[0], steps)
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
	lengths, err := graph.Input(g, "lengths", tensor.Float32, tensor.Shape{2}, dense(data, 2))
	require.NoError(t, err)
	x, err := graph.Input(g, "x", tensor.Float32, tensor.Shape{2, 3}, dense([]float32{1, 2, 3, 4, 5, 6}, 2, 3))
	require.NoError(t, err)
	mask, err := graph.Before(lengths, 3)
	require.NoError(t, err)
	s, err := graph.Select(x, mask, false)
	require.NoError(t, err)
	p := compiled(t, G.Nodes{s}, nil, nil)
	require.NoError(t, p.Run())
	require.Equal(t, []float64{1, 0, 0, 4, 5, 6}, floats(p.Value(s)))
	data[0], data[1] = 2, 0
	require.NoError(t, p.Run())
	require.Equal(t, []float64{1, 2, 0, 0, 0, 0}, floats(p.Value(s)))
}

// dropout returns the masks of some runs of a graph of its own.
func dropout(t *testing.T, dt tensor.Dtype, p float64, seed uint64, runs int, shape ...int) [][]float64 {
	t.Helper()
	g := G.NewGraph()
	var like tensor.Tensor = dense([]float64{0}, 1)
	if dt == tensor.Float32 {
		like = dense([]float32{0}, 1)
	}
	x, err := graph.Input(g, "x", dt, tensor.Shape{1}, like)
	require.NoError(t, err)
	mask, err := graph.Dropout{P: p, Seed: seed}.Mask(x, shape...)
	require.NoError(t, err)
	require.True(t, mask.Shape().Eq(tensor.Shape(shape)))
	program := compiled(t, G.Nodes{mask}, nil, nil)
	var all [][]float64
	for range runs {
		require.NoError(t, program.Run())
		all = append(all, floats(program.Value(mask)))
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
			for run, mask := range dropout(t, dt, p, 7, 2, 200, 300) {
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
	a := dropout(t, tensor.Float64, 0.5, 11, 3, 8, 8)
	require.Equal(t, a, dropout(t, tensor.Float64, 0.5, 11, 3, 8, 8), "one seed, two graphs")
	require.NotEqual(t, a[0], a[1])
	require.NotEqual(t, a[1], a[2])
	require.NotEqual(t, a[0], a[2])
	other := dropout(t, tensor.Float64, 0.5, 12, 3, 8, 8)
	for run := range a {
		require.NotEqual(t, a[run], other[run], "two seeds")
		// The next seed is not the next run.
		require.NotContains(t, other, a[run])
	}
}

// A caller who counts runs gets the masks of those runs, in any order and from
// any graph; without one the graph counts from 0.
func TestDropoutMaskOfACallersRun(t *testing.T) {
	counted := dropout(t, tensor.Float64, 0.5, 11, 4, 8, 8)
	for range 2 {
		g := G.NewGraph()
		var run uint64
		x := input(g, "x", count(1), 1)
		mask, err := graph.Dropout{P: 0.5, Seed: 11, Run: &run}.Mask(x, 8, 8)
		require.NoError(t, err)
		program := compiled(t, G.Nodes{mask}, nil, nil)
		for _, run = range []uint64{3, 0, 2, 2} {
			require.NoError(t, program.Run())
			require.Equal(t, counted[run], floats(program.Value(mask)))
		}
	}
}

// What a sequence loses depends on its row in the whole batch, and not on the
// part of the batch that a graph has. No two rows are alike, nor is a row of one
// run, or of one seed, a row of another.
func TestDropoutMaskRows(t *testing.T) {
	mask := func(seed uint64, run uint64, row, rows int) []float64 {
		g := G.NewGraph()
		m, err := graph.Dropout{P: 0.5, Seed: seed, Run: &run, Row: row}.Mask(input(g, "x", count(1), 1), rows, 4, 16)
		require.NoError(t, err)
		program := compiled(t, G.Nodes{m}, nil, nil)
		require.NoError(t, program.Run())
		return floats(program.Value(m))
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
	a := dropout(t, tensor.Float64, 0.5, 11, 2, 2, n)
	b := dropout(t, tensor.Float64, 0.5, 12, 1, 2, n)
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
	x := input(g, "x", count(64), 8, 8)
	a, err := graph.Dropout{P: 0.5, Seed: 1}.Mask(x, 8, 8)
	require.NoError(t, err)
	b, err := graph.Dropout{P: 0.5, Seed: 2}.Mask(x, 8, 8)
	require.NoError(t, err)
	require.NotSame(t, a, b)
	same, err := graph.Dropout{P: 0.5, Seed: 1}.Mask(x, 8, 8)
	require.NoError(t, err)
	require.Same(t, a, same)
	loss, err := graph.SumAll(G.Must(G.HadamardProd(G.Must(G.HadamardProd(x, a)), b)))
	require.NoError(t, err)
	grads, err := graph.Grad(loss, x)
	require.NoError(t, err)
	p := compiled(t, G.Nodes{a, b, loss}, grads, G.Nodes{x})
	for range 3 {
		require.NoError(t, p.Run())
		ma, mb := floats(p.Value(a)), floats(p.Value(b))
		require.NotEqual(t, ma, mb)
		want, sum := make([]float64, 64), 0.0
		for i := range want {
			want[i] = ma[i] * mb[i]
			sum += want[i] * float64(i+1)
		}
		require.Equal(t, want, gradients(t, x)[0])
		got, err := p.Scalar(loss)
		require.NoError(t, err)
		require.InDelta(t, sum, got, 1e-9)
	}
}

// A step of a sequence loses what its other steps lose.
func TestDropoutSteps(t *testing.T) {
	x := gradcheck.Input{Shape: []int{2, 3, 2, 2}, Data: count(24)}
	for i := range x.Data {
		x.Data[i] = 1
	}
	const seed = 5
	mask := dropout(t, tensor.Float64, 0.5, seed, 1, 2, 4)[0]
	var want []float64
	for b := range 2 {
		for range 3 {
			want = append(want, mask[4*b:4*b+4]...)
		}
	}
	build := func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
		return graph.Dropout{P: 0.5, Seed: seed}.Steps(in[0])
	}
	got, err := gradcheck.Forward(build, x)
	require.NoError(t, err)
	require.Equal(t, want, got)
	grads, err := gradcheck.Gradients(build, x)
	require.NoError(t, err)
	require.Equal(t, want, grads[0])
}

// The mask of a batch of the zoo's largest inputs.
func BenchmarkDropoutMask(b *testing.B) {
	g := G.NewGraph()
	x, err := graph.Input(g, "x", tensor.Float32, tensor.Shape{1}, dense([]float32{0}, 1))
	if err != nil {
		b.Fatal(err)
	}
	mask, err := graph.Dropout{P: 0.25, Seed: 1}.Mask(x, 16, 57600)
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

func TestMaskErrors(t *testing.T) {
	g := G.NewGraph()
	in := func(shape ...int) *G.Node {
		n, err := graph.Input(g, fmt.Sprintf("x%v", shape), tensor.Float32, shape, nil)
		require.NoError(t, err)
		return n
	}
	vector, matrix, steps := in(3), in(2, 3), in(2, 3, 4)
	for _, c := range []struct {
		text  string
		build func() (*G.Node, error)
	}{
		{"graph: mask of shape (3) does not start shape (2, 3)", func() (*G.Node, error) { return graph.Select(matrix, vector, false) }},
		{"graph: mask of shape (2, 3, 4) does not start shape (2, 3)", func() (*G.Node, error) { return graph.Select(matrix, steps, true) }},
		{"graph: mask of shape (3, 1) does not start shape (2, 3, 4)", func() (*G.Node, error) { return graph.Select(steps, in(3, 1), false) }},
		{"graph: lengths have shape (2, 3); want (batch)", func() (*G.Node, error) { return graph.Before(matrix, 4) }},
		{"graph: dropout probability 1; want at least 0 and below 1", func() (*G.Node, error) { return graph.Dropout{P: 1}.Mask(vector, 3) }},
		{"graph: dropout probability -0.1; want at least 0 and below 1", func() (*G.Node, error) { return graph.Dropout{P: -0.1}.Mask(vector, 3) }},
		{"graph: dropout probability NaN; want at least 0 and below 1", func() (*G.Node, error) { return graph.Dropout{P: math.NaN()}.Mask(vector, 3) }},
		{"graph: dropout probability 1.5; want at least 0 and below 1", func() (*G.Node, error) { return graph.Dropout{P: 1.5}.Steps(steps) }},
		{"graph: dropout of shape (2, 3); want (batch, steps, n_1, ..., n_d)", func() (*G.Node, error) { return graph.Dropout{P: 0.5}.Steps(matrix) }},
	} {
		_, err := c.build()
		require.EqualError(t, err, c.text)
	}
	_, err := graph.Before(vector, 0)
	require.ErrorContains(t, err, "graph: ")
}
