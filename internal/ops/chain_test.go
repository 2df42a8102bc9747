package ops

import (
	"testing"

	"github.com/tensorzoo/tensorzoo/internal/backend"
)

func BenchmarkChain(b *testing.B) {
	x := []Axis{{0, 15360}, {1, 20}, {2, 18}}
	ga := []Axis{{3, 4}, {2, 18}, {4, 4}}
	gb := []Axis{{5, 4}, {1, 20}, {6, 4}, {3, 4}}
	y := []Axis{{0, 15360}, {5, 4}, {6, 4}, {4, 4}}
	c := &chain{x: x, a: ga, b: gb, y: y}
	c.t = append(without(x, ga), without(ga, x)...)
	c.cut(backend.Here())
	b.Logf("%+v", c.blocks)
	vx, va, vb, vy := make([]float32, Volume(x)), make([]float32, Volume(ga)), make([]float32, Volume(gb)), make([]float32, Volume(y))
	for i := range vx {
		vx[i] = float32(i%7) - 3
	}
	b.Run("forward", func(b *testing.B) {
		var m linkMemory[float32]
		for b.Loop() {
			m.forward(c, vy, [][]float32{vx, va, vb})
		}
	})
	b.Run("gradient", func(b *testing.B) {
		var m chainGradientsOf[float32]
		for b.Loop() {
			m.run(c, va, [][]float32{vx, va, vb, vy})
		}
	})
}
