package decomp_test

import (
	"fmt"
	"log"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

func drawRanges(t *rapid.T, m *decomp.Matrix, label string) []decomp.Range {
	var ranges []decomp.Range
	for _, l := range m.In {
		lo := rapid.IntRange(0, l.Size-1).Draw(t, label)
		ranges = append(ranges, decomp.Range{Lo: lo, Hi: rapid.IntRange(lo+1, l.Size).Draw(t, label)})
	}
	return ranges
}

// rowsIn returns the rows of w (N, M) whose indices are in the ranges.
func rowsIn(m *decomp.Matrix, w []float64, ranges []decomp.Range) []float64 {
	var rows []float64
	at := 0
	eachIndex(modeSizes(m.In), func(a []int) {
		inside := true
		for k, r := range ranges {
			inside = inside && a[k] >= r.Lo && a[k] < r.Hi
		}
		if inside {
			rows = append(rows, w[at:at+m.Cols()]...)
		}
		at += m.Cols()
	})
	return rows
}

// A block is that part of the whole matrix, whatever the format: reconstructed,
// in a product, and in the gradients of the whole cores.
func TestRestrict(t *testing.T) {
	for name, draw := range draws {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				m := draw(t).matrix
				rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
				values := m.Init(rng, 1)
				whole, err := m.Dense(values)
				require.NoError(t, err)
				ranges := drawRanges(t, m, "range")
				block, err := m.Restrict(ranges)
				require.NoError(t, err)
				require.Equal(t, m.Cores(), block.Cores())
				want := rowsIn(m, whole, ranges)
				got, err := block.Dense(values)
				require.NoError(t, err)
				requireClose(t, want, got, 1e-12)

				rows := rapid.IntRange(1, 3).Draw(t, "rows")
				inputs := []gradcheck.Input{gradcheck.Random(rng, rows, block.Rows())}
				for k, c := range m.Cores() {
					inputs = append(inputs, gradcheck.Input{Shape: c.Shape(), Data: values[k]})
				}
				build := func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) { return block.Product(in[0], in[1:], nil) }
				y, err := gradcheck.Forward(build, inputs...)
				require.NoError(t, err)
				requireClose(t, times(inputs[0].Data, want, rows, block.Rows(), block.Cols()), y, 1e-10)
				if rapid.IntRange(0, 3).Draw(t, "gradients") == 0 { // they take most of the time
					require.NoError(t, gradcheck.Check(rng, build, 8, 1e-6, inputs...))
				}
			})
		})
	}
}

// A block of a block is one of the whole.
func TestRestrictTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawTT(t).matrix
		values := m.Init(rand.New(rand.NewPCG(1, 1)), 1)
		outer := drawRanges(t, m, "outer")
		block, err := m.Restrict(outer)
		require.NoError(t, err)
		inner := drawRanges(t, block, "inner")
		twice, err := block.Restrict(inner)
		require.NoError(t, err)
		both := slices.Clone(inner)
		for k := range both {
			both[k].Lo += outer[k].Lo
			both[k].Hi += outer[k].Lo
		}
		once, err := m.Restrict(both)
		require.NoError(t, err)
		want, err := once.Dense(values)
		require.NoError(t, err)
		got, err := twice.Dense(values)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

