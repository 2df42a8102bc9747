package safe

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// DropoutMask returns a node that holds, anew at each run, zeros with
// probability p and 1/(1-p) elsewhere, so that a product with it keeps the mean
// (inverted dropout). Run k's values depend on seed and k alone, where k is what
// run points to, or with a nil run the number of runs before; upstream's Dropout
// draws from a generator seeded by the clock. like gives the graph and the type
// and is not read. Each mask of a graph needs a seed of its own: equal ones are
// one node.
func DropoutMask(like *G.Node, p float64, seed uint64, run *uint64, shape ...int) (*G.Node, error) {
	if !(p >= 0 && p < 1) {
		return nil, errors.Errorf("safe: dropout probability %v; want at least 0 and below 1", p)
	}
	count := uint64(0)
	next := func() uint64 {
		if run != nil {
			return *run
		}
		count++
		return count - 1
	}
	return apply(&op{
		name:  fmt.Sprintf("dropout %v seed %d", p, seed),
		shape: tensor.Shape(shape).Clone(),
		f32:   func(out []float32, _ [][]float32) { drop(out, p, seed, next()) },
		f64:   func(out []float64, _ [][]float64) { drop(out, p, seed, next()) },
		wrt:   []bool{false},
		diff:  func(G.Nodes, *G.Node) (G.Nodes, error) { return G.Nodes{nil}, nil },
	}, like)
}

func drop[T float](out []T, p float64, seed, run uint64) {
	rng := rand.NewPCG(seed, run)
	below := uint64(p * math.MaxUint64)
	keep := T(1 / (1 - p))
	for i := range out {
		out[i] = keep
		if rng.Uint64() < below {
			out[i] = 0
		}
	}
}

// DropoutSteps multiplies each step of x (batch, steps, n_1, ..., n_d) with one
// DropoutMask of shape (batch, n_1·…·n_d): what is dropped of a sequence is
// dropped at all its steps (Gal and Ghahramani 2016).
func DropoutSteps(x *G.Node, p float64, seed uint64, run *uint64) (*G.Node, error) {
	if x.Dims() < 3 {
		return nil, errors.Errorf("safe: dropout of shape %v; want (batch, steps, n_1, ..., n_d)", x.Shape())
	}
	mask, err := DropoutMask(x, p, seed, run, x.Shape()[0], product(x.Shape()[2:]))
	if err != nil {
		return nil, err
	}
	return scaleSteps(x, mask)
}

func scaleSteps(x, mask *G.Node) (*G.Node, error) {
	steps, features := x.Shape()[1], mask.Shape()[1]
	return apply(&op{
		name:  "scale steps",
		shape: x.Shape().Clone(),
		f32:   func(out []float32, in [][]float32) { timesMask(out, in[0], in[1], steps, features) },
		f64:   func(out []float64, in [][]float64) { timesMask(out, in[0], in[1], steps, features) },
		wrt:   []bool{true, false},
		diff: func(inputs G.Nodes, grad *G.Node) (G.Nodes, error) {
			g, err := scaleSteps(grad, inputs[1])
			return G.Nodes{g, nil}, err
		},
	}, x, mask)
}

func timesMask[T float](out, x, mask []T, steps, features int) {
	for b := range len(mask) / features {
		scale := mask[b*features : (b+1)*features]
		for t := range steps {
			at := (b*steps + t) * features
			from, to := x[at:at+features], out[at:at+features]
			for j, s := range scale {
				to[j] = from[j] * s
			}
		}
	}
}
