package decomp

import (
	"math"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// expand returns want ranks: the given ones, or a single one repeated. Where none are
// wanted, the given ones do not matter.
func expand(format, what string, ranks []int, want int) ([]int, error) {
	switch {
	case want < 1:
		return nil, nil
	case slices.ContainsFunc(ranks, func(r int) bool { return r < 1 }):
		return nil, errors.Errorf("decomp: %s %s %s: every rank is at least 1", format, what, dims.Dots(ranks))
	case len(ranks) == want:
		return ranks, nil
	case len(ranks) == 1:
		return slices.Repeat(ranks, want), nil
	case want == 1:
		return nil, errors.Errorf("decomp: %s has %d %s (%s); want 1", format, len(ranks), what, dims.Dots(ranks))
	}
	return nil, errors.Errorf("decomp: %s has %d %s (%s); give one for all, or %d", format, len(ranks), what, dims.Dots(ranks), want)
}

// atMost returns an error when a rank is larger than is useful: the matrix of
// the modes inside against the rest cannot have a larger rank.
func atMost(format, what string, rank int, in, out []int, inside func(mode int) bool) error {
	one, other := 1, 1
	for k := range in {
		if inside(k) {
			one = capped(one, in[k]*out[k])
		} else {
			other = capped(other, in[k]*out[k])
		}
	}
	if most := min(one, other); rank > most {
		return errors.Errorf("decomp: %s %s is %d, but input modes %s and output modes %s allow at most %d",
			format, what, rank, dims.Dots(in), dims.Dots(out), most)
	}
	return nil
}

// capped multiplies without overflow; no rank is compared with more.
func capped(a, b int) int {
	if a > math.MaxInt32/b {
		return math.MaxInt32
	}
	return a * b
}
