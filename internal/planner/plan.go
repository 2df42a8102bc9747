// Package planner finds cheap ways to contract a batch of tensors with a network of
// cores: which of these to merge into factors, and in what order the batch meets the
// factors. README.md says how it looks for them.
//
// The package knows axes as numbers: legs, with sizes. A leg that is in x and a core
// is summed over when they meet, and so is one that is in two cores; one that is in
// a core and the result is an output.
package planner

import (
	"math"
	"math/bits"
	"slices"

	"github.com/tensorzoo/tensorzoo/internal/backend"
)

// Network is what is contracted. Legs are numbered from 0, at most 256 of them.
type Network struct {
	Sizes   []int   // of the legs
	In, Out []int   // the legs of x's rows and of the result's, in order
	Cores   [][]int // the legs of each core
}

// Options say what the contraction is for.
type Options struct {
	Rows      int  // of x
	Uses      int  // contractions for each merging of the cores
	Inference bool // no gradients, and the cores are merged long before
	// InputGradient says that x has a gradient too. With several Uses it always has.
	InputGradient bool
}

// Settings are what a search goes by beside its network and options. All limits are
// counts, so that no plan depends on a clock.
type Settings struct {
	Costs  backend.Model
	Cores  int // up to so many, every plan is looked at; beyond, the cores whose product is smallest are taken for one
	States int // found until a plan is good enough that may cost some more than the best
	Moves  int // and sets of cores, looked at until the search gives up, and goes on step by step
	Width  int // of the states that have met equally many cores, those that a search step by step keeps

	Allowed func(met, set uint) bool   // nil, or which sets of cores the tensor may meet next
	Weigh   func(cost float64) float64 // nil, or what changes the cost of a move
}

// Standard returns the settings of a search that has all it wants. A single state of a
// network whose cores have many ranks has millions of moves.
func Standard() Settings {
	return Settings{Costs: backend.Here(), Cores: 13, States: 50_000, Moves: 250_000, Width: 8}
}

// Share returns the settings of one of n searches that together look at no more than
// one would. For a core more, three times as many pairs of sets are compared.
func (s Settings) Share(n int) Settings {
	for k := 1; k < n && s.Cores > 1; k *= 3 {
		s.Cores--
	}
	s.States, s.Moves = max(1, s.States/n), max(1, s.Moves/n)
	return s
}

// Plan is a way to contract x with a network.
type Plan struct {
	Steps []Step
	// Reorder are the legs of the last step's result where the outputs are not in
	// their order and have to be put into it; nil where they are.
	Reorder     []int
	Nanoseconds float64 // estimated for one core: Uses contractions with their gradients, unless for inference, and one merge
}

// Step contracts the tensor that was x with a factor, a product of cores.
type Step struct {
	Cores        []int // in the network
	Merges       []Merge
	Shared, Free []int // the factor's legs: those summed over, in x's order, and those it adds
	// Before are the tensor's legs after the rows, and After those of the result. Moved,
	// if not nil, is the order into which the former have to be put first: the only
	// time that a tensor with the batch's rows is transposed. Legs of size 1 are left
	// out.
	Before, Moved, After []int
	// Chained says that this step and the next are one node. What is between them is never
	// there as a whole.
	Chained bool
}

// Merge contracts operands A and B over all legs they share: operand k is the
// k-th of a step's cores, and the results follow.
type Merge struct{ A, B int }

// Find returns the cheapest plan that the search finds.
func Find(n Network, opt Options, s Settings) Plan {
	p := newPlanner(n, opt, s)
	way, cost := p.cheapest()
	if way == nil {
		panic("planner: no plan")
	}
	plan := p.plan(way)
	plan.Nanoseconds = cost
	return plan
}

// MergeAll lists merges of all cores into one, always of the two whose product adds
// least to their sizes, of those that share a leg if there are any.
func (n Network) MergeAll() []Merge { return n.coarsen(1)[0].merges() }

