package decomp

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

func mustMatrix(t require.TestingT, f Format, in, out []int) *Matrix {
	m, err := f.Matrix(in, out)
	require.NoError(t, err)
	return m
}

// plan is Plan with a limit on what a tensor may meet next, or with other costs.
func (m *Matrix) plan(opt PlanOptions, allowed func(met, set uint) bool, weigh func(cost float64) float64) *Plan {
	s := standard()
	s.allowed, s.weigh = allowed, weigh
	return m.planWith(opt, s)
}

// published are the UCF11 models with the order of their cores that goes mode by
// mode, and what a row then costs by the formulas.
func published(t require.TestingT) []publishedModel {
	in4, out4 := []int{8, 20, 20, 18}, []int{16, 4, 4, 4}
	return []publishedModel{
		{
			// G4, G3, G2, G1.
			mustMatrix(t, TT{Ranks: []int{4}}, in4, out4), []int{3, 2, 1, 0},
			3200*18*16 + 160*4*20*4*16 + 8*16*20*4*16 + 64*8*4*16,
		},
		{
			// U5, U4, B45, root, U3, B123, U2, B12, U1 of U1, U2, B12, U3, B123, U4, U5, B45, root.
			mustMatrix(t, HT{Leaf: []int{4}, Inner: []int{5}}, []int{8, 10, 10, 9, 8}, []int{16, 4, 2, 4, 2}), []int{6, 5, 7, 8, 3, 4, 1, 2, 0},
			7200*8*2*4 + 800*8*9*4*4 + 800*8*4*4*5 + 800*8*5*5 + 80*8*5*10*2*4 + 80*16*5*4*5 + 8*16*5*10*4*4 + 8*64*5*4*4 + 64*8*4*16,
		},
		{
			// P1 to P8, then Q1 to Q5, R0 carried along.
			mustMatrix(t, TR{Ranks: []int{10, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}}, []int{4, 2, 5, 8, 6, 5, 3, 2}, []int{16, 4, 2, 4, 2}),
			[]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
			57600*50 + 14400*50*5 + 7200*50*5 + 1440*50*5 + 180*50*5 + 30*50*5 + 6*50*5 + 2*50*5 +
				10*16*5*5 + 10*16*4*5*5 + 10*64*2*5*5 + 10*128*4*5*5 + 10*512*2*5,
		},
		// A block in no order of its own: the authors' costs more than the dense matrix.
		{mustMatrix(t, BT{Blocks: 1, Ranks: []int{4}}, in4, out4), nil, 0},
	}
}

type publishedModel struct {
	m     *Matrix
	order []int
	cost  int
}

// Multiply-adds of an order that is known, and that the chosen plan is no dearer
// by the model than that or any other mode by mode.
func TestNoWorseThanModeByMode(t *testing.T) {
	for _, rows := range []int{1, 16, 96} {
		for _, c := range published(t) {
			opt := PlanOptions{Rows: rows, Uses: 1}
			best := c.m.Plan(opt)
			single := c.m.plan(opt, func(_, set uint) bool { return bits.OnesCount(set) == 1 }, nil)
			require.LessOrEqual(t, best.Nanoseconds, single.Nanoseconds)
			if c.order == nil {
				continue
			}
			given := c.m.plan(opt, func(met, set uint) bool { return set == 1<<c.order[bits.OnesCount(met)] }, nil)
			perRow, once := given.MulAdds()
			require.Equal(t, c.cost, perRow, c.m.Format)
			require.Zero(t, once)
			first := 0 // of each term: x itself has no gradient
			for _, term := range given.Terms {
				first += term.Steps[0].MulAdds
			}
			require.Positive(t, first)
			require.Equal(t, 2*c.cost-first, given.GradientMulAdds(false), c.m.Format)
			require.Equal(t, 2*c.cost, given.GradientMulAdds(true), c.m.Format)
			require.LessOrEqual(t, best.Nanoseconds, given.Nanoseconds)
		}
	}
}

