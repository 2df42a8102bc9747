package decomp

import (
	"math"
	"slices"
)

// dangling reports whether a rank leg is in one core only.
func dangling(net Network, l Leg) bool {
	n := 0
	for _, c := range net {
		for _, other := range c.Legs {
			if other == l {
				n++
			}
		}
	}
	return l.Kind == Rank && n == 1
}

// smallestFirst is an order of merging arrays of the given legs: always the two,
// of those that share a leg if there are any, whose product is smallest.
func smallestFirst(operands [][]Leg) []Merge {
	live := make([]int, len(operands))
	for k := range live {
		live[k] = k
	}
	all := slices.Clone(operands)
	var order []Merge
	for len(live) > 1 {
		var m Merge
		best, connected := math.Inf(1), false
		for x, a := range live {
			for _, b := range live[x+1:] {
				joined := shares(all[a], all[b])
				if connected && !joined {
					continue // outer products only when nothing else is left
				}
				if size := volume(open(all[a], all[b])); size < best || joined && !connected {
					best, m, connected = size, Merge{a, b}, joined
				}
			}
		}
		order = append(order, m)
		live = slices.DeleteFunc(live, func(k int) bool { return k == m.A || k == m.B })
		live = append(live, len(all))
		all = append(all, open(all[m.A], all[m.B]))
	}
	return order
}

// walk calls visit with the legs of both operands of each step.
func walk(operands [][]Leg, order []Merge, visit func(a, b []Leg)) {
	all := slices.Clone(operands)
	for _, s := range order {
		visit(all[s.A], all[s.B])
		all = append(all, open(all[s.A], all[s.B]))
	}
}

// open returns the legs that a contraction of a and b leaves: those of only one
// of them, a's first.
func open(a, b []Leg) []Leg {
	var r []Leg
	for _, l := range a {
		if !slices.Contains(b, l) {
			r = append(r, l)
		}
	}
	for _, l := range b {
		if !slices.Contains(a, l) {
			r = append(r, l)
		}
	}
	return r
}

func union(a, b []Leg) []Leg {
	r := slices.Clone(a)
	for _, l := range b {
		if !slices.Contains(a, l) {
			r = append(r, l)
		}
	}
	return r
}

func shares(a, b []Leg) bool {
	return slices.ContainsFunc(a, func(l Leg) bool { return slices.Contains(b, l) })
}

func volume(legs []Leg) float64 {
	v := 1.0
	for _, l := range legs {
		v *= float64(l.Size)
	}
	return v
}
