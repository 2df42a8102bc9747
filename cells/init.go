package cells

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// init returns the initial values in the order of params.
func (d *direction) init(rng *rand.Rand) [][]float64 {
	var values [][]float64
	_, dense := orDense(d.layer.Recurrent).(decomp.Dense)
	if d.joint.Matrix != nil {
		values = d.initJoint(rng)
	} else if values = d.input.Init(rng, d.input.Glorot()); d.recurrent.Matrix != nil && dense {
		values = append(values, orthogonal(rng, d.layer.Hidden(), len(d.gates)))
	} else if d.recurrent.Matrix != nil {
		// An orthogonal matrix of this size has elements of variance 1/hidden.
		values = append(values, d.recurrent.Init(rng, d.recurrent.LeCun())...)
	}
	var bias []float64
	kept := keeping(rng, d.layer.Memory, d.layer.Hidden())
	for _, g := range d.gates {
		for _, b := range kept {
			if d.layer.Memory > 0 && g.Keeps != 0 {
				bias = append(bias, float64(g.Keeps)*b)
			} else {
				bias = append(bias, g.Bias)
			}
		}
	}
	values = append(values, bias)
	if d.layer.CandidateBias {
		values = append(values, make([]float64, d.layer.Hidden()))
	}
	return values
}

// keeping returns a bias for each unit with which a gate keeps the state for 2 to
// memory steps.
func keeping(rng *rand.Rand, memory, hidden int) []float64 {
	bias := make([]float64, hidden)
	for k := range bias {
		if memory > 0 {
			bias[k] = math.Log(1 + rng.Float64()*float64(memory-2))
		}
	}
	return bias
}

// stateVariance is the variance of W_h's first values, times hidden. An orthogonal
// matrix has 1, but its singular values are all 1; a network of small ranks has a
// few of 3 to 5 then, and learns better from less (docs/formats/joint.md).
const stateVariance = 0.1

// initJoint draws the joint cores with the variance that W_x has in a layer with
// two matrices, and then scales the slabs of the first mode, which h alone reads,
// to that of W_h: x has many more values than h.
func (d *direction) initJoint(rng *rand.Rand) [][]float64 {
	variance := d.input.Glorot()
	values := d.joint.Init(rng, variance)
	if err := d.recurrent.Scale(values, math.Sqrt(stateVariance*d.recurrent.LeCun()/variance)); err != nil {
		panic(err) // Init makes the values that Scale asks for
	}
	return values
}

// orthogonal returns U (hidden, n·hidden), row-major: n random orthogonal
// matrices side by side, one per gate (Saxe et al. 2013). A product with one keeps
// the length of the state, so that it neither fades nor grows over the steps.
func orthogonal(rng *rand.Rand, hidden, n int) []float64 {
	u := make([]float64, hidden*n*hidden)
	for g := range n {
		normal := make([]float64, hidden*hidden)
		for k := range normal {
			normal[k] = rng.NormFloat64()
		}
		var qr mat.QR
		var q, r mat.Dense
		qr.Factorize(mat.NewDense(hidden, hidden, normal))
		qr.QTo(&q)
		qr.RTo(&r)
		for k := range normal {
			row, col := k/hidden, k%hidden
			// The signs of R's diagonal make Q uniform over all orthogonal matrices (Mezzadri 2007).
			u[(row*n+g)*hidden+col] = q.At(row, col)
			if r.At(col, col) < 0 {
				u[(row*n+g)*hidden+col] = -q.At(row, col)
			}
		}
	}
	return u
}
