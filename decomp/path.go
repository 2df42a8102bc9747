package decomp

import (
	"math"
	"slices"
)

// Path is an order of contractions. Operand 0 is the input x, operand k the
// k-th core of a network; each step contracts two operands over all legs they
// share and adds its result as the next operand. A path for n cores has n
// steps and uses every operand but the last once.
type Path []Step

// Step contracts operands A and B, A < B.
type Step struct{ A, B int }

// batchLeg stands for the rows of x.
func batchLeg(rows int) Leg { return Leg{Kind: Input, Name: "rows", Size: rows} }

// Paths returns the order of contractions of each term for x of the given
// number of rows. This one function chooses; no format knows an order.
//
// It builds a few greedy paths and keeps the cheapest by cost. A greedy path
// always contracts the pair whose result is smallest after the pair's own size,
// times a weight, is taken off: with weight 0 small cores merge first, with a
// large weight x shrinks first. With moving 1 what has to be moved counts too.
func (m *Matrix) Paths(rows int) []Path {
	paths := make([]Path, len(m.Terms))
	for t, net := range m.Terms {
		operands := m.operands(net, rows)
		best := math.Inf(1)
		for _, moving := range []float64{0, 1} {
			for _, weight := range []float64{0, 0.25, 0.5, 1, 2} {
				p := greedy(operands, weight, moving)
				if c := cost(operands, p); c < best {
					best, paths[t] = c, p
				}
			}
		}
	}
	return paths
}

// MulAdds returns the multiply-adds of the product for one row of x, in the
// order Paths chooses for the given number of rows, and those of merging cores
// with each other, which are spent once for all rows.
func (m *Matrix) MulAdds(rows int) (perRow, once int) { return m.count(m.Paths(rows)) }

func (m *Matrix) count(paths []Path) (perRow, once int) {
	for t, p := range paths {
		walk(m.operands(m.Terms[t], 1), p, func(a, b []Leg) {
			n := int(volume(union(a, b)))
			if slices.Contains(a, batchLeg(1)) || slices.Contains(b, batchLeg(1)) {
				perRow += n
			} else {
				once += n
			}
		})
	}
	return perRow, once
}

// operands returns the legs of x and of the cores of a network, without rank
// legs that end in the core itself: those are summed before the path starts.
func (m *Matrix) operands(net Network, rows int) [][]Leg {
	operands := [][]Leg{append([]Leg{batchLeg(rows)}, m.In...)}
	for _, c := range net {
		operands = append(operands, slices.DeleteFunc(slices.Clone(c.Legs), func(l Leg) bool { return dangling(net, l) }))
	}
	return operands
}

// dangling tells whether a rank leg is in one core only.
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

func greedy(operands [][]Leg, weight, moving float64) Path {
	live := make([]int, len(operands))
	for k := range live {
		live[k] = k
	}
	all := slices.Clone(operands)
	var p Path
	for len(live) > 1 {
		var step Step
		best, connected := math.Inf(1), false
		for x, a := range live {
			for _, b := range live[x+1:] {
				joined := shares(all[a], all[b])
				if connected && !joined {
					continue // outer products only when nothing else is left
				}
				score := volume(open(all[a], all[b])) + moving*moved(all[a], all[b]) - weight*(volume(all[a])+volume(all[b]))
				if score < best || joined && !connected {
					best, step, connected = score, Step{a, b}, joined
				}
			}
		}
		p = append(p, step)
		live = slices.DeleteFunc(live, func(k int) bool { return k == step.A || k == step.B })
		live = append(live, len(all))
		all = append(all, open(all[step.A], all[step.B]))
	}
	return p
}

// What a matrix product costs besides its multiply-adds, in multiply-adds per
// element: reading the larger operand once a row update, and moving it when its
// contracted legs are not its last. Estimates for gonum's Sgemm with 8 to 128
// columns, which BenchmarkProduct was used to choose.
const (
	readCost = 24
	moveCost = 16
)

// cost estimates the time of a path, in multiply-adds.
func cost(operands [][]Leg, p Path) float64 {
	total := 0.0
	walk(operands, p, func(a, b []Leg) {
		total += volume(union(a, b)) + readCost*max(volume(a), volume(b)) + moveCost*moved(a, b)
	})
	return total
}

// walk calls visit with the legs of both operands of each step.
func walk(operands [][]Leg, p Path, visit func(a, b []Leg)) {
	all := slices.Clone(operands)
	for _, s := range p {
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

// moved returns the number of elements that a contraction moves before it is a
// matrix product: those of the larger operand, unless the contracted legs are
// its last.
func moved(a, b []Leg) float64 {
	if volume(b) > volume(a) {
		a, b = b, a
	}
	seen := false
	for _, l := range a {
		shared := slices.Contains(b, l)
		if seen && !shared {
			return volume(a)
		}
		seen = seen || shared
	}
	return 0
}

func volume(legs []Leg) float64 {
	v := 1.0
	for _, l := range legs {
		v *= float64(l.Size)
	}
	return v
}
