package decomp

import (
	"maps"
	"slices"
)

// Share prepares the matrices of one model for planning. It returns a matrix for each;
// equal ones get the first of them, so that they are planned once. Where there are more
// than four different ones, each search looks at less, and all together look at no more
// than two would.
func Share(matrices []*Matrix) []*Matrix {
	shared := make([]*Matrix, len(matrices))
	var different []*Matrix
	hard := 0
	for k, m := range matrices {
		j := slices.IndexFunc(different, m.equal)
		if j < 0 {
			j = len(different)
			different = append(different, m)
			if slices.ContainsFunc(m.Terms, func(net Network) bool { return len(net) > 4 }) {
				hard++
			}
		}
		shared[k] = different[j]
	}
	for _, m := range different {
		if m.share = 1; hard > 4 {
			m.share = (hard + 1) / 2
		}
	}
	return shared
}

// equal reports whether two matrices are the same in all that plans and products
// depend on.
func (m *Matrix) equal(other *Matrix) bool {
	same := func(a, b Core) bool { return a.Name == b.Name && slices.Equal(a.Legs, b.Legs) }
	return m.Format == other.Format && slices.Equal(m.In, other.In) && slices.Equal(m.Out, other.Out) &&
		slices.EqualFunc(m.Terms, other.Terms, func(a, b Network) bool { return slices.EqualFunc(a, b, same) }) &&
		slices.EqualFunc(m.whole, other.whole, same) && maps.Equal(m.from, other.from)
}
