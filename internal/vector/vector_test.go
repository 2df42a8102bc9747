package vector

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// way is one of the ways that this processor has.
type way struct {
	name     string
	of       func(dst, src []float32)
	function func(x float64) float64
}

func logistic(x float64) float64 {
	if x < 0 { // where 1+exp(-x) overflows sooner
		return math.Exp(x) / (1 + math.Exp(x))
	}
	return 1 / (1 + math.Exp(-x))
}

// All exponents, with several mantissas each, against float64.
func TestAccuracy(t *testing.T) {
	var xs []float32
	for exponent := range uint32(255) {
		for k := range uint32(256) {
			x := math.Float32frombits(exponent<<23 | k<<15 | k*7919&0x7fff)
			xs = append(xs, x, -x)
		}
	}
	for x := float32(-100); x < 100; x += 0.0137 {
		xs = append(xs, x)
	}
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			got := make([]float32, len(xs))
			w.of(got, xs)
			worst := 0.0
			for i, x := range xs {
				want := w.function(float64(x))
				const least = 2e-38 // about the smallest normal number
				off := max(0, math.Abs(float64(got[i])-want)-least) / max(math.Abs(want), least)
				worst = max(worst, off)
				if !(off <= 1e-6) {
					t.Fatalf("%g: %g, want %g", x, got[i], want)
				}
			}
			t.Logf("largest relative error %.2g", worst)
		})
	}
}

func TestEnds(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			for n := range 40 {
				src, dst := make([]float32, n), make([]float32, n+1)
				for i := range src {
					src[i] = float32(i) - 20
				}
				if n > 2 {
					src[0], src[1], src[2] = float32(math.NaN()), inf, -inf
				}
				dst[n] = 42
				w.of(dst[:n], src)
				require.Equal(t, float32(42), dst[n], "nothing is written behind %d values", n)
				for i, x := range src {
					want := w.function(float64(x))
					if i == 0 && n > 2 {
						require.True(t, math.IsNaN(float64(dst[0])))
					} else {
						require.InDelta(t, want, dst[i], 1e-6, fmt.Sprint(x))
					}
				}
				w.of(src, src) // in place
				require.Equal(t, fmt.Sprint(dst[:n]), fmt.Sprint(src))
			}
		})
	}
}

func Benchmark(b *testing.B) {
	x, y := make([]float32, 4096), make([]float32, 4096)
	for i := range x {
		x[i] = float32(i%200-100) / 20
	}
	for _, w := range ways() {
		b.Run(w.name, func(b *testing.B) {
			for b.Loop() {
				w.of(y, x)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4096, "ns/value")
		})
	}
}
