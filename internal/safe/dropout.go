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
// (inverted dropout). The k-th run's values depend on seed and k alone;
// upstream's Dropout draws from a generator seeded by the clock. like gives the
// graph and the type and is not read. Each mask of a graph needs a seed of its
// own: equal ones are one node.
func DropoutMask(like *G.Node, p float64, seed uint64, shape ...int) (*G.Node, error) {
	if !(p >= 0 && p < 1) {
		return nil, errors.Errorf("safe: dropout probability %v; want at least 0 and below 1", p)
	}
	var run uint64
	return apply(&op{
		name:  fmt.Sprintf("dropout %v seed %d", p, seed),
		shape: tensor.Shape(shape).Clone(),
		f32:   func(out []float32, _ [][]float32) { drop(out, p, seed, run); run++ },
		f64:   func(out []float64, _ [][]float64) { drop(out, p, seed, run); run++ },
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
