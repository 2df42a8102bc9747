package decomp_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
)

func TestFormatErrors(t *testing.T) {
	two := []int{2, 3}
	leaf := func(k int) *decomp.Tree { return &decomp.Tree{Mode: k} }
	for text, c := range map[string]struct {
		f       decomp.Format
		in, out []int
	}{
		"decomp: TT rank 1 is 7, but input modes 2·3 and output modes 3·2 allow at most 6":                        {decomp.TT{Ranks: []int{7}}, two, []int{3, 2}},
		"decomp: TT pairs input and output modes, but there are 2 (2·3) and 1 (4); add modes of 1":                {decomp.TT{Ranks: []int{1}}, two, []int{4}},
		"decomp: TT has 2 ranks (2·2); want 1":                                                                    {decomp.TT{Ranks: []int{2, 2}}, two, two},
		"decomp: TT ranks 2·2·1 start and end with 1, or leave the ends out":                                      {decomp.TT{Ranks: []int{2, 2, 1}}, two, two},
		"decomp: TT ranks 0: every rank is at least 1":                                                            {decomp.TT{Ranks: []int{0}}, two, two},
		"decomp: TT has no input modes; want at least one":                                                        {decomp.TT{}, nil, nil},
		"decomp: TT input modes 2·0: every mode is at least 1":                                                    {decomp.TT{Ranks: []int{1}}, []int{2, 0}, two},
		"decomp: TR has 2 ranks (2·2); give one for all, or 4":                                                    {decomp.TR{Ranks: []int{2, 2}}, two, two},
		"decomp: TR ranks 5·2·2·2: R0 is 5, but core P1 of mode 2 and R1 = 2 allow at most 4":                     {decomp.TR{Ranks: []int{5, 2, 2, 2}}, two, two},
		"decomp: BT has -1 blocks; want 1 to 21845 of 3 cores each":                                               {decomp.BT{Ranks: []int{2}, Blocks: -1}, two, two},
		"decomp: BT rank 1 is 5, but input modes 2·3 and output modes 2·3 allow at most 4":                        {decomp.BT{Blocks: 1, Ranks: []int{5}}, two, two},
		"decomp: HT leaf rank of modes {1} is 5, but input modes 2·3 and output modes 2·3 allow at most 4":        {decomp.HT{Leaf: []int{5}}, two, two},
		"decomp: HT inner rank of modes {1,2} is 9, but input modes 2·2·2 and output modes 1·1·2 allow at most 4": {decomp.HT{Leaf: []int{2}, Inner: []int{9}}, []int{2, 2, 2}, []int{1, 1, 2}},
		"decomp: HT root rank is -1; want at least 1":                                                             {decomp.HT{Leaf: []int{2}, Root: -1}, two, two},
		"decomp: HT tree has mode 1 twice":                                                                        {decomp.HT{Leaf: []int{2}, Tree: &decomp.Tree{Left: leaf(1), Right: leaf(1)}}, two, two},
		"decomp: HT tree has mode 3; modes are 1 to 2":                                                            {decomp.HT{Leaf: []int{2}, Tree: &decomp.Tree{Left: leaf(1), Right: leaf(3)}}, two, two},
		"decomp: HT tree 1 lacks mode 2 of 2":                                                                     {decomp.HT{Leaf: []int{2}, Tree: leaf(1)}, two, two},
		"decomp: HT tree: a node has either a mode or two children":                                               {decomp.HT{Leaf: []int{2}, Tree: &decomp.Tree{Left: leaf(1)}}, two, two},
		"decomp: Dense input modes 2147483647·2 multiply to more than 2147483647":                                 {decomp.Dense{}, []int{2147483647, 2}, two},
		"decomp: Dense has more than 2^40 elements with core W of shape 2147483647·1024":                          {decomp.Dense{}, []int{2147483647}, []int{1024}},
	} {
		_, err := c.f.Matrix(c.in, c.out)
		require.EqualError(t, err, text)
	}
}

