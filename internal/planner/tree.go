package planner

import (
	"math"
	"math/bits"
	"slices"
)

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
func (p *planner) tree(set uint, trees []*tree) *tree {
	if p.split[set] != 0 {
		return join(p.tree(p.split[set], trees), p.tree(set&^p.split[set], trees))
	}
	if bits.OnesCount(set) != 1 {
		panic("planner: a set without a split")
	}
	return trees[bits.TrailingZeros(set)]
}
