package cells

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// rowCall runs a row of n hidden units with drawn values. All slices begin at some place of
// a larger one, and nothing may be written around them.
type rowCall struct {
	t   require.TestingT
	rng *rand.Rand
	n   int
	at  int
	all [][]float32
	odd []float32 // values that are drawn now and then

}

const guard = 42

func (c *rowCall) blocks(k int, draw func() float32) []float32 {
	x := make([]float32, c.at+k*c.n+1)
	for i := range x {
		x[i] = guard
	}
	x = x[c.at:]
	for i := range x[:k*c.n] {
		if x[i] = draw(); c.rng.IntN(12) == 0 && len(c.odd) > 0 {
			x[i] = c.odd[c.rng.IntN(len(c.odd))]
		}
	}
	c.all = append(c.all, x)
	return x[:k*c.n]
}

func (c *rowCall) between(lo, hi float32) func() float32 {
	return func() float32 { return lo + (hi-lo)*c.rng.Float32() }
}

var (
	nan      = float32(math.NaN())
	inf      = float32(math.Inf(1))
	ordinary = []float32{0, 1e-45, -3e-40, 1e-30, 9e-31, -2e-30, 88, -88}
)

// forward returns what a step makes: the gates that are functions of x·W and h·U alone, and
// the rest.
func (c *rowCall) forward(k *kernels, r rows[float32]) (gates, rest []float32) {
	columns := k.kept * c.n
	if k.memory {
		columns -= c.n
	}
	width := columns
	if !k.memory {
		width -= c.n
	}
	c.odd = append(ordinary, nan, inf, -inf)
	if !k.memory {
		c.odd = ordinary // r·u of infinite u depends on how small r may be
	}
	a := c.blocks(width/c.n, c.between(-9, 9))
	c.odd = ordinary
	bias, u, h, m := c.blocks(width/c.n, c.between(-1, 1)), c.blocks(width/c.n, c.between(-3, 3)), c.blocks(1, c.between(-1, 1)), c.blocks(1, c.between(-5, 5))
	zero := func() float32 { return 0 }
	kept, next, after, out := c.blocks(k.kept, zero), c.blocks(1, zero), c.blocks(1, zero), c.blocks(1, zero)
	r.forward(kept, a, bias, u, h, m, next, after, out, c.n, 1)
	require.Equal(c.t, bitsOf(next), bitsOf(out))
	gates, rest = kept[:2*c.n], kept[2*c.n:]
	return gates, append(append(append([]float32{}, rest...), next...), after...)
}

// back returns the gradients that a step makes, and the sum that is the bias's.
func (c *rowCall) back(k *kernels, r rows[float32]) (result, dBias []float32) {
	c.odd = append(ordinary, nan)
	// Nothing is nearly cancelled, where it counts whether the compiler of the loops rounds
	// a product before it is added.
	signed := c.between(-0.9, 0.9)
	kept := c.blocks(k.kept, c.between(0.1, 0.9))
	for i := range kept[2*c.n : 3*c.n] {
		if v := kept[2*c.n+i]; v > 0.1 && v < 0.9 && i%2 == 0 {
			kept[2*c.n+i] = -v
		}
	}
	gradient := func() float32 { return float32(math.Pow(10, -40*c.rng.Float64())) }
	c.odd = append(ordinary, nan, inf, -inf)
	h, m, dh, grad, dm := c.blocks(1, signed), c.blocks(1, signed), c.blocks(1, gradient), c.blocks(1, gradient), c.blocks(1, gradient)
	c.odd = nil
	width := 4 * c.n
	if !k.memory {
		width = 3 * c.n
	}
	zero := func() float32 { return 0 }
	da, du := c.blocks(width/c.n, zero), c.blocks(width/c.n, zero)
	dBias = c.blocks(width/c.n, signed)
	if !k.carried {
		du = da
	}
	r.backward(da, du, kept, h, m, dh, grad, dm, dBias, c.n, 1)
	result = append(append([]float32{}, da...), du...)
	if k.carried {
		result = append(result, dh...)
	}
	if k.memory {
		result = append(result, dm...)
	}
	return result, dBias
}

func bitsOf(x []float32) []uint32 {
	y := make([]uint32, len(x))
	for i, v := range x {
		y[i] = math.Float32bits(v)
	}
	return y
}

// close compares with what the loops make, to a relative and an absolute error. Where that
// is not finite, the other need not be the same of the numbers that are not.
func closeTo(t require.TestingT, want, got []float32, relative, absolute float64) {
	require.Len(t, got, len(want))
	for i, w := range want {
		w, g := float64(w), float64(got[i])
		if math.IsNaN(w - w) {
			require.True(t, math.IsNaN(g-g), "value %d is %g, not %g", i, g, w)
			continue
		}
		require.LessOrEqual(t, math.Abs(g-w), relative*math.Abs(w)+absolute, "value %d is %g, not %g", i, g, w)
	}
}

// The rows in vectors make what the loops make, with the same bits wherever they lie, and
// write nowhere else.
func TestRows(t *testing.T) {
	for _, k := range []*kernels{&lstmKernels, &gruKernels} {
		loops := rows[float32]{lstmRow[float32], lstmRowBack[float32]}
		if !k.memory {
			loops = rows[float32]{gruRow[float32], gruRowBack[float32]}
		}
		rapid.Check(t, func(t *rapid.T) {
			seed, n := rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 70).Draw(t, "hidden")
			call := func(at int) *rowCall { return &rowCall{t: t, rng: rand.New(rand.NewPCG(seed, 1)), n: n, at: at} }
			ends := func(c *rowCall) {
				for _, x := range c.all {
					require.Equal(t, float32(guard), x[len(x)-1])
				}
			}
			at := rapid.IntRange(1, 20).Draw(t, "at")
			gates, rest := call(0).forward(k, loops)
			c := call(0)
			gotGates, gotRest := c.forward(k, k.f32)
			ends(c)
			closeTo(t, gates, gotGates, 1e-6, 2e-38)
			closeTo(t, rest, gotRest, 1e-6, 4e-6)
			movedGates, movedRest := call(at).forward(k, k.f32)
			require.Equal(t, bitsOf(gotGates), bitsOf(movedGates))
			require.Equal(t, bitsOf(gotRest), bitsOf(movedRest))

			c = call(0)
			got, gotBias := c.back(k, k.f32)
			ends(c)
			want, bias := call(0).back(k, loops)
			closeTo(t, want, got, 1e-6, 2e-30)
			closeTo(t, bias, gotBias, 1e-6, 1e-6)
			moved, movedBias := call(at).back(k, k.f32)
			require.Equal(t, bitsOf(got), bitsOf(moved))
			require.Equal(t, bitsOf(gotBias), bitsOf(movedBias))
			for _, v := range got[:3*n] { // those that the product with U reads
				require.False(t, v != 0 && math.Abs(float64(v)) < tiny, v)
			}
		})
	}
}