// Any format of any shape has a plan, no dearer than mode by mode. The two given
// shapes have products so small that merging them looked cheaper than it was.
func TestPlanOfAnyShape(t *testing.T) {
	for _, c := range []struct {
		rank    int
		in, out []int
	}{{4, []int{2, 64, 64}, []int{4, 16, 32}}, {8, []int{2, 16, 64}, []int{16, 16, 32}}} {
		m := mustMatrix(t, TT{Ranks: []int{c.rank}}, c.in, c.out)
		for _, opt := range []PlanOptions{{Rows: 1, Uses: 1}, {Rows: 1, Uses: 1, Inference: true}, {Rows: 8, Uses: 6}, {Rows: 96, Uses: 1}} {
			noWorse(t, m, opt)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		modes := rapid.SliceOfN(rapid.SampledFrom([]int{1, 2, 3, 4, 8, 16, 20, 64}), 1, 4)
		in := modes.Draw(t, "in")
		out := rapid.SliceOfN(rapid.SampledFrom([]int{1, 2, 4, 16, 32}), len(in), len(in)).Draw(t, "out")
		rank := rapid.IntRange(1, 8).Draw(t, "rank")
		f := rapid.SampledFrom([]Format{TT{Ranks: []int{rank}}, TR{Ranks: []int{rank}}, BT{Blocks: 1, Ranks: []int{rank}}, HT{Leaf: []int{rank}, Inner: []int{rank}}}).Draw(t, "format")
		m, err := f.Matrix(in, out)
		if err != nil {
			t.Skip("the ranks do not fit")
		}
		noWorse(t, m, PlanOptions{
			Rows: rapid.SampledFrom([]int{1, 8, 96}).Draw(t, "rows"), Uses: rapid.SampledFrom([]int{1, 6}).Draw(t, "uses"),
			Inference: rapid.Bool().Draw(t, "inference"), InputGradient: rapid.Bool().Draw(t, "gradient of x"),
		})
	})
}

func noWorse(t require.TestingT, m *Matrix, opt PlanOptions) {
	single := m.plan(opt, func(_, set uint) bool { return bits.OnesCount(set) == 1 }, nil)
	require.LessOrEqual(t, m.Plan(opt).Nanoseconds, single.Nanoseconds*(1+1e-9), "%s %+v", m.Format, opt)
}

// What has the rows of the batch stays where it is: no plan of the zoo puts the
// axes of a tensor that is more than twice as large as the result into another
// order.
func TestBatchIsNotTransposed(t *testing.T) {
	for _, rows := range []int{1, 16, 96} {
		for _, c := range published(t) {
			plan := c.m.Plan(PlanOptions{Rows: rows})
			for _, s := range plan.Terms[0].Steps {
				require.False(t, s.Moved && volume(s.Before) > 2*float64(c.m.Cols()), "%s\n%v", c.m.Format, plan)
			}
		}
	}
}

var small = []struct {
	f       Format
	in, out []int
}{
	{TT{Ranks: []int{2}}, []int{2, 3, 2}, []int{2, 1, 2}},
	{TR{Ranks: []int{2}}, []int{2, 3}, []int{2, 2}},
	{TR{Ranks: []int{3, 2, 3}}, []int{3, 3}, []int{3}},
	{BT{Blocks: 1, Ranks: []int{2}}, []int{2, 3}, []int{2, 2}},
	{HT{Leaf: []int{2}, Inner: []int{2}, Root: 2}, []int{2, 3, 2}, []int{1, 2, 2}},
	{HT{Leaf: []int{2}, Inner: []int{2}, Tree: &Tree{Left: &Tree{Left: &Tree{Mode: 1}, Right: &Tree{Mode: 3}}, Right: &Tree{Mode: 2}}}, []int{2, 3, 2}, []int{3, 2, 2}},
	{Dense{}, []int{6}, []int{4}},
}

// The search finds what looking at every way finds.
func TestSearchAgainstBruteForce(t *testing.T) {
	for _, c := range small {
		for _, opt := range []PlanOptions{{Rows: 1, Uses: 1}, {Rows: 96, Uses: 1}, {Rows: 16, Uses: 6}, {Rows: 5000, Uses: 1, Inference: true}} {
			m := mustMatrix(t, c.f, c.in, c.out)
			require.LessOrEqual(t, len(m.Terms[0]), 5)
			p := plannerOf(m, opt)
			want := p.bruteForce(state{0, p.in}, map[state]float64{})
			require.InEpsilon(t, want, m.Plan(opt).Nanoseconds, 1e-12, "%s %+v", m.Format, opt)
		}
	}
}

// plannerOf is the planner of a matrix's first network.
func plannerOf(m *Matrix, opt PlanOptions) *planner {
	p, _ := m.planner(m.Terms[0], opt, standard())
	return p
}

