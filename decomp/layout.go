package decomp

import (
	"slices"
)

// order writes the legs of size above 1 as a layout.
func (p *planner) order(legs []Leg) string {
	var s []byte
	for _, l := range legs {
		if l.Size > 1 {
			s = append(s, byte(slices.Index(p.legs, l)))
		}
	}
	return string(s)
}

func (p *planner) layoutSize(layout string) float64 {
	v := 1.0
	for _, l := range []byte(layout) {
		v *= float64(p.legs[l].Size)
	}
	return v
}

// apart moves the shared legs of a layout to its end.
func (p *planner) apart(layout string, shared []int) string {
	var rest, end []byte
	for _, l := range []byte(layout) {
		if slices.Contains(shared, int(l)) {
			end = append(end, l)
		} else {
			rest = append(rest, l)
		}
	}
	return string(append(rest, end...))
}

// orders lists the orders of new axes: outputs keep theirs, ranks may stand
// anywhere. Of more than four ranks only the given order is tried.
func (p *planner) orders(free []int) []string {
	var ranks, outputs []byte
	for _, l := range free {
		if p.legs[l].Kind == Output {
			outputs = append(outputs, byte(l))
		} else {
			ranks = append(ranks, byte(l))
		}
	}
	slices.SortFunc(outputs, func(a, b byte) int { return p.rank[a] - p.rank[b] })
	orders := []string{string(outputs)}
	if len(ranks) > 4 {
		return []string{string(append(ranks, outputs...)), string(append(outputs, ranks...))}
	}
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

func indexByte(order string, of []int) int {
	return slices.IndexFunc([]byte(order), func(l byte) bool { return slices.Contains(of, int(l)) })
}

func indexLast(order string, of []int) int {
	for k := len(order) - 1; k >= 0; k-- {
		if slices.Contains(of, int(order[k])) {
			return k
		}
	}
	return -1
}

func bytesToInts(s string) []int {
	r := make([]int, len(s))
	for k, b := range []byte(s) {
		r[k] = int(b)
	}
	return r
}
