package graph_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

// Each operation against a reference written with plain indices, and its
// gradient, and its gradient's operations through both, against differences.

func seeded(t *rapid.T) *rand.Rand {
	return rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
}

func drawShape(t *rapid.T, dims, most int) []int {
	return rapid.SliceOfN(rapid.IntRange(1, most), dims, dims).Draw(t, "shape")
}

// at visits every index of a shape in row-major order.
func at(shape []int, visit func(flat int, index []int)) {
	n := 1
	for _, s := range shape {
		n *= s
	}
	index := make([]int, len(shape))
	for flat := range n {
		rest := flat
		for k := len(shape) - 1; k >= 0; k-- {
			index[k], rest = rest%shape[k], rest/shape[k]
		}
		visit(flat, index)
	}
}

func offset(shape, index []int) int {
	o := 0
	for k, s := range shape {
		o = o*s + index[k]
	}
	return o
}

// transposed returns x with its axes in another order.
func transposed(x []float64, shape, perm []int) []float64 {
	to := make([]int, len(perm))
	for k, p := range perm {
		to[k] = shape[p]
	}
	out := make([]float64, len(x))
	at(to, func(flat int, index []int) {
		from := make([]int, len(perm))
		for k, p := range perm {
			from[p] = index[k]
		}
		out[flat] = x[offset(shape, from)]
	})
	return out
}

func check(t *rapid.T, rng *rand.Rand, build gradcheck.Build, want []float64, inputs ...gradcheck.Input) {
	got, err := gradcheck.Forward(build, inputs...)
	require.NoError(t, err)
	require.InDeltaSlice(t, want, got, 1e-12)
	require.NoError(t, gradcheck.Check(rng, build, 60, 1e-6, inputs...))
}

func TestReshapeProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := seeded(t)
		shape := drawShape(t, rapid.IntRange(1, 5).Draw(t, "dims"), 4)
		x := gradcheck.Random(rng, shape...)
		to := rapid.Permutation(append([]int{1}, shape...)).Draw(t, "to")
		// An elementwise operation on either side is what overwrites shared memory.
		build := func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			sq, err := G.Square(in[0])
			if err != nil {
				return nil, err
			}
			r, err := graph.Reshape(sq, to...)
			if err != nil {
				return nil, err
			}
			return G.HadamardProd(r, r)
		}
		want := make([]float64, len(x.Data))
		for i, v := range x.Data {
			want[i] = v * v * v * v
		}
		check(t, rng, build, want, x)
	})
}

func TestSliceProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := seeded(t)
		shape := drawShape(t, rapid.IntRange(1, 4).Draw(t, "dims"), 5)
		axis := rapid.IntRange(0, len(shape)-1).Draw(t, "axis")
		lo := rapid.IntRange(0, shape[axis]-1).Draw(t, "lo")
		hi := rapid.IntRange(lo+1, shape[axis]).Draw(t, "hi")
		x := gradcheck.Random(rng, shape...)
		var want []float64
		at(shape, func(flat int, index []int) {
			if lo <= index[axis] && index[axis] < hi {
				want = append(want, x.Data[flat])
			}
		})
		check(t, rng, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			return graph.Slice(in[0], axis, lo, hi)
		}, want, x)
	})
}

func TestPadProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := seeded(t)
		shape := drawShape(t, rapid.IntRange(1, 4).Draw(t, "dims"), 4)
		axis := rapid.IntRange(0, len(shape)-1).Draw(t, "axis")
		padded := slices.Clone(shape)
		padded[axis] += rapid.IntRange(0, 3).Draw(t, "zeros")
		x := gradcheck.Random(rng, shape...)
		var want []float64
		at(padded, func(flat int, index []int) {
			v := 0.0
			if index[axis] < shape[axis] {
				v = x.Data[offset(shape, index)]
			}
			want = append(want, v)
		})
		check(t, rng, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			return graph.Pad(in[0], axis, padded[axis])
		}, want, x)
	})
}

func TestSplitThenConcatProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := seeded(t)
		shape := drawShape(t, rapid.IntRange(1, 3).Draw(t, "dims"), 3)
		axis := rapid.IntRange(0, len(shape)-1).Draw(t, "axis")
		n := rapid.IntRange(1, 5).Draw(t, "n")
		part := shape[axis]
		shape[axis] *= n
		x := gradcheck.Random(rng, shape...)
		// The parts in reverse order, squared.
		want := make([]float64, len(x.Data))
		at(shape, func(flat int, index []int) {
			k := index[axis] / part
			index[axis] = (n-1-k)*part + index[axis]%part
			want[offset(shape, index)] = x.Data[flat] * x.Data[flat]
		})
		check(t, rng, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			parts, err := graph.Split(in[0], axis, n)
			if err != nil {
				return nil, err
			}
			back := make(G.Nodes, n)
			for i, p := range parts {
				if back[n-1-i], err = G.Square(p); err != nil {
					return nil, err
				}
			}
			return graph.Concat(axis, back...)
		}, want, x)
	})
}

func TestTransposeProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := seeded(t)
		shape := drawShape(t, rapid.IntRange(1, 6).Draw(t, "dims"), 4)
		axes := make([]int, len(shape))
		for k := range axes {
			axes[k] = k
		}
		perm := rapid.Permutation(axes).Draw(t, "perm")
		x := gradcheck.Random(rng, shape...)
		to := make([]int, len(shape))
		for k, p := range perm {
			to[k] = shape[p]
		}
		want := make([]float64, len(x.Data))
		at(shape, func(flat int, index []int) {
			moved := make([]int, len(index))
			for k, p := range perm {
				moved[k] = index[p]
			}
			want[offset(to, moved)] = x.Data[flat]
		})
		check(t, rng, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			return graph.Transpose(in[0], perm...)
		}, want, x)
	})
}

// Large enough for two goroutines, and float32.
func TestTransposeParallel(t *testing.T) {
	x := gradcheck.Random(rand.New(rand.NewPCG(1, 2)), 7, 60, 11, 40)
	got, err := gradcheck.Forward(func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
		return graph.Transpose(in[0], 2, 0, 3, 1)
	}, x)
	require.NoError(t, err)
	at(x.Shape, func(flat int, i []int) {
		if want := x.Data[flat]; got[offset([]int{11, 7, 40, 60}, []int{i[2], i[0], i[3], i[1]})] != want {
			t.Fatalf("index %v", i)
		}
	})
}

func TestSumProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := seeded(t)
		shape := drawShape(t, rapid.IntRange(1, 5).Draw(t, "dims"), 4)
		axis := rapid.IntRange(0, len(shape)-1).Draw(t, "axis")
		x := gradcheck.Random(rng, shape...)
		rest := append(append([]int{}, shape[:axis]...), shape[axis+1:]...)
		n := 1
		for _, s := range rest {
			n *= s
		}
		want := make([]float64, n)
		at(shape, func(flat int, index []int) {
			left := append(append([]int{}, index[:axis]...), index[axis+1:]...)
			want[offset(rest, left)] += x.Data[flat]
		})
		check(t, rng, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			return graph.Sum(in[0], axis)
		}, want, x)
	})
}

func TestTensordotProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := seeded(t)
		nc := rapid.IntRange(0, 3).Draw(t, "contracted")
		na := rapid.IntRange(0, 4).Draw(t, "free a")
		nb := rapid.IntRange(0, 4).Draw(t, "free b")
		if nc+na == 0 || nc+nb == 0 {
			t.Skip("an operand without axes")
		}
		common := drawShape(t, nc, 3)
		type axis struct{ size, pair int } // pair: place among the contracted, -1 if free
		axes := func(free int) []axis {
			var all []axis
			for i, s := range common {
				all = append(all, axis{s, i})
			}
			for range free {
				all = append(all, axis{rapid.IntRange(1, 3).Draw(t, "size"), -1})
			}
			return rapid.Permutation(all).Draw(t, "axes")
		}
		side := func(all []axis) (shape, contracted, freeSizes, free []int) {
			contracted = make([]int, nc)
			for k, a := range all {
				shape = append(shape, a.size)
				if a.pair < 0 {
					freeSizes, free = append(freeSizes, a.size), append(free, k)
				} else {
					contracted[a.pair] = k
				}
			}
			return
		}
		shapeA, conA, sizesA, freeA := side(axes(na))
		shapeB, conB, sizesB, freeB := side(axes(nb))
		a, b := gradcheck.Random(rng, shapeA...), gradcheck.Random(rng, shapeB...)
		result := append(append([]int{}, sizesA...), sizesB...)
		n := 1
		for _, s := range result {
			n *= s
		}
		want := make([]float64, n)
		at(shapeA, func(fa int, ia []int) {
			at(shapeB, func(fb int, ib []int) {
				for i := range conA {
					if ia[conA[i]] != ib[conB[i]] {
						return
					}
				}
				var index []int
				for _, k := range freeA {
					index = append(index, ia[k])
				}
				for _, k := range freeB {
					index = append(index, ib[k])
				}
				want[offset(result, index)] += a.Data[fa] * b.Data[fb]
			})
		})
		check(t, rng, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			return graph.Tensordot(conA, conB, in[0], in[1])
		}, want, a, b)
		if na+nb == 0 {
			return
		}
		var order []int
		for k := range na + nb {
			order = append(order, k)
		}
		order = rapid.Permutation(order).Draw(t, "order")
		ordered := func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			return graph.Tensordot(conA, conB, in[0], in[1], order...)
		}
		check(t, rng, ordered, transposed(want, result, order), a, b)
		require.NoError(t, gradcheck.CheckSecond(rng, ordered, 8, 1e-6, a, b))
	})
}

// Numbers of axes that upstream happens to compute correctly on amd64 are no
// reason to use it: it rests on how append grows a slice of 8-byte ints.
func TestTensordotIsNotUpstreams(t *testing.T) {
	g := G.NewGraph()
	a, err := graph.Input(g, "a", tensor.Float32, tensor.Shape{2, 3}, nil)
	require.NoError(t, err)
	b, err := graph.Input(g, "b", tensor.Float32, tensor.Shape{3, 2}, nil)
	require.NoError(t, err)
	y, err := graph.Tensordot([]int{1}, []int{0}, a, b)
	require.NoError(t, err)
	loss, err := graph.SumAll(y)
	require.NoError(t, err)
	_, err = graph.Grad(loss, a, b)
	require.NoError(t, err)
	dots := 0
	for _, n := range g.AllNodes() {
		if n.Op() != nil {
			require.NotEqual(t, "gorgonia.tensordotOp", fmt.Sprintf("%T", n.Op()))
			if strings.HasPrefix(n.Op().String(), "Tensordot") {
				dots++
			}
		}
	}
	require.Equal(t, 3, dots, "the product and its gradients are Tensordot nodes")
}

// A scalar is refused when the graph is built, and its sum is itself.
func TestScalarsAreRefused(t *testing.T) {
	g := G.NewGraph()
	x, err := graph.Input(g, "x", tensor.Float64, tensor.Shape{2, 3}, nil)
	require.NoError(t, err)
	s, err := graph.SumAll(x)
	require.NoError(t, err)
	again, err := graph.SumAll(s)
	require.NoError(t, err)
	require.Same(t, s, again)
	_, err = graph.Tensordot(nil, nil, s, x)
	require.ErrorContains(t, err, "of a scalar")
	_, err = graph.Zeros(s, 2)
	require.ErrorContains(t, err, "of a scalar")
}
