package graph_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

// One test for each bug of doc.go, by its number. "upstream" shows what gorgonia makes of the
// smallest case today and fails when a release mends it; "ours" shows that this
// package gives the right value and gradient. Bugs 7 to 10, 12, 17 and 18
// are in bugs_graph_test.go, those of the machines in bugs_machine_test.go.

const fixed = "upstream fixed bug %d: the way round can go"

// input adds an input as gorgonia's callers do.
func input(g *G.ExprGraph, name string, data []float64, shape ...int) *G.Node {
	return G.NewTensor(g, G.Float64, len(shape), G.WithName(name), G.WithShape(shape...), G.WithValue(dense(data, shape...)))
}

func dense[T float32 | float64](data []T, shape ...int) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
}

// tape runs a graph once on upstream's machine and returns what it reads.
func tape(t *testing.T, g *G.ExprGraph, outputs ...*G.Node) [][]float64 {
	t.Helper()
	values := make([]G.Value, len(outputs))
	for i, n := range outputs {
		G.Read(n, &values[i])
	}
	require.NoError(t, G.NewTapeMachine(g).RunAll())
	all := make([][]float64, len(outputs))
	for i, v := range values {
		all[i] = floats(v)
	}
	return all
}

// tapeGradients runs a graph once on upstream's machine and returns the
// gradients it leaves on params.
func tapeGradients(t *testing.T, g *G.ExprGraph, loss *G.Node, params ...*G.Node) [][]float64 {
	t.Helper()
	_, err := G.Grad(loss, params...)
	require.NoError(t, err)
	require.NoError(t, G.NewTapeMachine(g, G.BindDualValues(params...)).RunAll())
	return gradients(t, params...)
}

func gradients(t *testing.T, params ...*G.Node) [][]float64 {
	t.Helper()
	all := make([][]float64, len(params))
	for i, p := range params {
		v, err := p.Grad()
		require.NoError(t, err)
		all[i] = floats(v)
	}
	return all
}

// floats copies a value.
func floats(v G.Value) []float64 {
	switch d := v.Data().(type) {
	case float64:
		return []float64{d}
	case []float32:
		all := make([]float64, len(d))
		for i, x := range d {
			all[i] = float64(x)
		}
		return all
	default:
		return append([]float64{}, d.([]float64)...)
	}
}

// wrong fails when upstream's numbers are right.
func wrong(t *testing.T, bug int, want, got []float64) {
	t.Helper()
	require.Len(t, got, len(want))
	same := true
	for i := range want {
		same = same && math.Abs(want[i]-got[i]) <= 1e-2 // false for NaN
	}
	require.Falsef(t, same, fixed, bug)
}

// right compares a function built with this package with a reference, and its
// gradient with central differences.
func right(t *testing.T, build gradcheck.Build, want []float64, inputs ...gradcheck.Input) {
	t.Helper()
	got, err := gradcheck.Forward(build, inputs...)
	require.NoError(t, err)
	require.InDeltaSlice(t, want, got, 1e-9)
	require.NoError(t, gradcheck.Check(rand.New(rand.NewPCG(3, 4)), build, 40, 1e-6, inputs...))
}

func compiled(t *testing.T, outputs, grads, params G.Nodes) *graph.Program {
	t.Helper()
	p, err := graph.Compile(outputs, grads, params)
	require.NoError(t, err)
	return p
}

// normal returns the same random numbers at each call.
func normal(shape ...int) gradcheck.Input {
	return gradcheck.Random(rand.New(rand.NewPCG(1, 2)), shape...)
}

// count returns 1, 2, 3, ...
func count(n int) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = float64(i + 1)
	}
	return all
}

