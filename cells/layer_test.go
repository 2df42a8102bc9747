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
	"github.com/tensorzoo/tensorzoo/graph"
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
		"cells: layer1 has a memory of 1 steps; want at least 2, or 0 for biases that begin alike":                                                                                  {with(func(l *cells.Layer) { l.Memory = 1 })},
		"cells: layer1 has a memory of 9 steps, but no gate of cell rnn keeps the state; leave it out":                                                                              {with(func(l *cells.Layer) { l.Cell, l.Memory = cells.RNN{}, 9 })},
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

// With a memory the gates that keep the state are open for all lengths up to it, and what they keep
// is what another gate lets in; other biases and all weights are as they are without.
func TestMemoryInit(t *testing.T) {
	const hidden, memory = 100, 1000
	for _, cell := range []cells.Cell{cells.LSTM{}, cells.GRU{}} {
		of := func(memory int) [][]float64 {
			s, err := cells.New(cells.Layer{Cell: cell, In: []int{3}, Out: []int{hidden}, Memory: memory})
			require.NoError(t, err)
			return s.Init(1)
		}
		with, without := of(memory), of(0)
		require.Equal(t, without[:2], with[:2])
		bias := with[2]
		for g, gate := range cell.Gates() {
			mean := 0.0
			for _, b := range bias[g*hidden : (g+1)*hidden] {
				steps := 1 + math.Exp(float64(gate.Keeps)*b)
				if gate.Keeps == 0 {
					require.Equal(t, gate.Bias, b)
					steps = memory / 2
				}
				require.GreaterOrEqual(t, steps, 2.0)
				require.LessOrEqual(t, steps, float64(memory)+1e-9)
				mean += steps / hidden
			}
			require.InDelta(t, memory/2, mean, memory/8)
		}
		if _, ok := cell.(cells.LSTM); ok {
			for k, b := range bias[:hidden] {
				require.Equal(t, -bias[hidden+k], b)
			}
		}
	}
}

