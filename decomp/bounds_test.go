package decomp

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// bound is how many moves all searches of a planner try at most: four times two
// that give up, and two step by step, whose states lead to at most 2^cores others
// by 4 moves each, a half of that for each core met.
func (p *planner) bound() int {
	return 4*2*(p.moves+1) + 2*2*4*p.width<<min(p.cores, exactCores)
}

func repeat(n, size int) []int { return slices.Repeat([]int{size}, n) }

// Matrices of a hundred bytes whose searches looked at millions of moves.
func TestSearchIsBounded(t *testing.T) {
	gated := append([]int{8}, repeat(11, 2)...)
	for _, m := range []*Matrix{
		mustMatrix(t, BT{Blocks: 1, Ranks: []int{2}}, repeat(12, 2), gated),
		mustMatrix(t, HT{Leaf: []int{4}, Inner: []int{10}, Root: 10}, repeat(12, 3), gated),
		mustMatrix(t, BT{Blocks: 1, Ranks: []int{4}}, repeat(6, 4), append([]int{16}, repeat(5, 4)...)),
	} {
		p := plannerOf(m, PlanOptions{Rows: 96, Uses: 1})
		way, _ := p.cheapest()
		require.NotEmpty(t, way)
		require.LessOrEqual(t, p.tried, p.bound(), m.Format)
		require.LessOrEqual(t, p.bound(), 4_000_000)
	}
}

// Whatever a spec asks for, with fewer moves, so that the test is fast.
func TestSearchOfAnythingIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom([]int{1, 2, 4, 7, 12, 20, 28, 64}).Draw(t, "modes")
		size := rapid.SampledFrom([]int{1, 2, 3, 7, 30, 1000, 20000})
		modes := func(name string) []int {
			sizes, total := repeat(d, 1), 1
			for k := range sizes {
				if n := size.Draw(t, name); total*n <= 1<<28 {
					sizes[k], total = n, total*n
				}
			}
			return sizes
		}
		rank := rapid.SampledFrom([]int{1, 2, 3, 10, 100, 1000}).Draw(t, "rank")
		f := rapid.SampledFrom([]Format{
			TT{Ranks: []int{rank}}, TR{Ranks: []int{rank}}, BT{Blocks: 1, Ranks: []int{rank}},
			HT{Leaf: []int{rank}, Inner: []int{rank}, Root: rank}, HT{Leaf: []int{1}, Inner: []int{1}, Root: rank},
		}).Draw(t, "format")
		m, err := f.Matrix(modes("in"), modes("out"))
		if err != nil {
			t.Skip("the ranks do not fit")
		}
		s := standard()
		s.cores, s.states, s.moves, s.width = 7, 200, 1000, 2
		opt := PlanOptions{Rows: rapid.SampledFrom([]int{1, 96, 1 << 20}).Draw(t, "rows"), Uses: rapid.SampledFrom([]int{1, 85}).Draw(t, "uses"), Inference: rapid.Bool().Draw(t, "inference")}
		p, _ := m.planner(m.Terms[0], opt, s)
		p.cheapest()
		require.LessOrEqual(t, p.tried, p.bound())

		plan := m.planWith(opt, s)
		require.GreaterOrEqual(t, plan.Nanoseconds, 0.0)
		var cores []int
		for _, f := range plan.Terms[0].Factors {
			cores = append(cores, f.Cores...)
		}
		slices.Sort(cores)
		require.Equal(t, slices.Collect(upTo(len(m.Terms[0]))), cores)
		for _, step := range plan.Terms[0].Steps {
			require.Positive(t, step.MulAdds)
			require.Positive(t, step.Elements)
		}
		perRow, once := plan.MulAdds()
		require.Positive(t, perRow)
		require.GreaterOrEqual(t, once, 0)
	})
}

// Fifty blocks take one search, and each keeps the names of its cores.
func TestEqualBlocksArePlannedOnce(t *testing.T) {
	searched := func(blocks int) (plan *Plan, moves int) {
		s := standard()
		s.weigh = func(cost float64) float64 {
			moves++
			return cost
		}
		m := mustMatrix(t, BT{Blocks: blocks, Ranks: []int{2}}, repeat(3, 4), repeat(3, 2))
		return m.planWith(PlanOptions{Rows: 4, Uses: 1}, s), moves
	}
	one, moves := searched(1)
	fifty, all := searched(50)
	require.Positive(t, moves)
	require.Equal(t, moves, all)
	require.Len(t, fifty.Terms, 50)
	require.InEpsilon(t, 50*one.Nanoseconds, fifty.Nanoseconds, 1e-9)
	for b, term := range fifty.Terms {
		require.Equal(t, one.Terms[0].Steps, term.Steps)
		var names []string
		for _, f := range term.Factors {
			names = append(names, strings.Split(f.Name, "·")...)
		}
		require.ElementsMatch(t, names, []string{fmt.Sprintf("C%d", b+1), fmt.Sprintf("A%d.1", b+1), fmt.Sprintf("A%d.2", b+1), fmt.Sprintf("A%d.3", b+1)})
	}
}

// Equal matrices are one; more than four different ones have shorter searches, so
// that all together look at no more than two.
func TestShare(t *testing.T) {
	of := func(rank int) *Matrix {
		return mustMatrix(t, HT{Leaf: []int{1}, Inner: []int{1}, Root: rank}, repeat(12, 2), repeat(12, 2))
	}
	block := func(m *Matrix) *Matrix {
		part, err := m.Restrict(append([]Range{{Hi: 1}}, slices.Repeat([]Range{{Hi: 2}}, 11)...))
		require.NoError(t, err)
		return part
	}
	a := of(1)
	list := []*Matrix{a, of(2), of(1), block(a), block(of(1)), of(2)}
	shared := Share(list)
	for k, want := range []int{0, 1, 0, 3, 3, 1} {
		require.Same(t, list[want], shared[k], k)
	}
	require.Equal(t, standard().moves, a.settings().moves)
	require.Equal(t, exactCores, a.settings().cores)

	for _, n := range []int{6, 33, 500} {
		var many []*Matrix
		for k := range n {
			many = append(many, of(k+1))
		}
		moves, sets := 0, 0
		for _, m := range Share(many) {
			s, pairs := m.settings(), 1
			for range s.cores {
				pairs *= 3
			}
			moves, sets = moves+s.moves, sets+pairs
		}
		require.LessOrEqual(t, moves, 2*maxMoves)
		require.LessOrEqual(t, sets, 2*1594323) // 3^13
		many[n-1].Plan(PlanOptions{Rows: 1})
	}
}
