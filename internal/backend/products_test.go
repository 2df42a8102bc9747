package backend

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Every shape, transposition and stride against three loops.
func TestMultiply(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 40)
		p := Products{
			Count: rapid.IntRange(1, 5).Draw(t, "count"),
			Rows:  size.Draw(t, "rows"), Cols: size.Draw(t, "cols"), Inner: size.Draw(t, "inner"),
			TransA: rapid.Bool().Draw(t, "A transposed"), TransB: rapid.Bool().Draw(t, "B transposed"),
		}
		stride := func(name string, size int) int {
			return rapid.SampledFrom([]int{0, size, size + 3}).Draw(t, name)
		}
		p.StrideA, p.StrideB = stride("stride A", p.Rows*p.Inner), stride("stride B", p.Inner*p.Cols)
		p.StrideC = stride("stride C", p.Rows*p.Cols)
		rng := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "seed")))
		compare[float64](t, p, rng, 1e-12)
		compare[float32](t, p, rng, 1e-5)
	})
}

func compare[T Float](t require.TestingT, p Products, rng *rand.Rand, tolerance float64) {
	random := func(stride, size int) []T {
		x := make([]T, (p.Count-1)*stride+size)
		for i := range x {
			x[i] = T(rng.NormFloat64())
		}
		return x
	}
	a, b := random(p.StrideA, p.Rows*p.Inner), random(p.StrideB, p.Inner*p.Cols)
	c := random(p.StrideC, p.Rows*p.Cols)
	lda, ldb, _ := p.leading()
	at := func(x []T, transposed bool, ld, i, j int) float64 {
		if transposed {
			i, j = j, i
		}
		return float64(x[i*ld+j])
	}
	want := make([]float64, len(c))
	for k := range p.Count {
		for i := range p.Rows {
			for j := range p.Cols {
				for l := range p.Inner {
					want[k*p.StrideC+i*p.Cols+j] += at(a[k*p.StrideA:], p.TransA, lda, i, l) * at(b[k*p.StrideB:], p.TransB, ldb, l, j)
				}
			}
		}
	}
	Multiply(p, a, b, c)
	for k := range p.Count {
		for i := range p.Rows * p.Cols {
			i += k * p.StrideC
			require.InDelta(t, want[i], float64(c[i]), tolerance*float64(p.Inner*p.Count)*4, "%+v element %d", p, i)
		}
	}
}

func TestMultiplyChecksItsSlices(t *testing.T) {
	p := Products{Count: 2, Rows: 2, Cols: 2, Inner: 2, StrideA: 4, StrideC: 4}
	require.Panics(t, func() { Multiply(p, make([]float32, 7), make([]float32, 4), make([]float32, 8)) })
	require.Panics(t, func() { Multiply(p, make([]float32, 8), make([]float32, 3), make([]float32, 8)) })
	require.Panics(t, func() { Multiply(p, make([]float32, 8), make([]float32, 4), make([]float32, 7)) })
	require.NotPanics(t, func() { Multiply(p, make([]float32, 8), make([]float32, 4), make([]float32, 8)) })
}

// No products are cheaper than LeastCost says.
func TestLeastCost(t *testing.T) {
	for _, k := range every() {
		model := Model{k}
		t.Run(k.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				size := rapid.IntRange(1, 3000)
				p := Products{
					Count: rapid.IntRange(1, 100).Draw(t, "count"), Rows: size.Draw(t, "rows"), Cols: size.Draw(t, "cols"), Inner: size.Draw(t, "inner"),
					TransA: rapid.Bool().Draw(t, "A transposed"), TransB: rapid.Bool().Draw(t, "B transposed"),
				}
				one, count := float64(p.Rows)*float64(p.Cols), float64(p.Count)
				require.LessOrEqual(t, model.LeastCost(count*one, float64(p.Inner)), model.Cost(p)*(1+1e-9))
				require.LessOrEqual(t, model.LeastCost(one, count*float64(p.Inner)), model.Cost(p)*(1+1e-9), "summed up")
			})
		})
	}
}

// The rate of products of the shapes that contractions are made of.
func BenchmarkMultiply(b *testing.B) {
	for _, p := range []Products{
		{Count: 1, Rows: 1024, Cols: 1024, Inner: 1024},
		{Count: 1, Rows: 76800, Cols: 20, Inner: 72},
		{Count: 1, Rows: 72, Cols: 20, Inner: 76800, TransA: true},
		{Count: 1, Rows: 307200, Cols: 16, Inner: 18},
		{Count: 1, Rows: 18, Cols: 16, Inner: 307200, TransA: true},
		{Count: 15360, Rows: 16, Cols: 16, Inner: 20, TransA: true, StrideB: 320, StrideC: 256},
		{Count: 15360, Rows: 20, Cols: 16, Inner: 16, StrideA: 320, TransB: true, StrideB: 256},
		{Count: 768, Rows: 16, Cols: 64, Inner: 80, TransA: true, StrideB: 5120, StrideC: 1024},
		{Count: 96, Rows: 128, Cols: 8, Inner: 4000, TransA: true, StrideB: 32000, StrideC: 1024},
	} {
		b.Run(fmt.Sprintf("%d of %dx%dx%d A' %t B' %t", p.Count, p.Rows, p.Cols, p.Inner, p.TransA, p.TransB), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			random := func(stride, size int) []float32 {
				x := make([]float32, (p.Count-1)*stride+size)
				for i := range x {
					x[i] = float32(rng.NormFloat64())
				}
				return x
			}
			x, y := random(p.StrideA, p.Rows*p.Inner), random(p.StrideB, p.Inner*p.Cols)
			z := random(p.StrideC, p.Rows*p.Cols)
			b.ReportAllocs()
			for b.Loop() {
				Multiply(p, x, y, z)
			}
			flop := 2 * float64(p.Count) * float64(p.Rows) * float64(p.Cols) * float64(p.Inner)
			b.ReportMetric(flop*float64(b.N)/b.Elapsed().Seconds()/1e9, "GF/s")
		})
	}
}
