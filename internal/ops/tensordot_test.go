package ops

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/internal/backend"
)

// Every way to copy and multiply gives the sum over all indexes.
func TestEveryWayIsTheSum(t *testing.T) {
	drawn, looped, swapped := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		drawn++
		var a, b, y []Axis
		var all []Axis
		for id := range rapid.IntRange(0, 6).Draw(t, "axes") {
			x := Axis{ID: id, Size: rapid.IntRange(1, 4).Draw(t, "size")}
			all = append(all, x)
			in := rapid.IntRange(0, 2).Draw(t, "not in")
			for k, axes := range []*[]Axis{&a, &b, &y} {
				if k != in {
					*axes = append(*axes, x)
				}
			}
		}
		for _, axes := range []*[]Axis{&a, &b, &y} {
			if len(*axes) > 1 {
				*axes = rapid.Permutation(*axes).Draw(t, "order")
			}
		}
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		values := func(axes []Axis) []float64 {
			v := make([]float64, Volume(axes))
			for k := range v {
				v[k] = rng.NormFloat64()
			}
			return v
		}
		va, vb, want := values(a), values(b), make([]float64, Volume(y))
		index := map[int]int{}
		at := func(axes []Axis) (k int) {
			for _, x := range axes {
				k = k*x.Size + index[x.ID]
			}
			return k
		}
		var visit func(rest []Axis)
		visit = func(rest []Axis) {
			if len(rest) == 0 {
				want[at(y)] += va[at(a)] * vb[at(b)]
				return
			}
			for k := range rest[0].Size {
				index[rest[0].ID] = k
				visit(rest[1:])
			}
		}
		visit(all)
		for which, c := range ways(a, b, y, backend.Here(), fromMemory) {
			require.False(t, math.IsInf(c.cost, 1) && which == 7, "one product of copies always fits")
			if math.IsInf(c.cost, 1) {
				continue
			}
			got := values(y) // whatever was there
			var m memory[float64]
			compute(&c, &m, got, va, vb)
			require.InDeltaSlice(t, want, got, 1e-12, "way %d", which)
			if c.products.Count > 1 || len(c.loops) > 0 {
				looped++
			}
			if c.swapped {
				swapped++
			}
		}
	})
	if drawn >= 50 { // fewer on emulated processors
		require.Positive(t, looped)
		require.Positive(t, swapped)
	}
}

// What plans are made of is multiplied where it lies: x (outer, shared, rest) with
// (shared, free) to (outer, free, rest) or (outer, rest, free), and its gradients.
func TestLayoutsOfPlansAreNotCopied(t *testing.T) {
	o, s, r, f := Axis{0, 96}, Axis{1, 18}, Axis{2, 160}, Axis{3, 64}
	for _, c := range [][3][]Axis{
		{{o, s, r}, {s, f}, {o, f, r}},
		{{o, s, r}, {s, f}, {o, r, f}},
		{{o, r, s}, {s, f}, {o, f, r}},
		{{o, r, s}, {s, f}, {o, r, f}},
	} {
		x, m, y := c[0], c[1], c[2]
		for _, way := range [][3][]Axis{{x, m, y}, {y, m, x}, {x, y, m}} {
			w := contract(way[0], way[1], way[2], backend.AVX2(), fromMemory)
			require.True(t, w.a.straight() && w.b.straight() && w.y.straight(), "%v", way)
			require.LessOrEqual(t, w.products.Count, 96)
			require.Empty(t, w.loops)
		}
	}
}
