package ops

import (
	"testing"

	"github.com/tensorzoo/tensorzoo/internal/backend"
)

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
