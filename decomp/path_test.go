package decomp

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

func mustMatrix(t require.TestingT, f Format, in, out []int) *Matrix {
	m, err := f.Matrix(in, out)
	require.NoError(t, err)
	return m
}

// Multiply-adds of orders whose cost is known from the formulas: the UCF11
// models, from the last mode to the first.
func TestCount(t *testing.T) {
	tt := mustMatrix(t, TT{Ranks: []int{4}}, []int{8, 20, 20, 18}, []int{16, 4, 4, 4})
	// G4, G3, G2, G1 with x: 3200·18·16 + 160·4·20·4·16 + 8·16·20·4·16 + 64·8·4·16.
	perRow, once := tt.count([]Path{{{0, 4}, {3, 5}, {2, 6}, {1, 7}}})
	require.Equal(t, 3200*18*16+160*4*20*4*16+8*16*20*4*16+64*8*4*16, perRow)
	require.Zero(t, once)

	ht := mustMatrix(t, HT{Leaf: []int{4}, Inner: []int{5}}, []int{8, 10, 10, 9, 8}, []int{16, 4, 2, 4, 2})
	names := make([]string, len(ht.Terms[0]))
	for k, c := range ht.Terms[0] {
		names[k] = c.Name
	}
	require.Equal(t, []string{"U1", "U2", "B1.2", "U3", "B1.2.3", "U4", "U5", "B4.5", "root"}, names)
	// x with U5, U4, B45, root, U3, B123, U2, B12, U1.
	p := Path{{0, 7}, {6, 10}, {8, 11}, {9, 12}, {4, 13}, {5, 14}, {2, 15}, {3, 16}, {1, 17}}
	perRow, once = ht.count([]Path{p})
	want := 7200*8*2*4 + 800*8*9*4*4 + 800*8*4*4*5 + 800*8*5*5 + 80*8*5*10*2*4 + 80*16*5*4*5 + 8*16*5*10*4*4 + 8*64*5*4*4 + 64*8*4*16
	require.Equal(t, want, perRow)
	require.Zero(t, once)

	// The chosen order is no dearer, by its own model, than those.
	for _, c := range []struct {
		m *Matrix
		p Path
	}{{tt, Path{{0, 4}, {3, 5}, {2, 6}, {1, 7}}}, {ht, p}} {
		operands := c.m.operands(c.m.Terms[0], 96)
		require.LessOrEqual(t, cost(operands, c.m.Paths(96)[0]), cost(operands, c.p))
	}
}

// Any order of contractions gives the same product.
func TestAnyPath(t *testing.T) {
	formats := []struct {
		f       Format
		in, out []int
	}{
		{TT{Ranks: []int{2}}, []int{2, 3, 2}, []int{2, 1, 2}},
		{TR{Ranks: []int{2}}, []int{2, 3}, []int{2, 2}},
		{BT{Blocks: 2, Ranks: []int{2}}, []int{2, 3}, []int{2, 2}},
		{HT{Leaf: []int{2}, Inner: []int{2}, Root: 2}, []int{2, 3, 2}, []int{1, 2, 2}},
		{Dense{}, []int{6}, []int{4}},
	}
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(formats).Draw(t, "format")
		m := mustMatrix(t, c.f, c.in, c.out)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		values := m.Init(rng, 1)
		rows := rapid.IntRange(1, 3).Draw(t, "rows")
		inputs := []gradcheck.Input{gradcheck.Random(rng, rows, m.Rows())}
		for k, core := range m.Cores() {
			inputs = append(inputs, gradcheck.Input{Shape: core.Shape(), Data: values[k]})
		}
		var paths []Path
		for _, net := range m.Terms {
			live := make([]int, len(net)+1)
			for k := range live {
				live[k] = k
			}
			var p Path
			for next := len(live); len(live) > 1; next++ {
				live = rapid.Permutation(live).Draw(t, "order")
				a, b := min(live[0], live[1]), max(live[0], live[1])
				p = append(p, Step{a, b})
				live = append(slices.Clone(live[2:]), next)
			}
			paths = append(paths, p)
		}
		product := func(paths []Path) []float64 {
			y, err := gradcheck.Forward(func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
				return m.Product(in[0], in[1:], paths)
			}, inputs...)
			require.NoError(t, err)
			return y
		}
		require.InDeltaSlice(t, product(nil), product(paths), 1e-10)
	})
}
