package decomp

import (
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// Dense returns W (N, M), row-major, from the values of the cores, in the order
// of Cores. It is what a product is checked against, and takes N·M memory. It
// returns an error when a core has the wrong number of values.
func (m *Matrix) Dense(values [][]float64) ([]float64, error) {
	if err := m.check(values); err != nil {
		return nil, err
	}
	cores, index := m.Cores(), m.coreIndex()
	order := slices.Concat(m.In, m.Out)
	w := make([]float64, m.Rows()*m.Cols())
	for _, net := range m.Terms {
		arrays := make([]array, len(net))
		for k, c := range net {
			at := index[c.Name]
			arrays[k] = m.part(c, cores[at].Shape(), values[at])
			for _, l := range c.Legs {
				if net.dangling(l) {
					arrays[k] = arrays[k].sum(l)
				}
			}
		}
		for _, s := range m.number(net).MergeAll() {
			arrays = append(arrays, contract(arrays[s.A], arrays[s.B]))
		}
		for j, v := range arrays[len(arrays)-1].ordered(order) {
			w[j] += v
		}
	}
	return w, nil
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

// array is a row-major tensor with named axes.
type array struct {
	legs []Leg
	data []float64
}

// ordered returns the data with the axes in another order.
func (x array) ordered(order []Leg) []float64 {
	if slices.Equal(order, x.legs) {
		return x.data
	}
	stride := map[Leg]int{}
	s := 1
	for k := len(x.legs) - 1; k >= 0; k-- {
		stride[x.legs[k]] = s
		s *= x.legs[k].Size
	}
	out := make([]float64, len(x.data))
	index := make([]int, len(order))
	from := 0
	for j := range out {
		out[j] = x.data[from]
		for k := len(order) - 1; k >= 0; k-- {
			index[k]++
			from += stride[order[k]]
			if index[k] < order[k].Size {
				break
			}
			from -= index[k] * stride[order[k]]
			index[k] = 0
		}
	}
	return out
}

// sum adds x up over one leg.
func (x array) sum(l Leg) array {
	rest := slices.DeleteFunc(slices.Clone(x.legs), func(o Leg) bool { return o == l })
	data := x.ordered(append(slices.Clone(rest), l))
	out := make([]float64, len(data)/l.Size)
	for j, v := range data {
		out[j/l.Size] += v
	}
	return array{rest, out}
}

// contract sums the product of a and b over the legs they share.
func contract(a, b array) array {
	var shared []Leg
	for _, l := range a.legs {
		if slices.Contains(b.legs, l) {
			shared = append(shared, l)
		}
	}
	free := func(legs []Leg) []Leg {
		return slices.DeleteFunc(slices.Clone(legs), func(l Leg) bool { return slices.Contains(shared, l) })
	}
	freeA, freeB := free(a.legs), free(b.legs)
	x, y := a.ordered(slices.Concat(freeA, shared)), b.ordered(slices.Concat(shared, freeB))
	rows, inner, cols := dims.Size(sizes(freeA)), dims.Size(sizes(shared)), dims.Size(sizes(freeB))
	out := make([]float64, rows*cols)
	for r := range rows {
		row := out[r*cols : (r+1)*cols]
		for k := range inner {
			v := x[r*inner+k]
			for c, w := range y[k*cols : (k+1)*cols] {
				row[c] += v * w
			}
		}
	}
	return array{slices.Concat(freeA, freeB), out}
}
