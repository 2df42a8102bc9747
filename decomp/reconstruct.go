package decomp

import (
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/ops"
	"github.com/tensorzoo/tensorzoo/internal/planner"
)

// Dense returns W (N, M), row-major, from the values of the cores, in the order
// of Cores. It is what a product is checked against, and takes N·M memory. It
// returns an error when a core has the wrong number of values.
func (m *Matrix) Dense(values [][]float64) ([]float64, error) {
	if err := m.check(values); err != nil {
		return nil, err
	}
	index := m.coreIndex()
	w := make([]float64, m.Rows()*m.Cols())
	for _, net := range m.Terms {
		n := m.number(net)
		parts, legs := make([][]float64, len(net)), slices.Clone(n.Cores)
		for k, c := range net {
			parts[k] = m.part(net, c, index[c.Name], values)
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

// part returns what a network reads of a core, summed over ranks that no other core
// has.
func (m *Matrix) part(net Network, c Core, core int, values [][]float64) []float64 {
	shape, data := m.Cores()[core].Shape(), values[core]
	for axis, l := range slices.Backward(c.Legs) {
		outer, n, inner := dims.Around(shape, axis)
		var part []float64
		switch {
		case net.dangling(l):
			part = make([]float64, outer*inner)
			for j, v := range data {
				part[j/(n*inner)*inner+j%inner] += v
			}
			shape[axis] = 1
		case l.Size < n:
			for o := range outer {
				at := (o*n + m.from[l]) * inner
				part = append(part, data[at:at+l.Size*inner]...)
			}
			shape[axis] = l.Size
		default:
			continue
		}
		data = part
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
