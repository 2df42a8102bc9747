package decomp

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
	"github.com/tensorzoo/tensorzoo/internal/planner"
)

func mustMatrix(t require.TestingT, f Format, in, out []int) *Matrix {
	m, err := f.Matrix(in, out)
	require.NoError(t, err)
	return m
}

// plan is Plan with a limit on what a tensor may meet next, or with other costs.
func (m *Matrix) plan(opt PlanOptions, allowed func(met, set uint) bool, weigh func(cost float64) float64) *Plan {
	s := planner.Standard()
	s.Allowed, s.Weigh = allowed, weigh
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
			for _, t := range given.terms {
				first += t.network.mulAdds(t.Steps[0])
			}
			require.Positive(t, first)
			without, with := 2*c.cost-first, 2*c.cost
			if given.terms[0].Steps[0].Chained { // the gradient is that of G3·G4, 57,600 x 64, and x's goes back through both
				require.Equal(t, "TT", c.m.Format)
				without = 57600*64 + 2*(163840+32768)
				with = without + 921600 + 819200
			}
			require.Equal(t, without, given.GradientMulAdds(false), c.m.Format)
			require.Equal(t, with, given.GradientMulAdds(true), c.m.Format)
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
			for _, s := range plan.terms[0].Steps {
				require.False(t, s.Moved != nil && plan.terms[0].network.Volume(s.Before) > 2*float64(c.m.Cols()), "%s\n%v", c.m.Format, plan)
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

// Any plan gives the same product and the same gradients, those of searches that
// gave up too.
func TestAnyPlan(t *testing.T) {
	drawn, chained := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(small).Draw(t, "format")
		m := mustMatrix(t, c.f, c.in, c.out)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		rows := rapid.IntRange(1, 3).Draw(t, "rows")
		s := planner.Standard()
		s.Weigh = func(float64) float64 { return rng.ExpFloat64() }
		s.Moves = rapid.SampledFrom([]int{1, 10, 100, planner.Standard().Moves}).Draw(t, "moves")
		s.Width = rapid.IntRange(1, planner.Standard().Width).Draw(t, "width")
		s.Cores = rapid.SampledFrom([]int{2, planner.Standard().Cores}).Draw(t, "cores")
		plan := m.planWith(PlanOptions{Rows: rows, Uses: 1}, s)
		if drawn++; plan.terms[0].Steps[0].Chained {
			chained++
		}
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
	if drawn >= 50 { // fewer on emulated processors
		require.Positive(t, chained)
	}
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
	require.LessOrEqual(t, len(plan.terms[0].Steps), planner.Standard().Cores)
	cores := 0
	for _, f := range plan.terms[0].Steps {
		cores += len(f.Cores)
	}
	require.Equal(t, n, cores)
	whole := m.plan(PlanOptions{Rows: 2, Uses: 1}, func(_, set uint) bool { return set == 1<<planner.Standard().Cores-1 }, nil)
	require.Len(t, whole.terms[0].Steps, 1)
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

func repeat(n, size int) []int { return slices.Repeat([]int{size}, n) }

// Whatever a spec asks for, with fewer moves, so that the test is fast.
func TestPlanOfAnything(t *testing.T) {
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
		s := planner.Standard()
		s.Cores, s.States, s.Moves, s.Width = 7, 200, 1000, 2
		opt := PlanOptions{Rows: rapid.SampledFrom([]int{1, 96, 1 << 20}).Draw(t, "rows"), Uses: rapid.SampledFrom([]int{1, 85}).Draw(t, "uses"), Inference: rapid.Bool().Draw(t, "inference")}
		plan := m.planWith(opt, s)
		require.GreaterOrEqual(t, plan.Nanoseconds, 0.0)
		var cores []int
		n := plan.terms[0].network
		for _, s := range plan.terms[0].Steps {
			cores = append(cores, s.Cores...)
			require.Positive(t, n.mulAdds(s))
			require.Positive(t, n.Volume(s.After))
		}
		slices.Sort(cores)
		require.Len(t, slices.Compact(cores), len(m.Terms[0]))
		perRow, once := plan.MulAdds()
		require.Positive(t, perRow)
		require.GreaterOrEqual(t, once, 0)
	})
}

// Fifty blocks take one search, and each keeps the names of its cores.
func TestEqualBlocksArePlannedOnce(t *testing.T) {
	searched := func(blocks int) (plan *Plan, moves int) {
		s := planner.Standard()
		s.Weigh = func(cost float64) float64 {
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
	require.Len(t, fifty.terms, 50)
	require.InEpsilon(t, 50*one.Nanoseconds, fifty.Nanoseconds, 1e-9)
	for b, term := range fifty.terms {
		require.Equal(t, one.terms[0].Steps, term.Steps)
		var names []string
		for _, f := range term.factors {
			names = append(names, strings.Split(f, "·")...)
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
	require.Equal(t, 1, a.share)

	for _, n := range []int{6, 33, 500} {
		var many []*Matrix
		for k := range n {
			many = append(many, of(k+1))
		}
		moves, sets := 0, 0
		for _, m := range Share(many) {
			s, pairs := planner.Standard().Share(m.share), 1
			for range s.Cores {
				pairs *= 3
			}
			moves, sets = moves+s.Moves, sets+pairs
		}
		require.LessOrEqual(t, moves, 2*planner.Standard().Moves)
		require.LessOrEqual(t, sets, 2*1594323) // 3^13
		many[n-1].Plan(PlanOptions{Rows: 1})
	}
}
