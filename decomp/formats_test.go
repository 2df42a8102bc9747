package decomp_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

// example is a random matrix in some format, with its formula.
type example struct {
	matrix  *decomp.Matrix
	element element
}

func drawModes(t *rapid.T, d int, label string) []int {
	most := map[int]int{1: 6, 2: 5, 3: 4, 4: 3, 5: 2, 6: 2}[d]
	return rapid.SliceOfN(rapid.IntRange(1, most), d, d).Draw(t, label)
}

func drawRank(t *rapid.T, most int, label string) int {
	return rapid.IntRange(1, min(most, 4)).Draw(t, label)
}

func prod(s []int) int {
	p := 1
	for _, v := range s {
		p *= v
	}
	return p
}

func drawTT(t *rapid.T) example {
	d := rapid.IntRange(1, 6).Draw(t, "d")
	in, out := drawModes(t, d, "in"), drawModes(t, d, "out")
	var ranks []int
	for k := 1; k < d; k++ {
		left, right := prod(in[:k])*prod(out[:k]), prod(in[k:])*prod(out[k:])
		ranks = append(ranks, drawRank(t, min(left, right), "rank"))
	}
	m, err := decomp.TT{Ranks: ranks}.Matrix(in, out)
	require.NoError(t, err)
	return example{m, ttElement}
}

func drawTR(t *rapid.T) example {
	d, e := rapid.IntRange(1, 6).Draw(t, "d"), rapid.IntRange(1, 4).Draw(t, "e")
	in, out := drawModes(t, d, "in"), drawModes(t, e, "out")
	mode := slices.Concat(in, out)
	// A ring of ranks, each at most its neighbours times the mode between.
	ranks := []int{drawRank(t, 4, "R0")}
	for k := 1; k < len(mode); k++ {
		r := drawRank(t, ranks[k-1]*mode[k-1], "rank")
		if need := (ranks[k-1] + mode[k-1] - 1) / mode[k-1]; r < need {
			r = need
		}
		ranks = append(ranks, r)
	}
	last := len(mode) - 1
	if ranks[0] > ranks[last]*mode[last] || ranks[last] > ranks[0]*mode[last] {
		ranks = slices.Repeat([]int{ranks[0]}, len(mode))
	}
	m, err := decomp.TR{Ranks: ranks}.Matrix(in, out)
	require.NoError(t, err)
	return example{m, trElement}
}

func drawBT(t *rapid.T) example {
	d := rapid.IntRange(1, 6).Draw(t, "d")
	in, out := drawModes(t, d, "in"), drawModes(t, d, "out")
	var ranks []int
	for k := range d {
		nm := in[k] * out[k]
		ranks = append(ranks, min(3, drawRank(t, min(nm, prod(in)*prod(out)/nm), "rank")))
	}
	m, err := decomp.BT{Blocks: rapid.IntRange(1, 3).Draw(t, "blocks"), Ranks: ranks}.Matrix(in, out)
	require.NoError(t, err)
	return example{m, btElement}
}

func drawTree(t *rapid.T, modes []int) *decomp.Tree {
	if len(modes) == 1 {
		return &decomp.Tree{Mode: modes[0]}
	}
	cut := rapid.IntRange(1, len(modes)-1).Draw(t, "cut")
	return &decomp.Tree{Left: drawTree(t, modes[:cut]), Right: drawTree(t, modes[cut:])}
}

func drawHT(t *rapid.T) example {
	d := rapid.IntRange(1, 6).Draw(t, "d")
	in, out := drawModes(t, d, "in"), drawModes(t, d, "out")
	order := make([]int, d)
	for k := range order {
		order[k] = k + 1
	}
	tree := drawTree(t, rapid.Permutation(order).Draw(t, "order"))
	f := decomp.HT{Tree: tree, Root: rapid.IntRange(0, 3).Draw(t, "root"), Share: rapid.Bool().Draw(t, "share")}
	total := prod(in) * prod(out)
	for k := range d {
		nm := in[k] * out[k]
		f.Leaf = append(f.Leaf, drawRank(t, min(nm, total/nm), "leaf"))
	}
	// Inner ranks, each node before its children, and where Matrix lists the
	// core of each node: children before parents, shared ones once.
	var inner func(t2 *decomp.Tree, root bool) int
	inner = func(n *decomp.Tree, root bool) int {
		if n.Mode != 0 {
			return in[n.Mode-1] * out[n.Mode-1]
		}
		at := len(f.Inner)
		if !root {
			f.Inner = append(f.Inner, 0)
		}
		nm := inner(n.Left, false) * inner(n.Right, false)
		if !root {
			f.Inner[at] = drawRank(t, min(nm, total/nm), "inner")
		}
		return nm
	}
	inner(tree, true)
	m, err := f.Matrix(in, out)
	require.NoError(t, err)
	use := map[*decomp.Tree]int{}
	var visit func(n *decomp.Tree)
	names := m.Terms[0]
	visit = func(n *decomp.Tree) {
		if n.Mode == 0 {
			visit(n.Left)
			visit(n.Right)
		}
		name := names[len(use)].Name
		use[n] = slices.IndexFunc(m.Cores(), func(c decomp.Core) bool { return c.Name == name })
	}
	visit(tree)
	return example{m, htElement(tree, func(n *decomp.Tree) int { return use[n] })}
}