func TestNewMatrixErrors(t *testing.T) {
	a := decomp.Leg{Kind: decomp.Input, Name: "a", Size: 2}
	i := decomp.Leg{Kind: decomp.Output, Name: "i", Size: 3}
	r := decomp.Leg{Kind: decomp.Rank, Name: "r", Size: 2}
	core := func(name string, legs ...decomp.Leg) decomp.Core { return decomp.Core{Name: name, Legs: legs} }
	for text, net := range map[string]decomp.Network{
		"leg r is in too many cores":     {core("A", a, r), core("B", i, r), core("C", r)},
		"leg a is in too many cores":     {core("A", a, i), core("B", a)},
		"mode i of size 3 is in no core": {core("A", a)},
		"core A has shapes 2·2 and 3":    {core("A", a, r), core("A", i)},
		"leg r has sizes":                {core("A", a, r), core("B", i, decomp.Leg{Kind: decomp.Rank, Name: "r", Size: 5})},
	} {
		_, err := decomp.NewMatrix("X", []decomp.Leg{a}, []decomp.Leg{i}, net)
		require.ErrorContains(t, err, text)
	}
	_, err := decomp.NewMatrix("X", nil, nil)
	require.EqualError(t, err, "decomp: X needs an input mode, an output mode and a network")
}

func TestProductErrors(t *testing.T) {
	m, err := decomp.HT{Leaf: []int{4}, Inner: []int{5}}.Matrix([]int{8, 10, 10, 9, 8}, []int{16, 4, 2, 4, 2})
	require.NoError(t, err)
	g := G.NewGraph()
	x := func(name string, shape ...int) *G.Node {
		return G.NewTensor(g, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(name))
	}
	var cores G.Nodes
	for _, c := range m.Cores() {
		cores = append(cores, x(c.Name, c.Shape()...))
	}
	_, err = m.Product(x("wide", 16, 57601), cores, nil)
	require.EqualError(t, err, "decomp: HT input modes 8·10·10·9·8 = 57600, but x has shape (16, 57601); want (rows, 57600) or (batch, steps, n_1, ..., n_d)")
	_, err = m.Product(x("deep", 2, 3, 7), cores, nil)
	require.ErrorContains(t, err, "but x has shape (2, 3, 7); want (rows, 57600) or (batch, steps, n_1, ..., n_d)")
	good := x("x", 16, 57600)
	_, err = m.Product(good, cores[1:], nil)
	require.EqualError(t, err, "decomp: HT has 9 cores, got 8 nodes")
	swapped := append(G.Nodes{cores[1], cores[0]}, cores[2:]...)
	_, err = m.Product(good, swapped, nil)
	require.EqualError(t, err, "decomp: HT core U1 has shape 8·16·4, its node (10, 4, 4)")
	other, err := decomp.HT{Leaf: []int{4}, Inner: []int{5}}.Matrix([]int{8, 10, 10, 9, 8}, []int{16, 4, 2, 4, 2})
	require.NoError(t, err)
	_, err = m.Product(good, cores, other.Plan(decomp.PlanOptions{Rows: 16}))
	require.EqualError(t, err, "decomp: HT: the plan is of another matrix")
	plan := m.Plan(decomp.PlanOptions{Rows: 8})
	_, err = m.Product(good, cores, plan)
	require.EqualError(t, err, "decomp: HT: the plan is for 8 rows, x has 16; PlanOptions.Rows says for how many")
	_, err = plan.Apply(x("x8", 8, 57600), nil)
	require.ErrorContains(t, err, " factors, got 0 nodes")
	_, err = plan.Apply(x("x8b", 8, 57600), append(G.Nodes{good}, make(G.Nodes, len(plan.FactorShapes())-1)...))
	require.ErrorContains(t, err, "decomp: HT factor ")
	_, err = m.Dense(nil)
	require.EqualError(t, err, "decomp: HT has 9 cores, got values for 0")
}

// A count that an int of 32 bits does not hold is the largest that it does, and a
// plan of such sizes has a cost.
func TestHugeCore(t *testing.T) {
	m, err := decomp.Dense{}.Matrix([]int{1 << 20}, []int{1 << 20})
	require.NoError(t, err)
	require.Equal(t, min(1<<40, math.MaxInt), m.Params())
	require.Equal(t, min(1<<40, math.MaxInt), m.Cores()[0].Params())
	plan := m.Plan(decomp.PlanOptions{Rows: 1 << 20})
	require.Greater(t, plan.Nanoseconds, 1e9)
	perRow, _ := plan.MulAdds()
	require.Equal(t, min(1<<40, math.MaxInt), perRow)
}
