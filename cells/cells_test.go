package cells_test

import (
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

// long says that TENSORZOO_LONG=1 asks for all draws.
var long = os.Getenv("TENSORZOO_LONG") == "1"

// TestMain draws few cases of each property unless the command line chooses.
func TestMain(m *testing.M) {
	flag.Parse()
	chosen := long
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "rapid.checks" })
	if !chosen {
		if err := flag.Set("rapid.checks", "30"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// A stack as a function of x, its parameters and nothing else.
type model struct {
	layers []cells.Layer
	stack  *cells.Stack
	params []cells.Param
}

func newModel(t require.TestingT, layers ...cells.Layer) *model {
	s, err := cells.New(layers...)
	require.NoError(t, err)
	return &model{layers, s, s.Params()}
}

// inputs returns x and the parameters' initial values, biases made random.
func (m *model) inputs(rng *rand.Rand, batch, steps int) []gradcheck.Input {
	in := []gradcheck.Input{gradcheck.Random(rng, batch, steps, m.stack.Inputs())}
	for k, v := range m.stack.Init(rng.Uint64()) {
		if m.params[k].Role == cells.Bias {
			for j := range v {
				v[j] += 0.5 * rng.NormFloat64()
			}
		}
		in = append(in, gradcheck.Input{Shape: m.params[k].Shape, Data: v})
	}
	return in
}

// build puts the stack into a graph; with lengths there is one more input for
// them, which has no gradient.
func (m *model) build(opt cells.Options) gradcheck.Build {
	return func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
		nodes := map[string]*G.Node{}
		for k, p := range m.params {
			nodes[p.Name] = in[k+1]
		}
		out, err := m.stack.Forward(in[0], nodes, opt)
		if err != nil {
			return nil, err
		}
		return out.Last, nil
	}
}

// reference runs each sequence alone over its real steps.
func (m *model) reference(in []gradcheck.Input, lengths []int) []float64 {
	values := map[string][]float64{}
	for k, p := range m.params {
		values[p.Name] = in[k+1].Data
	}
	steps, features := in[0].Shape[1], in[0].Shape[2]
	var want []float64
	for b, n := range lengths {
		var x [][]float64
		for t := range n {
			at := (b*steps + t) * features
			x = append(x, in[0].Data[at:at+features])
		}
		want = append(want, refStack(m.layers, values, x)...)
	}
	return want
}

var formats = []struct {
	f       decomp.Format
	in, out []int
}{
	{nil, []int{6}, []int{4}},
	{decomp.TT{Ranks: []int{2}}, []int{3, 2}, []int{2, 2}},
	{decomp.TR{Ranks: []int{2}}, []int{2, 1, 3}, []int{2, 2}},
	{decomp.BT{Blocks: 2, Ranks: []int{2}}, []int{2, 3}, []int{2, 2}},
	{decomp.HT{Leaf: []int{2}, Inner: []int{2}, Root: 2}, []int{3, 2, 1}, []int{2, 1, 2}},
}

var everyCell = []cells.Cell{cells.LSTM{}, cells.GRU{}, cells.RNN{}, MinGRU{}, coupled{}}

func drawLayer(t *rapid.T, features int) cells.Layer {
	l := cells.Layer{
		Cell:          rapid.SampledFrom(everyCell).Draw(t, "cell"),
		Bidirectional: rapid.Bool().Draw(t, "bidirectional"),
	}
	f := rapid.SampledFrom(formats).Draw(t, "format")
	l.In, l.Out, l.Input = f.in, f.out, f.f
	if rapid.Bool().Draw(t, "padded") {
		l.Inputs = rapid.IntRange(1, l.InputSize()).Draw(t, "inputs")
	}
	if features != 0 { // upper layers take what comes
		l.In, l.Inputs, l.Out, l.Input = []int{features + rapid.IntRange(0, 2).Draw(t, "zeros")}, features, []int{3}, nil
	}
	if l.Cell == (cells.GRU{}) {
		l.CandidateBias = rapid.Bool().Draw(t, "candidate bias")
	}
	if l.Cell == (MinGRU{}) {
		return l
	}
	if rapid.Bool().Draw(t, "joint") {
		l.Joint = true
	} else if rapid.Bool().Draw(t, "recurrent format") && len(l.Out) == 2 {
		l.Recurrent = decomp.TT{Ranks: []int{2}}
	}
	return l
}

// Forward against plain loops over the reconstructed matrices, and every
// gradient, those of x included, against differences.
func TestStackProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		layers := []cells.Layer{drawLayer(t, 0)}
		if rapid.Bool().Draw(t, "two layers") {
			layers = append(layers, drawLayer(t, layers[0].Features()))
		}
		m := newModel(t, layers...)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		batch, steps := rapid.IntRange(1, 3).Draw(t, "batch"), rapid.IntRange(1, 4).Draw(t, "steps")
		in := m.inputs(rng, batch, steps)
		lengths := make([]int, batch)
		for b := range lengths {
			lengths[b] = steps
		}
		got, err := gradcheck.Forward(m.build(cells.Options{}), in...)
		require.NoError(t, err)
		require.InDeltaSlice(t, m.reference(in, lengths), got, 1e-10)
		require.NoError(t, gradcheck.Check(rng, m.build(cells.Options{}), 4, 1e-5, in...))
		m.checkRunner(t, in, lengths)
	})
}

