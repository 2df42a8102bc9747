package vector

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The assembly has the bits of the loop, ends included, and writes nothing else.
func TestAdam(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for n := range 70 {
		random := func() []float32 {
			x := make([]float32, n+1)
			for i := range x {
				x[i] = float32(rng.NormFloat64() * math.Pow(10, rng.Float64()*12-8))
			}
			return x
		}
		w, g, m, v := random(), random(), random(), random()
		for i := range v {
			v[i] *= v[i]
		}
		r := &AdamRates{0.01, 0.001, 0.9, 0.1, 0.999, 0.001, 0.002, 1.5, 1e-8, 0.7}
		for _, many := range waysOfAdam() {
			var got, want [3][]float32
			for k, x := range [][]float32{w, m, v} {
				got[k], want[k] = append([]float32{}, x...), append([]float32{}, x...)
			}
			was := adams
			adams = nil
			Adam(want[0][:n], g, want[1], want[2], r)
			adams = many
			Adam(got[0][:n], g, got[1], got[2], r)
			adams = was
			require.Equal(t, want, got, "%d weights", n)
		}
	}
}

func TestApart(t *testing.T) {
	for _, n := range []int{0, 1, 1023, 1024, 5000} {
		for k := range 30 {
			require.Len(t, Apart(n, k), n)
		}
	}
}

// The assembly has the bits of the loop, and they are those of a sum in another order but for
// rounding.
func TestSquares(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	assembly := squares
	defer func() { squares = assembly }()
	for n := range 70 {
		x, plain := make([]float32, n), 0.0
		for i := range x {
			x[i] = float32(rng.NormFloat64() * math.Pow(10, rng.Float64()*12-8))
			plain += float64(x[i]) * float64(x[i])
		}
		squares = assembly
		got := Squares(x)
		squares = nil
		require.Equal(t, Squares(x), got, "%d values", n)
		require.InDelta(t, plain, got, 1e-14*plain)
	}
}

// What a step of Adam takes a weight, beyond all caches: the plain loop and the assembly, over
// arrays that begin at one place of a page and at different ones, alone and after the norm of
// the gradients.
func BenchmarkAdam(b *testing.B) {
	const n = 1 << 23
	r := &AdamRates{0, 0, 0.9, 0.1, 0.999, 0.001, 0.002, 1.5, 1e-8, 1}
	adam, norm := adams, squares
	for _, way := range []string{"loop", "assembly"} {
		for _, places := range []string{"alike", "apart"} {
			var x [4][]float32
			for k := range x {
				x[k] = Apart(n, k)
				if places == "alike" {
					x[k] = Apart(n, 0)
				}
			}
			for i := range x[1] {
				x[1][i] = float32(i%1000) / 1000
			}
			for _, what := range []string{"step", "norm", "norm and step"} {
				b.Run(way+"/"+places+"/"+what, func(b *testing.B) {
					defer func() { adams, squares = adam, norm }()
					if way == "loop" {
						adams, squares = nil, nil
					}
					for b.Loop() {
						if what != "step" {
							Squares(x[1])
						}
						if what != "norm" {
							Adam(x[0], x[1], x[2], x[3], r)
						}
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/weight")
				})
			}
		}
	}
}
