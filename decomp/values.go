package decomp

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/ops"
	"github.com/tensorzoo/tensorzoo/internal/planner"
)

// Glorot returns the variance 2/(N+M) of Glorot and Bengio (2010) for the whole matrix.
func (m *Matrix) Glorot() float64 { return 2 / float64(m.Rows()+m.Cols()) }

// LeCun returns the variance 1/N, which keeps the variance of x·W at that of x.
func (m *Matrix) LeCun() float64 { return 1 / float64(m.Rows()) }

// Init draws the cores so that every element of the reconstructed matrix W has
// mean 0 and the given variance, whatever the format. It returns the values of
// each core, row-major, in the order of Cores.
//
// An element of W is a sum of P products, one for each choice of rank indices,
// of k independent elements, one from each core. With cores from N(0, σ²) its
// variance is P·σ^(2k), hence σ = (variance/P)^(1/2k). Cores shared within a
// network add a little: a product may hold one element twice.
func (m *Matrix) Init(rng *rand.Rand, variance float64) [][]float64 {
	cores, index := m.cores()
	values := make([][]float64, len(cores))
	for _, net := range m.Terms {
		paths := 1.0
		for _, r := range net.ranks() {
			paths *= float64(r)
		}
		sigma := math.Pow(variance/float64(len(m.Terms))/paths, 0.5/float64(len(net)))
		for _, c := range net {
			k := index[c.Name]
			if values[k] != nil {
				continue
			}
			values[k] = make([]float64, cores[k].Params())
			for j := range values[k] {
				values[k][j] = sigma * rng.NormFloat64()
			}
		}
	}
	return values
}

// Scale multiplies the rows of a block by a factor. It changes values, those of
// Cores, in place: in the cores that hold the first input mode, the slices that
// the block reads. Blocks that have these slices in common change too. It returns
// an error when a core has the wrong number of values.
func (m *Matrix) Scale(values [][]float64, factor float64) error {
	if err := m.check(values); err != nil {
		return err
	}
	first := m.In[0]
	lo := m.from[first]
	hi := lo + first.Size
	for k, c := range m.Cores() {
		shape := c.Shape()
		for axis, l := range c.Legs {
			if l.Kind != Input || l.Name != first.Name {
				continue
			}
			inner := dims.Size(shape[axis+1:])
			for j := range values[k] {
				if a := j / inner % shape[axis]; a >= lo && a < hi {
					values[k][j] *= factor
				}
			}
		}
	}
	return nil
}

// Dense returns W (N, M), row-major, from the values of the cores, in the order
// of Cores. It is what a product is checked against, and takes N·M memory. It
// returns an error when a core has the wrong number of values.
func (m *Matrix) Dense(values [][]float64) ([]float64, error) {
	if err := m.check(values); err != nil {
		return nil, err
	}
	cores, index := m.cores()
	w := make([]float64, m.Rows()*m.Cols())
	for _, net := range m.Terms {
		n := m.number(net)
		parts, legs := make([][]float64, len(net)), slices.Clone(n.Cores)
		for k, c := range net {
			parts[k] = m.part(net, c, cores[index[c.Name]], values[index[c.Name]])
		}
		for _, s := range n.MergeAll() {
			a, b := legs[s.A], legs[s.B]
			open := planner.Open(a, b)
			parts, legs = append(parts, ops.Contract(parts[s.A], parts[s.B], n.axes(a), n.axes(b), n.axes(open))), append(legs, open)
		}
		k := len(parts) - 1 // once more with a number, to have the modes in order
		for j, v := range ops.Contract(parts[k], []float64{1}, n.axes(legs[k]), nil, n.axes(slices.Concat(n.In, n.Out))) {
			w[j] += v
		}
	}
	return w, nil
}

// part returns what a network reads of a core, summed over ranks that no other core has.
func (m *Matrix) part(net Network, c, whole Core, data []float64) []float64 {
	shape := whole.Shape()
	for axis, l := range slices.Backward(c.Legs) {
		outer, n, inner := dims.Around(shape, axis)
		size, dangling := l.Size, net.dangling(l)
		if dangling {
			size = 1
		} else if size == n {
			continue
		}
		part := make([]float64, outer*size*inner)
		for j, v := range data {
			at := 0
			if !dangling {
				at = j/inner%n - m.from[l]
			}
			if 0 <= at && at < size {
				part[(j/(n*inner)*size+at)*inner+j%inner] += v
			}
		}
		shape[axis], data = size, part
	}
	return data
}

// check returns an error when values are not those of the cores.
func (m *Matrix) check(values [][]float64) error {
	cores := m.Cores()
	if len(values) != len(cores) {
		return errors.Errorf("decomp: %s has %d cores, got values for %d", m.Format, len(cores), len(values))
	}
	for k, c := range cores {
		if len(values[k]) != c.Params() {
			return errors.Errorf("decomp: %s core %s has shape %s, got %d values", m.Format, c.Name, dims.Dots(c.Shape()), len(values[k]))
		}
	}
	return nil
}
