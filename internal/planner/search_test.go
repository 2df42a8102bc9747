package planner

import (
	"math"
	"math/bits"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/internal/backend"
)

// builder makes networks leg by leg.
type builder struct{ Network }

func (b *builder) leg(size int) int {
	b.Sizes = append(b.Sizes, size)
	return len(b.Sizes) - 1
}

func (b *builder) modes(in, out []int) {
	for _, n := range in {
		b.In = append(b.In, b.leg(n))
	}
	for _, m := range out {
		b.Out = append(b.Out, b.leg(m))
	}
}

// chain is a tensor train, or a ring with a rank of its ends.
func chain(in, out []int, rank int, ring bool) Network {
	var b builder
	b.modes(in, out)
	before, first := -1, -1
	if ring {
		first = b.leg(rank)
		before = first
	}
	for k := range in {
		core := []int{b.In[k], b.Out[k]}
		if before >= 0 {
			core = append(core, before)
		}
		if before = first; k < len(in)-1 {
			before = b.leg(rank)
		}
		if before >= 0 {
			core = append(core, before)
		}
		b.Cores = append(b.Cores, core)
	}
	return b.Network
}

// star is a Tucker network: a core of all ranks.
func star(in, out []int, rank int) Network {
	var b builder
	b.modes(in, out)
	var middle []int
	for k := range in {
		r := b.leg(rank)
		middle = append(middle, r)
		b.Cores = append(b.Cores, []int{b.In[k], b.Out[k], r})
	}
	b.Cores = append(b.Cores, middle)
	return b.Network
}

// binary is a hierarchical Tucker network, each left child having half the modes.
func binary(in, out []int, rank int) Network {
	var b builder
	b.modes(in, out)
	var below func(lo, hi int) int
	below = func(lo, hi int) int {
		up := b.leg(rank)
		if hi-lo == 1 {
			b.Cores = append(b.Cores, []int{b.In[lo], b.Out[lo], up})
			return up
		}
		mid := (lo + hi + 1) / 2
		b.Cores = append(b.Cores, []int{below(lo, mid), below(mid, hi), up})
		return up
	}
	below(0, len(in))
	root := b.Cores[len(b.Cores)-1] // has no rank above
	b.Cores[len(b.Cores)-1] = root[:len(root)-1]
	return b.Network
}

func plannerOf(n Network, opt Options) *planner {
	s := Standard()
	s.Costs = backend.AVX2()
	return newPlanner(n, opt, s)
}

// The search finds what looking at every way finds.
func TestSearchAgainstBruteForce(t *testing.T) {
	chained := false
	for name, n := range map[string]Network{
		"train":    chain([]int{2, 3, 2}, []int{2, 1, 2}, 2, false),
		"ring":     chain([]int{2, 3}, []int{2, 2}, 2, true),
		"ring 3":   chain([]int{3, 3, 1}, []int{3, 1, 2}, 2, true),
		"Tucker":   star([]int{2, 3}, []int{2, 2}, 2),
		"tree":     binary([]int{2, 3, 2}, []int{1, 2, 2}, 2),
		"one core": chain([]int{6}, []int{4}, 1, false),
		"wide":     chain([]int{8, 20, 20, 18}, []int{4, 4, 4, 4}, 4, false),
	} {
		for _, opt := range []Options{{Rows: 1, Uses: 1}, {Rows: 96, Uses: 1}, {Rows: 16, Uses: 6}, {Rows: 5000, Uses: 1, Inference: true}} {
			require.LessOrEqual(t, len(n.Cores), 5, name)
			p := plannerOf(n, opt)
			want := p.bruteForce(state{0, p.in}, map[state]float64{})
			plan := Find(n, opt, p.Settings)
			require.InEpsilon(t, want, plan.Nanoseconds, 1e-12, "%s %+v", name, opt)
			chained = chained || plan.Steps[0].Chained
		}
	}
	require.True(t, chained, "some plan has two factors in one node")
}

// bruteForce is the least cost from a state to the end, over all ways.
func (p *planner) bruteForce(at state, known map[state]float64) float64 {
	if c, ok := known[at]; ok {
		return c
	}
	all := p.all()
	if at.met == all {
		if at.layout == p.out {
			return 0
		}
		return p.moving(at.layout)
	}
	least := math.Inf(1)
	for set := uint(1); set <= all; set++ {
		if set&at.met != 0 || !p.joined[set] || !p.reads[set] && p.beside[set]&at.met == 0 {
			continue // of the networks here, none falls apart
		}
		merge := p.leastMerge(set)
		var made []arrival // p has one buffer for layouts
		visit := func(met uint, layout []byte, cost float64, _ move) bool {
			made = append(made, arrival{state: state{met, string(layout)}, cost: cost})
			return true
		}
		p.meet(at, set, math.Inf(1), false, visit)
		for next := uint(1); at.met == 0 && next <= all; next++ {
			if next&set == 0 && p.joined[next] && p.beside[next]&set != 0 {
				others := len(made)
				p.chain(set, next, visit)
				for k := range made[others:] { // of both sets, the merges are looked for below
					made[others+k].cost += p.leastMerge(next) - p.merged[next]
				}
			}
		}
		for _, to := range made {
			least = min(least, to.cost-p.merged[set]+merge+p.bruteForce(to.state, known))
		}
	}
	known[at] = least
	return least
}

