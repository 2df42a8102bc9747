package drawing

import (
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// graph is a network with what its ranks join.
type graph struct {
	cores []decomp.Core
	ends  map[string][]int // of a leg, by name: the cores that have it
}

// layout draws the network as what it is.
func layout(net decomp.Network) (*figure, error) {
	g := graph{cores: net, ends: map[string][]int{}}
	joints := 0
	for c, core := range net {
		for _, l := range core.Legs {
			if g.ends[l.Name] = append(g.ends[l.Name], c); len(g.ends[l.Name]) > 1 {
				joints++
			}
		}
	}
	chained, round := true, true // whether each core is as those of a chain, and of a ring
	for c := range net {
		in, out, loose := g.modes(c)
		chained = chained && g.joints(c) <= 2 && in <= 1 && out <= 1 && in+out > 0 && !loose
		round = round && g.joints(c) == 2 && in+out == 1 && !loose
	}
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

// walk goes from core to core, each time through the last rank that leads on, and
// lists the cores that it reaches and the ranks that it passes. It begins at an end,
// or at the first core where there is none, as in a ring.
func (g graph) walk() (order []int, ranks []decomp.Leg) {
	start := 0
	for c := len(g.cores) - 1; c >= 0; c-- {
		if g.joints(c) == 1 {
			start = c
		}
	}
	var visit func(c int)
	visit = func(c int) {
		order = append(order, c)
		for _, l := range slices.Backward(g.cores[c].Legs) {
			if other, ok := g.across(l, c); ok && !slices.Contains(ranks, l) {
				ranks = append(ranks, l)
				if !slices.Contains(order, other) {
					visit(other)
				}
			}
		}
	}
	visit(start)
	return order, ranks
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

// modes counts the modes of core c, and reports whether it has a rank above 1 that joins
// nothing.
func (g graph) modes(c int) (in, out int, loose bool) {
	for _, l := range g.cores[c].Legs {
		switch _, joined := g.across(l, c); {
		case l.Kind == decomp.Input:
			in++
		case l.Kind == decomp.Output:
			out++
		case !joined && l.Size > 1:
			loose = true
		}
	}
	return in, out, loose
}
