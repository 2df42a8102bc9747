package cells_test

import (
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

func TestNewErrors(t *testing.T) {
	good := cells.Layer{In: []int{2, 3}, Out: []int{2, 2}}
	with := func(change func(*cells.Layer)) cells.Layer {
		l := good
		change(&l)
		return l
	}
	for text, layers := range map[string][]cells.Layer{
		"cells: a stack needs at least one layer":                                             {},
		"cells: layer1 needs input modes and output modes, has [] and [2 2]":                  {with(func(l *cells.Layer) { l.In = nil })},
		"cells: layer1 has dropout NaN; want at least 0 and below 1":                          {with(func(l *cells.Layer) { l.Dropout = math.NaN() })},
		"cells: layer1 has dropout -0.1; want at least 0 and below 1":                         {with(func(l *cells.Layer) { l.Dropout = -.1 })},
		"cells: layer1 has recurrent dropout 1.5; want at least 0 and below 1":                {with(func(l *cells.Layer) { l.RecurrentDropout = 1.5 })},
		"cells: layer1 has dropout 1; want at least 0 and below 1":                            {with(func(l *cells.Layer) { l.Dropout = 1 })},
		"cells: layer1 has recurrent dropout -0.5; want at least 0 and below 1":               {with(func(l *cells.Layer) { l.RecurrentDropout = -.5 })},
		"cells: layer2 has input modes 2·3 = 6, but layer1 gives 4 features":                  {good, good},
		"cells: layer1 has 7 inputs, but input modes 2·3 = 6; want 1 to 6, or 0 for all":      {with(func(l *cells.Layer) { l.Inputs = 7 })},
		"cells: layer1 has -1 inputs, but input modes 2·3 = 6; want 1 to 6, or 0 for all":     {with(func(l *cells.Layer) { l.Inputs = -1 })},
		"cells: layer2 has input modes 2·3 = 6, 1 of them zeros, but layer1 gives 4 features": {good, with(func(l *cells.Layer) { l.Inputs = 5 })},
		"cells: layer1, input-to-hidden (4 gates folded into the first of output modes 2·2 = 4): decomp: TT rank 1 is 99, but input modes 2·3 and output modes 8·2 allow at most 6": {with(func(l *cells.Layer) { l.Input = decomp.TT{Ranks: []int{99}} })},
	} {
		_, err := cells.New(layers...)
		require.EqualError(t, err, text)
	}
	_, err := cells.Find("LSTM")
	require.EqualError(t, err, `cells: no cell "LSTM"; did you mean "lstm"? (known: gru, lstm, mingru, rnn)`)
}

// Forget gates start open, recurrent weights orthogonal gate by gate.
func TestInit(t *testing.T) {
	const hidden = 6
	s, err := cells.New(cells.Layer{Cell: cells.LSTM{}, In: []int{3}, Out: []int{hidden}})
	require.NoError(t, err)
	values := map[string][]float64{}
	for k, v := range s.Init(1) {
		values[s.Params()[k].Name] = v
	}
	bias := values["layer1.bias"]
	for j, b := range bias {
		want := 0.0
		if j/hidden == 1 {
			want = 1
		}
		require.Equal(t, want, b)
	}
	u := values["layer1.recurrent.W"]
	for g := range 4 {
		for p := range hidden {
			for q := range hidden {
				dot := 0.0
				for r := range hidden {
					dot += u[r*4*hidden+g*hidden+p] * u[r*4*hidden+g*hidden+q]
				}
				want := 0.0
				if p == q {
					want = 1
				}
				require.InDelta(t, want, dot, 1e-12)
			}
		}
	}
}

// Dropout acts in training alone, is fixed by its seed, and its gradient is that
// of the first run of a graph with that seed.
func TestDropout(t *testing.T) {
	m := newModel(t, cells.Layer{Cell: cells.GRU{}, In: []int{5}, Out: []int{4}, Dropout: 0.5, RecurrentDropout: 0.5})
	rng := rand.New(rand.NewPCG(3, 3))
	in := m.inputs(rng, 2, 3)
	forward := func(opt cells.Options, in ...gradcheck.Input) []float64 {
		y, err := gradcheck.Forward(m.build(opt), in...)
		require.NoError(t, err)
		return y
	}
	plain := forward(cells.Options{Seed: 1}, in...)
	require.Equal(t, m.referenceAll(in), rounded(plain, m.referenceAll(in)))
	train := cells.Options{Training: true, Seed: 1}
	require.NotEqual(t, plain, forward(train, in...))
	require.Equal(t, forward(train, in...), forward(train, in...))
	require.NotEqual(t, forward(train, in...), forward(cells.Options{Training: true, Seed: 2}, in...))

	grads, err := gradcheck.Gradients(m.build(train), in...)
	require.NoError(t, err)
	sum := func() (s float64) {
		for _, v := range forward(train, in...) {
			s += v
		}
		return s
	}
	const h = 1e-5
	for k := range in {
		for j := 0; j < len(in[k].Data); j += 3 {
			old := in[k].Data[j]
			in[k].Data[j] = old + h
			up := sum()
			in[k].Data[j] = old - h
			down := sum()
			in[k].Data[j] = old
			require.InDelta(t, (up-down)/(2*h), grads[k][j], 1e-7, "input %d entry %d", k, j)
		}
	}
}

func (m *model) referenceAll(in []gradcheck.Input) []float64 {
	lengths := make([]int, in[0].Shape[0])
	for b := range lengths {
		lengths[b] = in[0].Shape[1]
	}
	return m.reference(in, lengths)
}

// rounded returns want where got is within 1e-10 of it.
func rounded(got, want []float64) []float64 {
	out := append([]float64{}, got...)
	for k := range out {
		if d := got[k] - want[k]; d < 1e-10 && d > -1e-10 {
			out[k] = want[k]
		}
	}
	return out
}

// A layer of 36 inputs and 8 units in a graph.
func ExampleStack_Forward() {
	s, err := cells.New(cells.Layer{
		Cell: cells.LSTM{}, In: []int{6, 6}, Out: []int{4, 2}, Input: decomp.TT{Ranks: []int{3}},
	})
	if err != nil {
		log.Fatal(err)
	}
	g := G.NewGraph()
	x := G.NewTensor(g, tensor.Float64, 3, G.WithName("x"), G.WithShape(2, 5, 36), G.WithInit(G.Zeroes()))
	params := map[string]*G.Node{}
	values := s.Init(1)
	for k, p := range s.Params() {
		params[p.Name] = G.NewTensor(g, tensor.Float64, len(p.Shape), G.WithName(p.Name), G.WithShape(p.Shape...),
			G.WithValue(tensor.New(tensor.WithShape(p.Shape...), tensor.WithBacking(values[k]))))
	}
	out, err := s.Forward(x, params, cells.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.Steps.Shape(), out.Last.Shape())
	// Output: (2, 5, 8) (2, 8)
}