// leastMerge is the least cost of merging a set of cores, over all trees.
func (p *planner) leastMerge(set uint) float64 {
	if bits.OnesCount(set) == 1 {
		return 0
	}
	least := math.Inf(1)
	for a := uint(1); a < set; a++ {
		if a&^set == 0 {
			least = min(least, p.leastMerge(a)+p.leastMerge(set&^a)+p.pair(a, set&^a, set))
		}
	}
	return least
}

// A search that runs out of states still finds a way within its limit, be that
// the least there is, and one that runs out of moves finds one too.
func TestSearchThatEndsEarly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.IntRange(2, 5).Draw(t, "d")
		in := rapid.SliceOfN(rapid.IntRange(1, 2), d, d).Draw(t, "in")
		out := rapid.SliceOfN(rapid.IntRange(1, 2), d, d).Draw(t, "out")
		n := binary(in, out, 1)
		if rapid.Bool().Draw(t, "train") {
			n = chain(in, out, rapid.IntRange(1, 2).Draw(t, "rank"), false)
		}
		p := plannerOf(n, Options{Rows: rapid.IntRange(1, 4).Draw(t, "rows"), Uses: 1})
		_, least := p.search(math.Inf(1), nil)
		p.States = rapid.IntRange(1, 200).Draw(t, "states")
		way, cost := p.search(least*(1+1e-9), nil)
		require.NotEmpty(t, way)
		require.InEpsilon(t, least, cost, 1e-8)
		p.Moves, p.Width = rapid.IntRange(1, 2000).Draw(t, "moves"), rapid.IntRange(1, 4).Draw(t, "width")
		way, cost = p.cheapest()
		require.Equal(t, p.out, way[len(way)-1].layout)
		require.Equal(t, p.all(), way[len(way)-1].met)
		require.InEpsilon(t, cost, way[len(way)-1].cost, 1e-9)
		require.GreaterOrEqual(t, cost, least*(1-1e-9))
	})
}

// bound is how many moves all searches of a planner try at most: four times two
// that give up, and two step by step, whose states lead to at most 2^cores others
// by 4 moves each, a half of that for each core met.
func (p *planner) bound() int {
	return 4*2*(p.Moves+1) + 2*2*4*p.Width<<p.Cores
}

// Matrices of a hundred bytes whose searches looked at millions of moves.
func TestSearchIsBounded(t *testing.T) {
	gated := append([]int{8}, slices.Repeat([]int{2}, 11)...)
	for name, n := range map[string]Network{
		"Tucker of 12": star(slices.Repeat([]int{2}, 12), gated, 2),
		"tree of 12":   binary(slices.Repeat([]int{3}, 12), gated, 10),
		"Tucker of 6":  star(slices.Repeat([]int{4}, 6), append([]int{16}, slices.Repeat([]int{4}, 5)...), 4),
	} {
		p := plannerOf(n, Options{Rows: 96, Uses: 1})
		way, _ := p.cheapest()
		require.NotEmpty(t, way)
		require.LessOrEqual(t, p.tried, p.bound(), name)
		require.LessOrEqual(t, p.bound(), 4_000_000)
	}
}

// Whatever is asked for, with fewer moves, so that the test is fast.
func TestSearchOfAnythingIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom([]int{1, 2, 4, 7, 12, 20, 28, 64}).Draw(t, "modes")
		size := rapid.SampledFrom([]int{1, 2, 3, 7, 30, 1000, 20000})
		modes := func(name string) []int {
			sizes, total := slices.Repeat([]int{1}, d), 1
			for k := range sizes {
				if n := size.Draw(t, name); total*n <= 1<<28 {
					sizes[k], total = n, total*n
				}
			}
			return sizes
		}
		in, out := modes("in"), modes("out")
		rank := rapid.SampledFrom([]int{1, 2, 3, 10, 100, 1000}).Draw(t, "rank")
		n := map[string]Network{
			"train": chain(in, out, rank, false), "ring": chain(in, out, rank, true), "Tucker": star(in, out, rank), "tree": binary(in, out, rank),
		}[rapid.SampledFrom([]string{"train", "ring", "Tucker", "tree"}).Draw(t, "network")]
		s := Standard()
		s.Cores, s.States, s.Moves, s.Width = 7, 200, 1000, 2
		p := newPlanner(n, Options{Rows: rapid.SampledFrom([]int{1, 96, 1 << 20}).Draw(t, "rows"), Uses: rapid.SampledFrom([]int{1, 85}).Draw(t, "uses"), Inference: rapid.Bool().Draw(t, "inference")}, s)
		way, _ := p.cheapest()
		require.NotEmpty(t, way)
		require.LessOrEqual(t, p.tried, p.bound())
	})
}
