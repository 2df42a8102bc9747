package cells

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"

	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// mask returns a node (batch, ...) of zeros with probability p and 1/(1-p)
// elsewhere, drawn anew at each run, so that the mean stays (inverted dropout).
// Upstream's draws from a generator seeded by the clock. like gives the graph and
// the type and is not read.
//
// What is dropped of a sequence depends on the seed, the place, the number of the
// run and the sequence's row alone: not on the batch that it is put through in.
func (o Options) mask(p float64, place string, like *G.Node, shape ...int) (*G.Node, error) {
	run := cmp.Or(o.Run, new(uint64))
	next := func() uint64 {
		n := *run
		if o.Run == nil {
			*run++
		}
		return n
	}
	seed := o.Seed ^ hash(place)
	return ops.Apply(&ops.Op{
		Name:  fmt.Sprintf("dropout %v seed %d row %d", p, seed, o.Row),
		Shape: shape,
		F32:   func(out []float32, _ [][]float32) { drop(p, out, shape[0], o.Row, seed, next()) },
		F64:   func(out []float64, _ [][]float64) { drop(p, out, shape[0], o.Row, seed, next()) },
	}, like)
}

// drop fills the rows of a mask. Each has a generator of its own, seeded with
// the row-th number of the SplitMix64 sequence of the seed.
func drop[T ops.Float](p float64, out []T, rows, first int, seed, run uint64) {
	below := uint64(p * math.MaxUint64)
	values := [2]T{T(1 / (1 - p)), 0}
	var rng rand.PCG
	each := len(out) / rows
	for k := range rows {
		rng.Seed(splitMix(seed, uint64(first+k)), run)
		row := out[k*each : (k+1)*each]
		for i := range row {
			// Looked up: no processor foresees the branch.
			_, dropped := bits.Sub64(rng.Uint64(), below, 0)
			row[i] = values[dropped]
		}
	}
}

// splitMix returns the k-th number of the generator of Steele, Lea and Flood (2014).
func splitMix(seed, k uint64) uint64 {
	z := seed + (k+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// scaleSteps multiplies each step of x (batch, steps, n_1, ..., n_d) with one mask
// (batch, n_1·…·n_d): what is dropped of a sequence is dropped at all its steps (Gal
// and Ghahramani 2016).
func scaleSteps(x, mask *G.Node) (*G.Node, error) {
	return ops.Apply(&ops.Op{
		Name: "scale steps",
		Rows: mask.Shape()[0],
		F32:  timesMask[float32],
		F64:  timesMask[float64],
		Diff: []ops.Gradient{func(in G.Nodes, grad *G.Node) (*G.Node, error) { return scaleSteps(grad, in[1]) }},
	}, x, mask)
}

func timesMask[T ops.Float](out []T, in [][]T) {
	x, mask := in[0], in[1]
	for at := 0; at < len(x); at += len(mask) {
		from, to := x[at:at+len(mask)], out[at:at+len(mask)]
		for j, s := range mask {
			to[j] = from[j] * s
		}
	}
}