// Two blocks with the same cores in one graph: x·B + h·C, with ranges that
// overlap in all modes but the first.
func TestTwoBlocksShareTheirCores(t *testing.T) {
	for _, f := range []decomp.Format{
		decomp.TT{Ranks: []int{3}}, decomp.TR{Ranks: []int{2}}, decomp.BT{Blocks: 2, Ranks: []int{2}}, decomp.HT{Leaf: []int{2}, Inner: []int{3}},
	} {
		m, err := f.Matrix([]int{4, 3, 3}, []int{4, 2, 2})
		require.NoError(t, err)
		top, err := m.Restrict([]decomp.Range{{0, 3}, {0, 3}, {0, 3}})
		require.NoError(t, err)
		low, err := m.Restrict([]decomp.Range{{3, 4}, {0, 2}, {0, 2}})
		require.NoError(t, err)
		rng := rand.New(rand.NewPCG(1, 1))
		inputs := []gradcheck.Input{gradcheck.Random(rng, 2, top.Rows()), gradcheck.Random(rng, 2, low.Rows())}
		for k, v := range m.Init(rng, 1) {
			inputs = append(inputs, gradcheck.Input{Shape: m.Cores()[k].Shape(), Data: v})
		}
		build := func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			x, err := top.Product(in[0], in[2:], nil)
			if err != nil {
				return nil, err
			}
			h, err := low.Product(in[1], in[2:], nil)
			if err != nil {
				return nil, err
			}
			return G.Add(x, h)
		}
		require.NoError(t, gradcheck.Check(rng, build, 20, 1e-6, inputs...), f.Name())
	}
}

// Scale multiplies the block, and no row with another index of the first mode.
func TestScale(t *testing.T) {
	for name, draw := range draws {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				m := draw(t).matrix
				values := m.Init(rand.New(rand.NewPCG(1, 1)), 1)
				before, err := m.Dense(values)
				require.NoError(t, err)
				ranges := drawRanges(t, m, "range")
				block, err := m.Restrict(ranges)
				require.NoError(t, err)
				require.NoError(t, block.Scale(values, 3))
				after, err := m.Dense(values)
				require.NoError(t, err)
				slab := len(before) / m.In[0].Size
				for j := range before {
					if a := j / slab; a >= ranges[0].Lo && a < ranges[0].Hi {
						before[j] *= 3
					}
				}
				requireClose(t, before, after, 1e-12)
			})
		})
	}
}

func TestRestrictErrors(t *testing.T) {
	m, err := decomp.TT{Ranks: []int{2}}.Matrix([]int{4, 3}, []int{2, 2})
	require.NoError(t, err)
	for text, ranges := range map[string][]decomp.Range{
		"decomp: TT has 2 input modes (4·3), got 1 ranges":                  {{0, 4}},
		"decomp: TT: range 2 to 5 of input mode 1 does not fit its size 4":  {{2, 5}, {0, 3}},
		"decomp: TT: range 1 to 1 of input mode 2 does not fit its size 3":  {{0, 4}, {1, 1}},
		"decomp: TT: range -1 to 2 of input mode 2 does not fit its size 3": {{0, 4}, {-1, 2}},
	} {
		_, err := m.Restrict(ranges)
		require.EqualError(t, err, text)
	}
	block, err := m.Restrict([]decomp.Range{{1, 3}, {0, 2}})
	require.NoError(t, err)
	require.EqualError(t, block.Scale(nil, 2), "decomp: TT has 2 cores, got values for 0")
	_, err = block.Restrict([]decomp.Range{{0, 3}, {0, 2}})
	require.EqualError(t, err, "decomp: TT: range 0 to 3 of input mode 1 does not fit its size 2")
}

// The rows for x and those for h of one matrix over [x; h].
func ExampleMatrix_Restrict() {
	m, err := decomp.HT{Leaf: []int{4}, Inner: []int{5}}.Matrix([]int{9, 10, 10, 9, 8}, []int{16, 4, 2, 4, 2})
	if err != nil {
		log.Fatal(err)
	}
	x, err := m.Restrict([]decomp.Range{{0, 8}, {0, 10}, {0, 10}, {0, 9}, {0, 8}})
	if err != nil {
		log.Fatal(err)
	}
	h, err := m.Restrict([]decomp.Range{{8, 9}, {0, 4}, {0, 4}, {0, 4}, {0, 4}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(x.Rows(), "and", h.Rows(), "rows,", m.Params(), "weights")
	// Output: 57600 and 256 rows, 1309 weights
}
