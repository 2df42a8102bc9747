package ops

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/internal/backend"
)

// Blocks of any size, the last of which is another, make what two contractions do.
func TestChain(t *testing.T) {
	drawn, several := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		drawn++
		size := func(name string, most int) int { return rapid.IntRange(1, most).Draw(t, name) }
		rows, stays, shared, rank, free, last := Axis{0, size("rows", 3000)}, Axis{1, size("stays", 5)}, Axis{2, size("shared", 5)}, Axis{3, size("rank", 5)}, Axis{4, size("free", 5)}, Axis{5, size("last", 5)}
		order := func(name string, axes ...Axis) []Axis { return rapid.Permutation(axes).Draw(t, name) }
		x, y := append([]Axis{rows}, order("x", stays, shared)...), append([]Axis{rows}, order("y", free, last)...)
		a, b, between := order("a", shared, rank, free), order("b", stays, rank, last), []Axis{rows, stays, rank, free}
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		values := func(axes []Axis) []float64 {
			v := make([]float64, Volume(axes))
			for k := range v {
				v[k] = rng.NormFloat64()
			}
			return v
		}
		vx, va, vb, got := values(x), values(a), values(b), values(y)
		blocks := cut(x, a, b, y, between, backend.Here())
		if len(blocks) == 2 && blocks[0].count > 1 {
			several++
		}
		var m chainMemory[float64]
		for range 2 { // nothing is left of the first run
			m.run(blocks, got, vx, va, vb)
			require.InDeltaSlice(t, Contract(Contract(vx, va, x, a, between), vb, between, b, y), got, 1e-10)
		}
	})
	if drawn >= 50 { // fewer on emulated processors
		require.Positive(t, several)
	}
}

// BenchmarkChain is the first contraction of a TT-LSTM with UCF11's shapes, as a chain and
// with the product of the factors.
func BenchmarkChain(b *testing.B) {
	x := []Axis{{0, 15360}, {1, 20}, {2, 18}}
	left, right := []Axis{{3, 4}, {2, 18}, {4, 4}}, []Axis{{5, 4}, {1, 20}, {6, 4}, {3, 4}}
	y := []Axis{{0, 15360}, {5, 4}, {6, 4}, {4, 4}}
	merged := append(append([]Axis{}, x[1:]...), y[1:]...)
	vx, vl, vr, vm, vy := make([]float32, Volume(x)), make([]float32, Volume(left)), make([]float32, Volume(right)), make([]float32, Volume(merged)), make([]float32, Volume(y))
	for i := range vx {
		vx[i] = float32(i%7) - 3
	}
	b.Run("chain", func(b *testing.B) {
		blocks := cut(x, left, right, y, append(without(x, left), without(left, x)...), backend.Here())
		var m chainMemory[float32]
		for b.Loop() {
			m.run(blocks, vy, vx, vl, vr)
		}
	})
	b.Run("merged", func(b *testing.B) {
		c := contract(x, merged, y, backend.Here(), fromMemory)
		var m memory[float32]
		for b.Loop() {
			compute(&c, &m, vy, vx, vm)
		}
	})
}