// plan describes the way that the search found.
func (p *planner) plan(way []*arrival) (plan Plan) {
	legs := func(layout string) []int {
		var list []int
		for _, l := range []byte(layout) {
			list = append(list, p.legs[l])
		}
		return list
	}
	for _, a := range way {
		v := a.via
		if v.cores == 0 {
			plan.Reorder = legs(a.from.layout)
			continue
		}
		before := a.from.layout
		step := func(cores uint, shared, free, after string) *Step {
			t := p.tree(cores)
			plan.Steps = append(plan.Steps, Step{Cores: t.cores, Merges: t.merges(), Shared: legs(shared), Free: legs(free), Before: legs(before), After: legs(after)})
			before = after
			return &plan.Steps[len(plan.Steps)-1]
		}
		if v.first != 0 {
			_, shared := p.cut(before, v.first)
			step(v.first, shared, p.added(0, v.first), v.between).Chained = true
		}
		if s := step(v.cores, v.shared, v.free, a.layout); v.moved {
			s.Moved = legs(v.order)
		}
	}
	return plan
}

// Open returns the legs that a contraction of a and b leaves: those of only one of them, a's first.
func Open(a, b []int) []int {
	only := func(x, y []int) []int {
		return slices.DeleteFunc(slices.Clone(x), func(l int) bool { return slices.Contains(y, l) })
	}
	return slices.Concat(only(a, b), only(b, a))
}

// Volume is the number of elements of a tensor with the given legs.
func (n Network) Volume(legs []int) float64 {
	v := 1.0
	for _, l := range legs {
		v *= float64(n.Sizes[l])
	}
	return v
}

// tree is a core, or the product of two trees.
type tree struct {
	cores []int // below, from left to right
	legs  []int
	a, b  *tree
}

func join(a, b *tree) *tree {
	return &tree{cores: slices.Concat(a.cores, b.cores), legs: Open(a.legs, b.legs), a: a, b: b}
}

// merges lists the merges of a tree in order. Operand k is the k-th of cores.
func (t *tree) merges() []Merge {
	var list []Merge
	var visit func(t *tree, first int) int // returns the operand
	n := len(t.cores)
	visit = func(t *tree, first int) int {
		if t.a == nil {
			return first
		}
		a := visit(t.a, first)
		b := visit(t.b, first+len(t.a.cores))
		list = append(list, Merge{a, b})
		return n + len(list) - 1
	}
	visit(t, 0)
	return list
}

// coarsen merges the pair whose product adds least, of those that share a leg if
// there are any, until so few are left that an exact search is possible. Merging
// shrinks before it grows.
func (n Network) coarsen(most int) []*tree {
	trees := make([]*tree, len(n.Cores))
	for k, legs := range n.Cores {
		trees[k] = &tree{cores: []int{k}, legs: legs}
	}
	for len(trees) > most {
		best, connected := math.Inf(1), false
		var a, b int
		for i, x := range trees {
			for j, y := range trees[:i] {
				joined := slices.ContainsFunc(x.legs, func(l int) bool { return slices.Contains(y.legs, l) })
				if connected && !joined {
					continue
				}
				size := n.Volume(Open(y.legs, x.legs)) - n.Volume(x.legs) - n.Volume(y.legs)
				if size < best || joined && !connected {
					best, connected, a, b = size, joined, j, i
				}
			}
		}
		trees[a] = join(trees[a], trees[b])
		trees = slices.Delete(trees, b, b+1)
	}
	return trees
}

// tree is the cheapest way to merge a set of cores.
func (p *planner) tree(set uint) *tree {
	if p.split[set] != 0 {
		return join(p.tree(p.split[set]), p.tree(set&^p.split[set]))
	}
	if bits.OnesCount(set) != 1 {
		panic("planner: a set without a split")
	}
	return p.trees[bits.TrailingZeros(set)]
}