// contract is Tensordot by its definition.
func contract(aAxes, bAxes []int, a, b gradcheck.Input) []float64 {
	free := func(shape, index, axes []int) (sizes, at []int) {
		for k := range shape {
			used := false
			for _, x := range axes {
				used = used || k == x
			}
			if !used {
				sizes, at = append(sizes, shape[k]), append(at, index[k])
			}
		}
		return
	}
	var sum []float64
	at(a.Shape, func(i int, ia []int) {
		at(b.Shape, func(j int, ib []int) {
			sizesA, freeA := free(a.Shape, ia, aAxes)
			sizesB, freeB := free(b.Shape, ib, bAxes)
			shape := append(sizesA, sizesB...)
			if sum == nil {
				n := 1
				for _, s := range shape {
					n *= s
				}
				sum = make([]float64, n)
			}
			for k := range aAxes {
				if ia[aAxes[k]] != ib[bAxes[k]] {
					return
				}
			}
			sum[offset(shape, append(freeA, freeB...))] += a.Data[i] * b.Data[j]
		})
	})
	return sum
}

func ourTensordot(aAxes, bAxes []int) gradcheck.Build {
	return func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) { return graph.Tensordot(aAxes, bAxes, in[0], in[1]) }
}

func TestBug01SliceMergesBounds(t *testing.T) {
	t.Run("upstream", func(t *testing.T) {
		// The gate that each of four slices of (batch, 4·hidden) reads.
		for hidden, gates := range map[int][]float64{128: {0, 1, 0, 1}, 256: {0, 0, 0, 0}, 512: {0, 0, 0, 0}} {
			x := make([]float64, 4*hidden)
			for i := range x {
				x[i] = float64(i / hidden)
			}
			g := G.NewGraph()
			n := input(g, "x", x, 1, 4*hidden)
			var means G.Nodes
			for k := range 4 {
				means = append(means, G.Must(G.Mean(G.Must(G.Slice(n, nil, G.S(k*hidden, (k+1)*hidden))))))
			}
			for k, got := range tape(t, g, means...) {
				require.Equalf(t, gates[k:k+1], got, "hidden size %d, gate %d: "+fixed, hidden, k, 1)
			}
		}
	})
	t.Run("upstream Concat gradient", func(t *testing.T) {
		// 0:256 and 256:512 are one slice: b gets a's gradient.
		g := G.NewGraph()
		a, b := input(g, "a", count(256), 1, 256), input(g, "b", count(256), 1, 256)
		scale := count(512)
		loss := G.Must(G.Sum(G.Must(G.HadamardProd(input(g, "scale", scale, 1, 512), G.Must(G.Concat(1, a, b))))))
		grads := tapeGradients(t, g, loss, a, b)
		require.Equal(t, scale[:256], grads[0])
		wrong(t, 1, scale[256:], grads[1])
	})
	for _, hidden := range []int{128, 256, 512} {
		x := normal(2, 4*hidden)
		// The gates in reverse order, so that each is told from the others.
		var reversed []float64
		for row := range 2 {
			for k := 3; k >= 0; k-- {
				from := (row*4 + k) * hidden
				reversed = append(reversed, x.Data[from:from+hidden]...)
			}
		}
		t.Run("ours Slice", func(t *testing.T) {
			right(t, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
				var gates G.Nodes
				for k := 3; k >= 0; k-- {
					s, err := graph.Slice(in[0], 1, k*hidden, (k+1)*hidden)
					if err != nil {
						return nil, err
					}
					gates = append(gates, s)
				}
				return graph.Concat(1, gates...)
			}, reversed, x)
		})
		t.Run("ours Split", func(t *testing.T) {
			right(t, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
				s, err := graph.Split(in[0], 1, 4)
				if err != nil {
					return nil, err
				}
				return graph.Concat(1, s[3], s[2], s[1], s[0])
			}, reversed, x)
		})
	}
}

