package cells

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// dropout says what is dropped: zeros stand in for some elements, drawn anew at
// each run, and the others are scaled up so that the mean stays (inverted
// dropout). Upstream's draws from a generator seeded by the clock.
//
// What is dropped of a sequence depends on seed, the number of the run and the
// sequence's row alone: not on the batch that it is put through in.
type dropout struct {
	p    float64 // probability of a zero, at least 0 and below 1
	seed uint64  // each mask of a graph needs its own: equal ones are one node
	run  *uint64 // points to the number of the run; nil counts a node's runs from 0
	row  int     // of the batch's first sequence in a larger batch
}

// mask returns a node (batch, ...) of zeros with probability p and 1/(1-p)
// elsewhere. like gives the graph and the type and is not read.
func (d dropout) mask(like *G.Node, shape ...int) (*G.Node, error) {
	count := uint64(0)
	next := func() uint64 {
		if d.run != nil {
			return *d.run
		}
		count++
		return count - 1
	}
	return ops.Apply(&ops.Op{
		Name:  fmt.Sprintf("dropout %v seed %d row %d", d.p, d.seed, d.row),
		Shape: tensor.Shape(shape).Clone(),
		F32:   func(out []float32, _ [][]float32) { drop(d, out, shape[0], next()) },
		F64:   func(out []float64, _ [][]float64) { drop(d, out, shape[0], next()) },
		WRT:   []bool{false},
		Diff:  func(G.Nodes, *G.Node) (G.Nodes, error) { return G.Nodes{nil}, nil },
	}, like)
}

// drop fills the rows of a mask. Each has a generator of its own, seeded with
// the row-th number of the SplitMix64 sequence of the seed.
func drop[T ops.Float](d dropout, out []T, rows int, run uint64) {
	below := uint64(d.p * math.MaxUint64)
	values := [2]T{T(1 / (1 - d.p)), 0}
	var rng rand.PCG
	each := len(out) / rows
	for k := range rows {
		rng.Seed(splitMix(d.seed, uint64(d.row+k)), run)
		row := out[k*each : (k+1)*each]
		for i := range row {
			// Looked up: no processor foresees the branch.
			_, dropped := bits.Sub64(rng.Uint64(), below, 0)
			row[i] = values[dropped]
		}
	}
}

// splitMix returns the k-th number of the generator of Steele, Lea and Flood
// (2014).
func splitMix(seed, k uint64) uint64 {
	z := seed + (k+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// steps multiplies each step of x (batch, steps, n_1, ..., n_d) with one mask of
// shape (batch, n_1·…·n_d): what is dropped of a sequence is dropped at all its
// steps (Gal and Ghahramani 2016).
func (d dropout) steps(x *G.Node) (*G.Node, error) {
	mask, err := d.mask(x, x.Shape()[0], dims.Size(x.Shape()[2:]))
	if err != nil {
		return nil, err
	}
	return scaleSteps(x, mask)
}

func scaleSteps(x, mask *G.Node) (*G.Node, error) {
	steps, features := x.Shape()[1], mask.Shape()[1]
	return ops.Apply(&ops.Op{
		Name:  "scale steps",
		Shape: x.Shape().Clone(),
		F32:   func(out []float32, in [][]float32) { timesMask(out, in[0], in[1], steps, features) },
		F64:   func(out []float64, in [][]float64) { timesMask(out, in[0], in[1], steps, features) },
		WRT:   []bool{true, false},
		Diff: func(inputs G.Nodes, grad *G.Node) (G.Nodes, error) {
			g, err := scaleSteps(grad, inputs[1])
			return G.Nodes{g, nil}, err
		},
	}, x, mask)
}

func timesMask[T ops.Float](out, x, mask []T, steps, features int) {
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
