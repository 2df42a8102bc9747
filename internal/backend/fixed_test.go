package backend

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Products with a fixed matrix are those of Multiply, also after it is set anew.
func TestFixed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "seed")))
		var f32 Fixed[float32]
		var f64 Fixed[float64]
		for range 2 {
			size := rapid.OneOf(rapid.IntRange(1, 70), rapid.IntRange(250, 270))
			p := Products{Count: 1, Rows: rapid.IntRange(1, 40).Draw(t, "rows"), Inner: size.Draw(t, "inner"), Cols: size.Draw(t, "cols"),
				TransB: rapid.Bool().Draw(t, "transposed"), Add: rapid.Bool().Draw(t, "add")}
			p.LeadA = p.Inner + rapid.IntRange(0, 3).Draw(t, "gap")
			compareFixed(t, &f32, p, rng, 1e-5)
			compareFixed(t, &f64, p, rng, 1e-12)
		}
	})
}

func compareFixed[T Float](t require.TestingT, f *Fixed[T], p Products, rng *rand.Rand, tolerance float64) {
	random := func(n int) []T {
		x := make([]T, n)
		for i := range x {
			x[i] = T(rng.NormFloat64())
		}
		return x
	}
	a, b, want := random(p.Rows*p.LeadA), random(p.Inner*p.Cols), random(p.Rows*p.Cols)
	got := append([]T{}, want...)
	Multiply(p, a, b, want)
	f.Set(p.TransB, p.Inner, p.Cols, b)
	f.Multiply(p.Rows, a, p.LeadA, p.Add, got)
	for i := range want {
		require.InDelta(t, float64(want[i]), float64(got[i]), tolerance*float64(p.Inner), "%+v element %d", p, i)
	}
}