func TestBug02ReshapeSharesMemory(t *testing.T) {
	z := gradcheck.Input{Shape: []int{2, 2}, Data: []float64{10, 20, 30, 40}}
	t.Run("upstream changes the weights", func(t *testing.T) {
		// The sum is written over the reshaped weights at each run.
		w := []float64{1, 2, 3, 4}
		g := G.NewGraph()
		G.Must(G.Add(G.Must(G.Reshape(input(g, "w", w, 4), tensor.Shape{2, 2})), input(g, "z", z.Data, 2, 2)))
		m := G.NewTapeMachine(g)
		require.NoError(t, m.RunAll())
		require.Equalf(t, []float64{11, 22, 33, 44}, w, fixed, 2)
		m.Reset()
		require.NoError(t, m.RunAll())
		require.Equalf(t, []float64{21, 42, 63, 84}, w, fixed, 2)
	})
	t.Run("upstream doubles the weights", func(t *testing.T) {
		w := []float64{1, 2, 3, 4}
		g := G.NewGraph()
		G.Must(G.Mul(G.NewConstant(2.0), G.Must(G.Reshape(input(g, "w", w, 4), tensor.Shape{2, 2}))))
		tape(t, g)
		require.Equalf(t, []float64{2, 4, 6, 8}, w, fixed, 2)
	})

	x := normal(4)
	want, slope := make([]float64, 4), make([]float64, 4)
	for i, v := range x.Data {
		y := math.Tanh(v)
		want[i], slope[i] = y*y, 2*y*(1-y*y)
	}
	t.Run("upstream gradient", func(t *testing.T) {
		// The square overwrites the tanh that its gradient needs.
		g := G.NewGraph()
		n := input(g, "x", x.Data, 4)
		r := G.Must(G.Reshape(G.Must(G.Tanh(n)), tensor.Shape{2, 2}))
		wrong(t, 2, slope, tapeGradients(t, g, G.Must(G.Sum(G.Must(G.HadamardProd(r, r)))), n)[0])
	})
	square := func(reshape func(*G.Node, ...int) (*G.Node, error)) gradcheck.Build {
		return func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			r, err := reshape(G.Must(G.Tanh(in[0])), 2, 2)
			if err != nil {
				return nil, err
			}
			return G.HadamardProd(r, r)
		}
	}
	t.Run("ours gradient", func(t *testing.T) { right(t, square(graph.Reshape), want, x) })
	t.Run("ours refuses a View of a result in an elementwise product", func(t *testing.T) {
		_, err := gradcheck.Gradients(square(graph.View), x)
		require.ErrorContains(t, err, "use Reshape instead of View")
	})

	add := func(t *testing.T, w []float64, reshape func(*G.Node, ...int) (*G.Node, error)) (*graph.Program, *G.Node, error) {
		g := G.NewGraph()
		r, err := reshape(input(g, "w", w, 4), 2, 2)
		require.NoError(t, err)
		sum := G.Must(G.Add(r, input(g, "z", z.Data, 2, 2)))
		p, err := graph.Compile(G.Nodes{sum}, nil, nil)
		return p, sum, err
	}
	t.Run("ours leaves the weights", func(t *testing.T) {
		w := []float64{1, 2, 3, 4}
		p, sum, err := add(t, w, graph.Reshape)
		require.NoError(t, err)
		for range 3 {
			require.NoError(t, p.Run())
			require.Equal(t, []float64{11, 22, 33, 44}, floats(p.Value(sum)))
			require.Equal(t, []float64{1, 2, 3, 4}, w)
		}
		right(t, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			r, err := graph.Reshape(in[0], 2, 2)
			if err != nil {
				return nil, err
			}
			return G.Add(r, in[1])
		}, []float64{11, 22, 33, 44}, gradcheck.Input{Shape: []int{4}, Data: w}, z)
	})
	t.Run("ours refuses a View of the weights in a sum", func(t *testing.T) {
		_, _, err := add(t, []float64{1, 2, 3, 4}, graph.View)
		require.ErrorContains(t, err, "use Reshape instead of View")
	})
	t.Run("ours View", func(t *testing.T) {
		// Only Mul, Transpose and Tensordot read the views and their gradients.
		x, w, v := normal(2, 3, 4), normal(4, 5), normal(5, 6)
		xw := contract([]int{2}, []int{0}, x, w) // (2,3,5)
		moved := make([]float64, len(xw))        // (3,2,5)
		at([]int{2, 3, 5}, func(k int, i []int) { moved[offset([]int{3, 2, 5}, []int{i[1], i[0], i[2]})] = xw[k] })
		want := contract([]int{2}, []int{0}, gradcheck.Input{Shape: []int{3, 2, 5}, Data: moved}, v)
		right(t, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			rows, err := graph.View(in[0], 6, 4)
			if err != nil {
				return nil, err
			}
			y, err := graph.View(G.Must(G.Mul(rows, in[1])), 2, 3, 5)
			if err != nil {
				return nil, err
			}
			if y, err = graph.Transpose(y, 1, 0, 2); err != nil {
				return nil, err
			}
			return graph.Tensordot([]int{2}, []int{0}, y, in[2])
		}, want, x, w, v)
	})
}

