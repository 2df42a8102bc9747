package planner

import (
	"slices"
)

// A layout is axes in order, as indexes of legs: a network that is searched has
// at most maxLegs.

// order writes the legs of size above 1 as a layout.
func (p *planner) order(legs []int) string {
	var s []byte
	for _, l := range legs {
		if p.network.Sizes[l] > 1 {
			s = append(s, byte(slices.Index(p.legs, l)))
		}
	}
	return string(s)
}

// size is the number of elements of a tensor with a layout.
func (p *planner) size(layout string) float64 {
	v := 1.0
	for _, l := range []byte(layout) {
		v *= float64(p.sizeOf(l))
	}
	return v
}

// cut divides a layout into the legs that a set of cores has not, and those that it
// has.
func (p *planner) cut(layout string, set uint) (rest, shared string) {
	var parts [2][]byte
	for _, l := range []byte(layout) {
		k := min(1, p.ends[l]&set)
		parts[k] = append(parts[k], l)
	}
	return string(parts[0]), string(parts[1])
}

// orders lists the orders of new axes: outputs keep theirs, ranks may stand
// anywhere. Of more than four ranks only the given order is tried, before the
// outputs and behind them; few are the same of any number of ranks, and so are
// those of which there would be more than a search looks at.
func (p *planner) orders(free string, few bool) []string {
	var ranks, outputs []byte
	for _, l := range []byte(free) {
		if p.rank[l] >= 0 {
			outputs = append(outputs, l)
		} else {
			ranks = append(ranks, l)
		}
	}
	slices.SortFunc(outputs, func(a, b byte) int { return p.rank[a] - p.rank[b] })
	if len(ranks) == 0 {
		return []string{string(outputs)}
	}
	number := 1
	for k := range min(len(ranks), 5) {
		number *= len(outputs) + 1 + k
	}
	if few || len(ranks) > 4 || number > p.Moves {
		return []string{string(slices.Concat(ranks, outputs)), string(slices.Concat(outputs, ranks))}
	}
	orders := []string{string(outputs)}
	for _, r := range ranks {
		var more []string
		for _, o := range orders {
			for k := range len(o) + 1 {
				more = append(more, o[:k]+string([]byte{r})+o[k:])
			}
		}
		orders = more
	}
	return orders
}