// Sequences in two pieces, of which the second starts where the first ended, are whole
// sequences, lengths included.
func TestStart(t *testing.T) {
	layer := cells.Layer{Cell: cells.LSTM{}, In: []int{2}, Out: []int{3}}
	upper := cells.Layer{Cell: cells.LSTM{}, In: []int{3}, Out: []int{2}, Recurrent: decomp.TT{Ranks: nil}}
	s, err := cells.New(layer, upper)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(1, 1))
	const batch, steps, first = 2, 5, 3
	x := make([]float64, batch*steps*2)
	for k := range x {
		x[k] = rng.NormFloat64()
	}
	piece := func(from, to int) []float64 {
		var p []float64
		for b := range batch {
			p = append(p, x[(b*steps+from)*2:(b*steps+to)*2]...)
		}
		return p
	}
	// run returns the last state, and h and c of both layers.
	run := func(x []float64, lengths []float64, start [][]float64) (values [][]float64) {
		g := G.NewGraph()
		input := func(name string, value []float64, shape ...int) *G.Node {
			n, err := graph.Input(g, name, tensor.Float64, shape, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(value)))
			require.NoError(t, err)
			return n
		}
		params := map[string]*G.Node{}
		for k, v := range s.Init(2) {
			params[s.Params()[k].Name] = input(s.Params()[k].Name, v, s.Params()[k].Shape...)
		}
		opt := cells.Options{Lengths: input("lengths", lengths, batch)}
		for k, v := range start {
			n := input(fmt.Sprint("state ", k), v, batch, len(v)/batch)
			if k%2 == 0 {
				opt.Start = append(opt.Start, cells.State{H: n})
			} else {
				opt.Start[k/2].C = n
			}
		}
		out, err := s.Forward(input("x", x, batch, len(x)/batch/2, 2), params, opt)
		require.NoError(t, err)
		nodes := G.Nodes{out.Last, out.End[0].H, out.End[0].C, out.End[1].H, out.End[1].C}
		p, err := graph.Compile(nodes, nil, nil)
		require.NoError(t, err)
		require.NoError(t, p.Run())
		for _, n := range nodes {
			values = append(values, append([]float64{}, p.Value(n).Data().([]float64)...))
		}
		return values
	}
	whole := run(x, []float64{5, 2}, nil)
	half := run(piece(0, first), []float64{3, 2}, nil)
	both := run(piece(first, steps), []float64{2, 0}, half[1:])
	for k := range whole {
		require.InDeltaSlice(t, whole[k], both[k], 1e-12)
		require.InDeltaSlice(t, half[k][len(half[k])/2:], both[k][len(half[k])/2:], 0, "the second sequence has ended")
		require.NotEqual(t, half[k], both[k])
	}

	g := G.NewGraph()
	node := func(name string, shape ...int) *G.Node {
		n, err := graph.Input(g, name, tensor.Float64, shape, nil)
		require.NoError(t, err)
		return n
	}
	params := map[string]*G.Node{}
	for _, p := range s.Params() {
		params[p.Name] = node(p.Name, p.Shape...)
	}
	for want, start := range map[string][]cells.State{
		"cells: 1 states to start with; want one for each of the 2 layers":                        {{}},
		"cells: layer1 starts with an H of no node; want (2, 3)":                                  {{C: node("c", 2, 3)}, {}},
		"cells: layer2 starts with an H of shape (2, 3); want (2, 2)":                             {{H: node("h", 2, 3)}, {H: node("h3", 2, 3)}},
		"cells: layer1: cell lstm has a memory, but starts with a C of no node; want (2, 3)":      {{H: node("h0", 2, 3)}, {H: node("h20", 2, 2)}},
		"cells: layer2: cell lstm has a memory, but starts with a C of shape (3, 2); want (2, 2)": {{H: node("h1", 2, 3), C: node("c1", 2, 3)}, {H: node("h2", 2, 2), C: node("c2", 3, 2)}},
	} {
		_, err := s.Forward(node("x"+want, batch, steps, 2), params, cells.Options{Start: start})
		require.EqualError(t, err, want)
	}
	layer.Bidirectional = true
	both2, err := cells.New(layer)
	require.NoError(t, err)
	for _, p := range both2.Params() {
		if params[p.Name] == nil {
			params[p.Name] = node(p.Name, p.Shape...)
		}
	}
	_, err = both2.Forward(node("y", batch, steps, 2), params, cells.Options{Start: []cells.State{{}}})
	require.EqualError(t, err, "cells: layer1 reads in reverse too, from a sequence's end, and cannot start with a state")
}

// A cell without memory starts with its own Output.End, one operation or step by step.
func TestStartWithoutMemory(t *testing.T) {
	for name, recurrent := range map[string]decomp.Format{"one operation": nil, "step by step": decomp.TT{}} {
		t.Run(name, func(t *testing.T) {
			s, err := cells.New(cells.Layer{Cell: cells.GRU{}, In: []int{2}, Out: []int{3}, Recurrent: recurrent})
			require.NoError(t, err)
			g := G.NewGraph()
			input := func(name string, value []float64, shape ...int) *G.Node {
				n, err := graph.Input(g, name, tensor.Float64, shape, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(value)))
				require.NoError(t, err)
				return n
			}
			params := map[string]*G.Node{}
			for k, v := range s.Init(2) {
				params[s.Params()[k].Name] = input(s.Params()[k].Name, v, s.Params()[k].Shape...)
			}
			forward := func(x *G.Node, start []cells.State) *cells.Output {
				out, err := s.Forward(x, params, cells.Options{Start: start})
				require.NoError(t, err)
				return out
			}
			x := []float64{1, -1, 0.5, 2, -2, 0.25, 3, 1}
			whole := forward(input("whole", x, 1, 4, 2), nil)
			half := forward(input("half", x[:4], 1, 2, 2), nil)
			require.Nil(t, half.End[0].C)
			rest := forward(input("rest", x[4:], 1, 2, 2), half.End)
			p, err := graph.Compile(G.Nodes{whole.Last, half.Last, rest.Last}, nil, nil)
			require.NoError(t, err)
			require.NoError(t, p.Run())
			require.InDeltaSlice(t, p.Value(whole.Last).Data(), p.Value(rest.Last).Data(), 1e-12)
			require.NotEqual(t, p.Value(half.Last).Data(), p.Value(rest.Last).Data())
		})
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
