package drawing

import (
	"slices"
	"strconv"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// core is one of a network, with what its legs join.
type core struct {
	decomp.Core
	across          []int        // of each leg, the core at its other end, or -1
	in, out, joints int          // how many legs are modes, and join it to others
	loose           []decomp.Leg // the ranks that join nothing
	width, rank     float64      // of the core, and of the sizes of its ranks at most
}

// graph is a network, with the most that a core and the size of a leg of each kind take.
type graph struct {
	cores []core
	width float64
	label [decomp.Rank + 1]float64
}

func newGraph(net decomp.Network) graph {
	g := graph{cores: make([]core, len(net))}
	first := map[string][2]int{} // a leg's core and its place there
	for c, from := range net {
		g.cores[c] = core{Core: from, across: slices.Repeat([]int{-1}, len(from.Legs)), width: max(2*radius, nameStyle.room(from.Name)+space)}
		for k, l := range from.Legs {
			if at, ok := first[l.Name]; ok {
				g.cores[c].across[k], g.cores[at[0]].across[at[1]] = at[0], c
			}
			first[l.Name] = [2]int{c, k}
		}
	}
	for k := range g.cores {
		c := &g.cores[k]
		for k, l := range c.Legs {
			room := kindStyle(l.Kind).room(strconv.Itoa(l.Size))
			g.width, g.label[l.Kind] = max(g.width, c.width), max(g.label[l.Kind], room)
			switch {
			case l.Kind == decomp.Input:
				c.in++
			case l.Kind == decomp.Output:
				c.out++
			case c.across[k] < 0:
				c.loose = append(c.loose, l)
			default:
				c.joints++
			}
			if l.Kind == decomp.Rank {
				c.rank = max(c.rank, room)
			}
		}
	}
	return g
}

// layout draws the network as what it is.
func layout(net decomp.Network) (*figure, error) {
	g := newGraph(net)
	joints := 0
	chained, round := true, true // whether each core is as those of a chain, and of a ring
	for _, c := range g.cores {
		joints += c.joints
		plain := !slices.ContainsFunc(c.loose, func(l decomp.Leg) bool { return l.Size > 1 })
		chained = chained && c.joints <= 2 && c.in <= 1 && c.out <= 1 && c.in+c.out > 0 && plain
		round = round && c.joints == 2 && c.in+c.out == 1 && plain
	}
	joints /= 2 // each has two ends
	switch order, ranks := g.walk(); {
	case len(order) < len(net): // in parts
	case joints == len(net)-1 && chained:
		return chain(g, order, ranks), nil
	case joints == len(net)-1:
		return tree(g), nil
	case joints == len(net) && joints > 1 && round:
		return ring(g, order, ranks), nil
	}
	return nil, errors.Errorf("a network of %d cores and %d ranks between them is neither a chain nor a ring nor a tree", len(net), joints)
}

// walk goes from core to core, each time through the last rank that leads on, and
// lists the cores that it reaches and the ranks that it passes. It begins at an end,
// or at the first core where there is none, as in a ring.
func (g graph) walk() (order []int, ranks []decomp.Leg) {
	var visit func(c int)
	visit = func(c int) {
		order = append(order, c)
		for k, l := range slices.Backward(g.cores[c].Legs) {
			if other := g.cores[c].across[k]; other >= 0 && !slices.Contains(ranks, l) {
				ranks = append(ranks, l)
				if !slices.Contains(order, other) {
					visit(other)
				}
			}
		}
	}
	visit(max(0, slices.IndexFunc(g.cores, func(c core) bool { return c.joints == 1 })))
	return order, ranks
}