func TestBug03TensordotThreeFreeAxes(t *testing.T) {
	a, b := normal(2, 2, 2, 2), normal(2, 2, 2, 2, 2)
	want := contract([]int{0}, []int{4}, a, b)
	t.Run("upstream", func(t *testing.T) {
		// Three free axes of a and one contracted share a slice's backing array.
		g := G.NewGraph()
		y := G.Must(G.Tensordot([]int{0}, []int{4}, input(g, "a", a.Data, a.Shape...), input(g, "b", b.Data, b.Shape...)))
		wrong(t, 3, want, tape(t, g, y)[0])
	})
	t.Run("ours", func(t *testing.T) { right(t, ourTensordot([]int{0}, []int{4}), want, a, b) })
}

func TestBug04TensordotGradientOfUsedUpOperand(t *testing.T) {
	a, b := normal(2, 2, 2), normal(2)
	want := contract([]int{2}, []int{0}, a, b)
	t.Run("upstream", func(t *testing.T) {
		// The value is right; the machine stops at the gradient.
		g := G.NewGraph()
		na, nb := input(g, "a", a.Data, a.Shape...), input(g, "b", b.Data, b.Shape...)
		y := G.Must(G.Tensordot([]int{2}, []int{0}, na, nb))
		var v G.Value
		G.Read(y, &v)
		_, err := G.Grad(G.Must(G.Sum(y)), na, nb)
		require.NoError(t, err)
		err = G.NewTapeMachine(g, G.BindDualValues(na, nb)).RunAll()
		require.ErrorContainsf(t, err, "Shape mismatch", fixed, 4)
		require.InDeltaSlice(t, want, floats(v), 1e-12)
	})
	t.Run("ours", func(t *testing.T) { right(t, ourTensordot([]int{2}, []int{0}), want, a, b) })
}

func TestBug05TensordotContractedSizeOne(t *testing.T) {
	a, b := normal(3, 1), normal(1, 3)
	t.Run("upstream", func(t *testing.T) {
		// The product of a column and a row comes out as a scalar.
		g := G.NewGraph()
		_, err := G.Tensordot([]int{1}, []int{0}, input(g, "a", a.Data, 3, 1), input(g, "b", b.Data, 1, 3))
		require.NoError(t, err)
		require.ErrorContainsf(t, G.NewTapeMachine(g).RunAll(), "Cannot reshape () into [3 3]", fixed, 5)
	})
	t.Run("ours", func(t *testing.T) {
		right(t, ourTensordot([]int{1}, []int{0}), contract([]int{1}, []int{0}, a, b), a, b)
	})
}

func TestBug06TensordotFullContraction(t *testing.T) {
	both := []int{0, 1}
	a, b, c := normal(2, 3), normal(2, 3), normal(3)
	dot := 0.0
	for i := range a.Data {
		dot += a.Data[i] * b.Data[i]
	}
	t.Run("upstream", func(t *testing.T) {
		// The node calls itself a scalar, the value has shape (1).
		g := G.NewGraph()
		y := G.Must(G.Tensordot(both, both, input(g, "a", a.Data, 2, 3), input(g, "b", b.Data, 2, 3)))
		require.True(t, y.IsScalar())
		G.Must(G.Mul(y, input(g, "c", c.Data, 3)))
		require.ErrorContainsf(t, G.NewTapeMachine(g).RunAll(), "Shape mismatch", fixed, 6)
	})
	t.Run("ours", func(t *testing.T) { right(t, ourTensordot(both, both), []float64{dot}, a, b) })
	t.Run("ours times a vector", func(t *testing.T) {
		right(t, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			y, err := graph.Tensordot(both, both, in[0], in[1])
			if err != nil {
				return nil, err
			}
			return graph.Tensordot(nil, nil, y, in[2]) // (1, 3)
		}, []float64{dot * c.Data[0], dot * c.Data[1], dot * c.Data[2]}, a, b, c)
	})
}
