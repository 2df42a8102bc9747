package decomp

import (
	"math"
	"slices"
	"strconv"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// modes are those of a matrix for which a format lists cores. It keeps the first error in
// the format's ranks, which matrix returns.
type modes struct {
	format  string
	in, out []int
	a, i    []Leg // a1.. and i1..
	err     error
}

// newModes checks the sizes. Paired modes are those of cores that have an input and an
// output mode each.
func newModes(format string, in, out []int, paired bool) (*modes, error) {
	m := &modes{format: format, in: in, out: out, a: legs(Input, "a", 1, in), i: legs(Output, "i", 1, out)}
	if paired && len(in) != len(out) {
		m.fail("pairs input and output modes, but there are %d (%s) and %d (%s); add modes of 1", len(in), dims.Dots(in), len(out), dims.Dots(out))
	}
	for k, sizes := range [][]int{in, out} {
		switch side := []string{"input", "output"}[k]; {
		case len(sizes) == 0:
			m.fail("has no %s modes; want at least one", side)
		case len(sizes) > maxModes:
			m.fail("has %d %s modes; want at most %d", len(sizes), side, maxModes)
		case slices.Min(sizes) < 1:
			m.fail("%s modes %s: every mode is at least 1", side, dims.Dots(sizes))
		case volume([][]Leg{m.a, m.i}[k]) > math.MaxInt32:
			m.fail("%s modes %s multiply to more than %d", side, dims.Dots(sizes), math.MaxInt32)
		}
	}
	return m, m.err
}

// fail keeps an error if it is the first.
func (m *modes) fail(format string, args ...any) {
	if m.err == nil {
		m.err = errors.Errorf("decomp: "+m.format+" "+format, args...)
	}
}

// ranks returns want ranks: the given ones, or a single one repeated. Where none are
// wanted, the given ones do not matter.
func (m *modes) ranks(what string, ranks []int, want int) []int {
	switch {
	case want < 1:
		return nil
	case slices.ContainsFunc(ranks, func(r int) bool { return r < 1 }):
		m.fail("%s %s: every rank is at least 1", what, dims.Dots(ranks))
	case len(ranks) == want:
		return ranks
	case len(ranks) == 1:
		return slices.Repeat(ranks, want)
	case want == 1:
		m.fail("has %d %s (%s); want 1", len(ranks), what, dims.Dots(ranks))
	default:
		m.fail("has %d %s (%s); give one for all, or %d", len(ranks), what, dims.Dots(ranks), want)
	}
	return slices.Repeat([]int{1}, want)
}

// atMost fails when a rank is larger than is useful: the matrix of the modes inside
// against the rest cannot have a larger rank.
func (m *modes) atMost(what string, rank int, inside func(mode int) bool) {
	one, other := 1.0, 1.0
	for k := range m.in {
		if pair := float64(m.in[k]) * float64(m.out[k]); inside(k) {
			one *= pair
		} else {
			other *= pair
		}
	}
	if most := min(one, other, math.MaxInt32); float64(rank) > most {
		m.fail("%s is %d, but input modes %s and output modes %s allow at most %.0f", what, rank, dims.Dots(m.in), dims.Dots(m.out), most)
	}
}

// matrix is NewMatrix, unless the ranks have an error.
func (m *modes) matrix(terms ...Network) (*Matrix, error) {
	if m.err != nil {
		return nil, m.err
	}
	return NewMatrix(m.format, m.a, m.i, terms...)
}

// legs names modes or ranks prefix1, prefix2, …, or from another number on.
func legs(kind Kind, prefix string, first int, sizes []int) []Leg {
	ls := make([]Leg, len(sizes))
	for k, s := range sizes {
		ls[k] = Leg{Kind: kind, Name: prefix + strconv.Itoa(first+k), Size: s}
	}
	return ls
}