func drawDense(t *rapid.T) example {
	in := drawModes(t, rapid.IntRange(1, 3).Draw(t, "d"), "in")
	out := drawModes(t, rapid.IntRange(1, 3).Draw(t, "e"), "out")
	m, err := decomp.Dense{}.Matrix(in, out)
	require.NoError(t, err)
	return example{m, func(cores []array, a, i []int) float64 { return cores[0].at(a[0], i[0]) }}
}

var draws = map[string]func(*rapid.T) example{
	"tt": drawTT, "tr": drawTR, "bt": drawBT, "ht": drawHT, "dense": drawDense,
}

func modeSizes(legs []decomp.Leg) []int {
	var s []int
	for _, l := range legs {
		s = append(s, l.Size)
	}
	return s
}

// reference reconstructs W from the formula.
func (e example) reference(values [][]float64) []float64 {
	var cores []array
	for k, c := range e.matrix.Cores() {
		cores = append(cores, array{c.Shape(), values[k]})
	}
	var w []float64
	eachIndex(modeSizes(e.matrix.In), func(a []int) {
		eachIndex(modeSizes(e.matrix.Out), func(i []int) { w = append(w, e.element(cores, a, i)) })
	})
	return w
}

func times(x, w []float64, rows, n, m int) []float64 {
	y := make([]float64, rows*m)
	for r := range rows {
		for k := range n {
			for c := range m {
				y[r*m+c] += x[r*n+k] * w[k*m+c]
			}
		}
	}
	return y
}

func TestEveryFormat(t *testing.T) {
	for name, draw := range draws {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { checkExample(t, draw(t)) })
		})
	}
}

// checkExample compares Dense with the formula, the product with x·W in
// float64 and float32, and all gradients with central differences.
func checkExample(t *rapid.T, e example) {
	m := e.matrix
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	values := m.Init(rng, 1)
	want := e.reference(values)
	w, err := m.Dense(values)
	require.NoError(t, err)
	requireClose(t, want, w, 1e-10)

	rows := rapid.IntRange(1, 3).Draw(t, "rows")
	inputs := []gradcheck.Input{gradcheck.Random(rng, rows, m.Rows())}
	for k, c := range m.Cores() {
		inputs = append(inputs, gradcheck.Input{Shape: c.Shape(), Data: values[k]})
	}
	build := func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) { return m.Product(in[0], in[1:], nil) }
	y, err := gradcheck.Forward(build, inputs...)
	require.NoError(t, err)
	wantY := times(inputs[0].Data, want, rows, m.Rows(), m.Cols())
	requireClose(t, wantY, y, 1e-10)
	require.NoError(t, gradcheck.Check(rng, build, 8, 1e-6, inputs...))
	require.NoError(t, gradcheck.CheckSecond(rng, build, 2, 1e-5, inputs...))

	// What is added up may cancel; float32 is exact relative to its size.
	size := 1e-3
	sums := times(absolute(inputs[0].Data), e.reference(absoluteAll(values)), rows, m.Rows(), m.Cols())
	for _, v := range sums {
		size = max(size, v)
	}
	y32, err := product32(m, inputs)
	require.NoError(t, err)
	require.InDeltaSlice(t, wantY, y32, 1e-5*size)
}

func absolute(x []float64) []float64 {
	a := make([]float64, len(x))
	for k, v := range x {
		a[k] = math.Abs(v)
	}
	return a
}

func absoluteAll(xs [][]float64) [][]float64 {
	a := make([][]float64, len(xs))
	for k, x := range xs {
		a[k] = absolute(x)
	}
	return a
}

// 25 draws a format, 200 with TENSORZOO_LONG=1, unless the caller says otherwise.
func TestMain(m *testing.M) {
	flag.Parse()
	checks := "25"
	if os.Getenv("TENSORZOO_LONG") == "1" {
		checks = "200"
	}
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "rapid.checks" })
	if !chosen {
		if err := flag.Set("rapid.checks", checks); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// requireClose compares relative to the size of the whole.
func requireClose(t require.TestingT, want, got []float64, rtol float64) {
	require.Len(t, got, len(want))
	scale := 1e-3
	for _, v := range want {
		scale = max(scale, v, -v)
	}
	for k := range want {
		require.InDelta(t, want[k], got[k], rtol*scale, fmt.Sprint("element ", k))
	}
}

func product32(m *decomp.Matrix, inputs []gradcheck.Input) ([]float64, error) {
	g := G.NewGraph()
	var nodes G.Nodes
	for k, in := range inputs {
		data := make([]float32, len(in.Data))
		for j, v := range in.Data {
			data[j] = float32(v)
		}
		n, err := graph.Input(g, fmt.Sprint("in", k), tensor.Float32, in.Shape, tensor.New(tensor.WithShape(in.Shape...), tensor.WithBacking(data)))
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	y, err := m.Product(nodes[0], nodes[1:], nil)
	if err != nil {
		return nil, err
	}
	p, err := graph.Compile(G.Nodes{y}, nil, nil)
	if err != nil {
		return nil, err
	}
	if err := p.Run(); err != nil {
		return nil, err
	}
	var out []float64
	for _, v := range p.Value(y).Data().([]float32) {
		out = append(out, float64(v))
	}
	return out, nil
}