// checkRunner runs the sequences by a Runner: whole, of those lengths, and step by
// step.
func (m *model) checkRunner(t require.TestingT, in []gradcheck.Input, lengths []int) {
	float32s := func(v []float64) (r []float32) {
		for _, x := range v {
			r = append(r, float32(x))
		}
		return r
	}
	near := func(want []float64, got []float32) {
		require.Len(t, got, len(want))
		for k := range want {
			require.InDelta(t, want[k], got[k], 1e-4*max(1, math.Abs(want[k])))
		}
	}
	params := map[string]*tensor.Dense{}
	for k, p := range m.params {
		params[p.Name] = tensor.New(tensor.WithShape(p.Shape...), tensor.WithBacking(float32s(in[k+1].Data)))
	}
	batch, steps, features := in[0].Shape[0], in[0].Shape[1], in[0].Shape[2]
	r, err := m.stack.Runner(params, batch)
	require.NoError(t, err)
	got, err := r.Sequence(float32s(in[0].Data), steps, lengths)
	require.NoError(t, err)
	near(m.reference(in, lengths), got)
	for n := 1; n <= steps; n++ {
		var x []float32
		for b := range batch {
			x = append(x, float32s(in[0].Data[(b*steps+n-1)*features:][:features])...)
		}
		if got, err = r.Step(x); slices.ContainsFunc(m.layers, func(l cells.Layer) bool { return l.Bidirectional }) {
			require.ErrorContains(t, err, "is bidirectional")
			break
		}
		require.NoError(t, err)
		near(m.reference(in, slices.Repeat([]int{n}, batch)), got)
	}
	require.NoError(t, r.Close())
}

// Bug 1 at the papers' size: the gates of 256 hidden units start at columns
// 256, 512 and 768, and all formats go through it in both gated cells.
func TestHidden256OverSixSteps(t *testing.T) {
	shapes := []struct {
		f       decomp.Format
		in, out []int
	}{
		{decomp.TT{Ranks: []int{4}}, []int{2, 3, 2, 2}, []int{4, 4, 4, 4}},
		{decomp.TR{Ranks: []int{3}}, []int{4, 3, 2}, []int{4, 4, 4, 4}},
		{decomp.BT{Blocks: 2, Ranks: []int{3}}, []int{2, 3, 2, 2}, []int{4, 4, 4, 4}},
		{decomp.HT{Leaf: []int{4}, Inner: []int{5}}, []int{2, 3, 2, 1, 2}, []int{4, 4, 2, 4, 2}},
	}
	for _, cell := range []cells.Cell{cells.LSTM{}, cells.GRU{}} {
		for _, s := range shapes {
			t.Run(cell.Name()+"/"+s.f.Name(), func(t *testing.T) {
				m := newModel(t, cells.Layer{Cell: cell, In: s.in, Out: s.out, Input: s.f})
				rng := rand.New(rand.NewPCG(7, 7))
				in := m.inputs(rng, 2, 6)
				got, err := gradcheck.Forward(m.build(cells.Options{}), in...)
				require.NoError(t, err)
				require.InDeltaSlice(t, m.reference(in, []int{6, 6}), got, 1e-10)
				entries := 2 // of each parameter
				if long {
					entries = 6
				}
				require.NoError(t, gradcheck.Check(rng, m.build(cells.Options{}), entries, 1e-5, in...))
			})
		}
	}
}

// Sequences of unequal length: each as if it were alone, whatever stands in the
// padding, and no gradient from there.
func TestPaddingHasNoInfluence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		layers := []cells.Layer{drawLayer(t, 0)}
		if rapid.Bool().Draw(t, "two layers") {
			layers = append(layers, drawLayer(t, layers[0].Features()))
		}
		m := newModel(t, layers...)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		const batch, steps = 3, 4
		in := m.inputs(rng, batch, steps)
		lengths := rapid.SliceOfN(rapid.IntRange(1, steps), batch, batch).Draw(t, "lengths")
		padding := rapid.SampledFrom([]float64{0, 1e30, math.NaN(), math.Inf(-1)}).Draw(t, "padding")
		for b, n := range lengths {
			for j := (b*steps + n) * m.stack.Inputs(); j < (b+1)*steps*m.stack.Inputs(); j++ {
				in[0].Data[j] = padding
			}
		}
		got, err := gradcheck.Forward(withLengths(m, lengths), in...)
		require.NoError(t, err)
		require.InDeltaSlice(t, m.reference(in, lengths), got, 1e-10)

		if padding == 0 {
			m.checkRunner(t, in, lengths)
		}

		// Gradients with padding are those of differences, zero in the padding.
		if padding == 0 {
			require.NoError(t, gradcheck.Check(rng, withLengths(m, lengths), 4, 1e-5, in...))
		}
		grads, err := gradcheck.Gradients(withLengths(m, lengths), in...)
		require.NoError(t, err)
		for k, g := range grads {
			for j, v := range g {
				require.False(t, math.IsNaN(v) || math.IsInf(v, 0), "input %d entry %d: %v", k, j, v)
			}
		}
		for b, n := range lengths {
			for j := (b*steps + n) * m.stack.Inputs(); j < (b+1)*steps*m.stack.Inputs(); j++ {
				require.Zero(t, grads[0][j])
			}
		}
	})
}

// withLengths adds the lengths to the graph as an input without a gradient.
func withLengths(m *model, lengths []int) gradcheck.Build {
	return func(g *G.ExprGraph, in G.Nodes) (*G.Node, error) {
		data := make([]float64, len(lengths))
		for b, n := range lengths {
			data[b] = float64(n)
		}
		node, err := gradcheck.Constant(g, "lengths", []int{len(lengths)}, data)
		if err != nil {
			return nil, err
		}
		return m.build(cells.Options{Lengths: node})(g, in)
	}
}