func upTo(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for k := range n {
			if !yield(k) {
				return
			}
		}
	}
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
		p.meet(at, set, math.Inf(1), false, func(met uint, layout []byte, cost float64, _ move) bool {
			made = append(made, arrival{state: state{met, string(layout)}, cost: cost})
			return true
		})
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
		m := mustMatrix(t, HT{Leaf: []int{1}, Inner: []int{1}}, in, out)
		if rapid.Bool().Draw(t, "tt") {
			ranks := rapid.SliceOfN(rapid.IntRange(1, 2), d-1, d-1).Draw(t, "ranks")
			if tt, err := (TT{Ranks: ranks}).Matrix(in, out); err == nil {
				m = tt
			}
		}
		opt := PlanOptions{Rows: rapid.IntRange(1, 4).Draw(t, "rows"), Uses: 1}
		p := plannerOf(m, opt)
		_, least, _ := p.search(math.Inf(1), nil)
		p.states = rapid.IntRange(1, 200).Draw(t, "states")
		way, cost, _ := p.search(least*(1+1e-9), nil)
		require.NotEmpty(t, way)
		require.InEpsilon(t, least, cost, 1e-8)
		p.moves, p.width = rapid.IntRange(1, 2000).Draw(t, "moves"), rapid.IntRange(1, 4).Draw(t, "width")
		way, cost = p.cheapest()
		require.Equal(t, p.out, way[len(way)-1].layout)
		require.Equal(t, p.all(), way[len(way)-1].met)
		require.InEpsilon(t, cost, way[len(way)-1].cost, 1e-9)
		require.GreaterOrEqual(t, cost, least*(1-1e-9))
	})
}

// Any plan gives the same product and the same gradients, those of searches that
// gave up too.
func TestAnyPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(small).Draw(t, "format")
		m := mustMatrix(t, c.f, c.in, c.out)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		rows := rapid.IntRange(1, 3).Draw(t, "rows")
		s := standard()
		s.weigh = func(float64) float64 { return rng.ExpFloat64() }
		s.moves = rapid.SampledFrom([]int{1, 10, 100, maxMoves}).Draw(t, "moves")
		s.width = rapid.IntRange(1, stepWidth).Draw(t, "width")
		s.cores = rapid.SampledFrom([]int{2, exactCores}).Draw(t, "cores")
		plan := m.planWith(PlanOptions{Rows: rows, Uses: 1}, s)
		values := m.Init(rng, 1)
		x := gradcheck.Random(rng, rows, m.Rows())
		inputs := []gradcheck.Input{x}
		for k, core := range m.Cores() {
			inputs = append(inputs, gradcheck.Input{Shape: core.Shape(), Data: values[k]})
		}
		w, err := m.Dense(values)
		require.NoError(t, err)
		want := make([]float64, rows*m.Cols())
		for r := range rows {
			for a, v := range x.Data[r*m.Rows() : (r+1)*m.Rows()] {
				for i := range m.Cols() {
					want[r*m.Cols()+i] += v * w[a*m.Cols()+i]
				}
			}
		}
		build := func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) { return m.Product(in[0], in[1:], plan) }
		y, err := gradcheck.Forward(build, inputs...)
		require.NoError(t, err)
		require.InDeltaSlice(t, want, y, 1e-10, "%v", plan)
		require.NoError(t, gradcheck.Check(rng, build, 20, 1e-6, inputs...), "%v", plan)
	})
}

// More cores than every plan can be looked at for: the product is right, and the
// plan no dearer than the whole matrix.
func TestManyCores(t *testing.T) {
	n := 16
	modes := slices.Repeat([]int{2}, n)
	out := slices.Repeat([]int{1}, n)
	out[3], out[9] = 3, 2
	m := mustMatrix(t, TT{Ranks: []int{2}}, modes, out)
	plan := m.Plan(PlanOptions{Rows: 2})
	require.LessOrEqual(t, len(plan.Terms[0].Factors), exactCores)
	cores := 0
	for _, f := range plan.Terms[0].Factors {
		cores += len(f.Cores)
	}
	require.Equal(t, n, cores)
	whole := m.plan(PlanOptions{Rows: 2, Uses: 1}, func(_, set uint) bool { return set == 1<<exactCores-1 }, nil)
	require.Len(t, whole.Terms[0].Factors, 1)
	require.LessOrEqual(t, plan.Nanoseconds, whole.Nanoseconds)
	rng := rand.New(rand.NewPCG(1, 1))
	values := m.Init(rng, 1)
	x := gradcheck.Random(rng, 2, m.Rows())
	inputs := []gradcheck.Input{x}
	for k, core := range m.Cores() {
		inputs = append(inputs, gradcheck.Input{Shape: core.Shape(), Data: values[k]})
	}
	w, err := m.Dense(values)
	require.NoError(t, err)
	y, err := gradcheck.Forward(func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) { return m.Product(in[0], in[1:], plan) }, inputs...)
	require.NoError(t, err)
	for r := range 2 {
		for i := range m.Cols() {
			sum := 0.0
			for a := range m.Rows() {
				sum += x.Data[r*m.Rows()+a] * w[a*m.Cols()+i]
			}
			require.InDelta(t, sum, y[r*m.Cols()+i], 1e-9)
		}
	}
}
