package drawing

import (
	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// graph is a network with what its ranks join.
type graph struct {
	cores []decomp.Core
	ends  map[string][]int // of a leg, by name: the cores that have it
}

func newGraph(net decomp.Network) graph {
	g := graph{cores: net, ends: map[string][]int{}}
	for c, core := range net {
		for _, l := range core.Legs {
			g.ends[l.Name] = append(g.ends[l.Name], c)
		}
	}
	return g
}

// across returns the core at the other end of a leg of core c, if there is one.
func (g graph) across(l decomp.Leg, c int) (int, bool) {
	ends := g.ends[l.Name]
	switch {
	case len(ends) < 2:
		return 0, false
	case ends[0] == c:
		return ends[1], true
	}
	return ends[0], true
}

// layout draws the network as what it is.
func layout(net decomp.Network) (*figure, error) {
	g := newGraph(net)
	joints := 0
	for _, ends := range g.ends {
		joints += len(ends) - 1
	}
	switch order, ranks := g.walk(); {
	case len(order) == len(net) && len(ranks) == joints && joints == len(net)-1 && g.each(atMostOneModeOfEachKind):
		return chain(g, order, ranks), nil
	case len(order) == len(net) && len(order) > 1 && len(ranks) == joints && joints == len(net) && g.joinsTwo() && g.each(oneMode):
		return ring(g, order, ranks), nil
	case joints == len(net)-1 && g.reached() == len(net):
		return tree(g), nil
	}
	return nil, errors.Errorf("a network of %d cores and %d ranks between them is neither a chain nor a ring nor a tree", len(net), joints)
}

// walk goes from core to core, each time through the last rank that leads on,
// and lists both. It begins at an end of a chain, or else at the first core, and
// stops at the other end or where it began.
func (g graph) walk() (order []int, ranks []decomp.Leg) {
	start := 0
	for c := len(g.cores) - 1; c >= 0; c-- {
		if g.joints(c) == 1 {
			start = c
		}
	}
	seen := make([]bool, len(g.cores))
	for c, came := start, ""; ; {
		order = append(order, c)
		seen[c] = true
		next := -1
		var rank decomp.Leg
		for _, l := range g.cores[c].Legs {
			if other, ok := g.across(l, c); ok && l.Name != came {
				next, rank = other, l
			}
		}
		if next >= 0 {
			ranks = append(ranks, rank)
		}
		if next < 0 || seen[next] {
			return order, ranks
		}
		c, came = next, rank.Name
	}
}

// joints is the number of ranks that join core c to others.
func (g graph) joints(c int) int {
	n := 0
	for _, l := range g.cores[c].Legs {
		if _, ok := g.across(l, c); ok {
			n++
		}
	}
	return n
}

// joinsTwo reports whether every core is joined by two ranks.
func (g graph) joinsTwo() bool {
	for c := range g.cores {
		if g.joints(c) != 2 {
			return false
		}
	}
	return true
}

// reached is the number of cores that are connected with the first.
func (g graph) reached() int {
	seen := map[int]bool{}
	var visit func(c int)
	visit = func(c int) {
		if seen[c] {
			return
		}
		seen[c] = true
		for _, l := range g.cores[c].Legs {
			if other, ok := g.across(l, c); ok {
				visit(other)
			}
		}
	}
	visit(0)
	return len(seen)
}

// each reports whether all cores have legs of which ok is true, by the numbers
// of input modes, of output modes, and of ranks above 1 that join nothing.
func (g graph) each(ok func(in, out, loose int) bool) bool {
	for c, core := range g.cores {
		in, out, loose := 0, 0, 0
		for _, l := range core.Legs {
			switch _, joined := g.across(l, c); {
			case l.Kind == decomp.Input:
				in++
			case l.Kind == decomp.Output:
				out++
			case !joined && l.Size > 1:
				loose++
			}
		}
		if !ok(in, out, loose) {
			return false
		}
	}
	return true
}

func atMostOneModeOfEachKind(in, out, loose int) bool {
	return in <= 1 && out <= 1 && in+out > 0 && loose == 0
}

func oneMode(in, out, loose int) bool { return in+out == 1 && loose == 0 }
