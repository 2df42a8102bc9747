package zoo

import (
	"cmp"
	"math"
	"slices"
)

// unbalanced is the largest excess of the sum of a size's modes over that of
// equal ones, as a fraction of the latter.
const unbalanced = 0.25

// factorise returns d balanced modes, in rising order, of n or of the next size
// that has any.
func factorise(n, d int) []int {
	for ; ; n++ { // to the next power of 2 at most
		equal := float64(d) * root(n, d)
		if modes := balanced(n, d, 1, equal*(1+unbalanced)); modes != nil {
			return modes
		}
	}
}

// balanced returns the d factors of n, in rising order from least on, that have
// the smallest sum, or nil when none is at most the given one.
func balanced(n, d, least int, most float64) (modes []int) {
	if float64(d)*root(n, d) > most+1e-6 {
		return nil // equal factors have the smallest sum there could be
	}
	if d == 1 {
		return []int{n}
	}
	for first := least; first <= int(root(n, d)+1e-6); first++ {
		if n%first != 0 {
			continue
		}
		if rest := balanced(n/first, d-1, first, most-float64(first)); rest != nil {
			modes = append([]int{first}, rest...)
			most = -1 // the next ones have to be better
			for _, m := range modes {
				most += float64(m)
			}
		}
	}
	return modes
}

// paired puts input and output modes, both in rising order, into the order in
// which a format has few weights. The gates, which multiply the first output
// mode, go to the smallest one. Cores count products of an input and an output
// mode, whose sum is least when the largest of one side meets the smallest of
// the other. A train counts those at its two ends once for a rank and the others
// for a square of it, so that a large product stands at the end.
func paired(in, out []int, gates int) (inModes, outModes []int) {
	type pair struct{ in, out, folded int }
	pairs := make([]pair, len(out))
	for k, m := range out {
		pairs[k] = pair{out: m, folded: m}
	}
	pairs[0].folded *= gates
	gated := pairs[0]
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.folded, a.folded) })
	at := slices.Index(pairs, gated)
	for k := range pairs {
		pairs[k].in = in[k]
	}
	pairs[0], pairs[at] = pairs[at], pairs[0]
	slices.SortStableFunc(pairs[1:], func(a, b pair) int { return cmp.Compare(a.in*a.folded, b.in*b.folded) })
	for _, p := range pairs {
		inModes, outModes = append(inModes, p.in), append(outModes, p.out)
	}
	return inModes, outModes
}

func root(n, d int) float64 { return math.Pow(float64(n), 1/float64(d)) }
