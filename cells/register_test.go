package cells_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

// coupled is the LSTM whose input gate is 1-f (Greff et al. 2015): a cell from
// outside with U and a memory.
type coupled struct{}

func (coupled) Name() string { return "coupled" }

func (coupled) Gates() []cells.Gate {
	return []cells.Gate{{Name: "forget gate", High: 1, Bias: 1}, {Name: cells.Candidate, Low: -1, High: 1}, {Name: "output gate", High: 1}}
}

func (coupled) Step(a, u *G.Node, s cells.State) (cells.State, G.Nodes, error) {
	var e graph.Equations
	x := e.Split(e.Add(a, u), 3)
	f, g, o := e.Sigmoid(x[0]), e.Tanh(x[1]), e.Sigmoid(x[2])
	c := e.Add(g, e.Mul(f, e.Sub(s.C, g)))
	h := e.Mul(o, e.Tanh(c))
	return cells.State{H: h, C: c}, G.Nodes{f, g, o}, e.Err()
}

// odd has whatever name, gates and step a test wants.
type odd struct {
	name  string
	gates []cells.Gate
	step  func(a, u *G.Node, s cells.State) (cells.State, G.Nodes, error)
}

func (o odd) Name() string        { return o.name }
func (o odd) Gates() []cells.Gate { return o.gates }
func (o odd) Step(a, u *G.Node, s cells.State) (cells.State, G.Nodes, error) {
	return o.step(a, u, s)
}

func TestRegister(t *testing.T) {
	require.Equal(t, []string{"gru", "lstm", "mingru", "rnn"}, cells.Names())
	c, err := cells.Find("mingru")
	require.NoError(t, err)
	require.Equal(t, MinGRU{}, c)

	one := []cells.Gate{{Name: "a"}}
	for text, c := range map[string]cells.Cell{
		"cells: Register is called twice for cell mingru":                             MinGRU{},
		`cells: a cell is called ""; want lower-case letters, digits and hyphens`:     odd{"", one, nil},
		`cells: a cell is called "LSTM"; want lower-case letters, digits and hyphens`: odd{"LSTM", one, nil},
		"cells: cell x has no gates; want at least one":                               odd{"x", nil, nil},
		`cells: cell x has a gate "a"; want gates with names of their own`:            odd{"x", []cells.Gate{{Name: "a"}, {Name: "a"}}, nil},
		`cells: cell x has a gate "state"; want gates with names of their own`:        odd{"x", []cells.Gate{{Name: cells.Hidden}}, nil},
	} {
		require.PanicsWithError(t, text, func() { cells.Register(c) })
	}
	require.Equal(t, []string{"gru", "lstm", "mingru", "rnn"}, cells.Names())
	_, err = cells.New(cells.Layer{Cell: odd{"X", one, nil}, In: []int{2}, Out: []int{2}})
	require.EqualError(t, err, `cells: layer1: a cell is called "X"; want lower-case letters, digits and hyphens`)
}

// What a cell returns is checked: a mistake is an error that names it.
func TestStepErrors(t *testing.T) {
	gates := []cells.Gate{{Name: "a"}, {Name: "b"}}
	for text, step := range map[string]func(a, u *G.Node, s cells.State) (cells.State, G.Nodes, error){
		"cells: layer1: cell x has 2 gates, but its Step returns 1": func(a, u *G.Node, s cells.State) (cells.State, G.Nodes, error) {
			return s, G.Nodes{s.H}, nil
		},
		"cells: layer1: cell x returns a state or gate that is not (batch, hidden) = (1, 3)": func(a, u *G.Node, s cells.State) (cells.State, G.Nodes, error) {
			return cells.State{H: a}, G.Nodes{s.H, s.H}, nil
		},
		"cells: layer1: cell x returns a state or gate that is not (batch, hidden) = (1, 3) ": func(a, u *G.Node, s cells.State) (cells.State, G.Nodes, error) {
			return cells.State{}, G.Nodes{s.H, s.H}, nil
		},
	} {
		m := newModel(t, cells.Layer{Cell: odd{"x", gates, step}, In: []int{2}, Out: []int{3}})
		in := []gradcheck.Input{{Shape: []int{1, 1, 2}, Data: make([]float64, 2)}}
		for k, v := range m.stack.Init(1) {
			in = append(in, gradcheck.Input{Shape: m.params[k].Shape, Data: v})
		}
		_, err := gradcheck.Forward(m.build(cells.Options{}), in...)
		require.ErrorContains(t, err, strings.TrimSpace(text))
		params := map[string]*tensor.Dense{}
		for _, p := range m.params {
			params[p.Name] = tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(p.Shape...))
		}
		_, err = m.stack.Runner(params, 1)
		require.ErrorContains(t, err, "cells: layer1: cell x")
	}
}

// A cell without U has no such parameter, counts none, and takes nothing that
// speaks of it.
func TestInputGated(t *testing.T) {
	l := cells.Layer{Cell: MinGRU{}, In: []int{2, 3}, Out: []int{2, 2}, Bidirectional: true}
	s, err := cells.New(l, l)
	require.ErrorContains(t, err, "layer2 has input modes")
	require.Nil(t, s)
	s, err = cells.New(l)
	require.NoError(t, err)
	require.Equal(t, []cells.Param{
		{Name: "layer1.input.W", Shape: []int{6, 8}, Role: cells.InputToHidden}, {Name: "layer1.bias", Shape: []int{1, 8}, Role: cells.Bias},
		{Name: "layer1.backward.input.W", Shape: []int{6, 8}, Role: cells.InputToHidden}, {Name: "layer1.backward.bias", Shape: []int{1, 8}, Role: cells.Bias},
	}, s.Params())
	_, recurrent := s.Products(0)
	require.Nil(t, recurrent)
	require.Len(t, s.Weights(), 1)
	require.Equal(t, 2*6*8, s.MulAdds(3, 4))

	l.Joint = true
	_, err = cells.New(l)
	require.EqualError(t, err, "cells: layer1 is joint or has a recurrent format, but the gates of cell mingru do not read the state: there are no such weights")
}

// The bias inside the reset gate, by the equations of torch.nn.GRU: its b_hn.
func TestCandidateBias(t *testing.T) {
	const hidden = 3
	m := newModel(t, cells.Layer{Cell: cells.GRU{}, In: []int{1}, Out: []int{hidden}, CandidateBias: true})
	require.Equal(t, cells.Param{Name: "layer1.candidate_bias", Shape: []int{1, hidden}, Role: cells.Bias}, m.params[3])
	w := []float64{.1, -.2, .3, .4, .5, -.6, .7, .8, .9}
	u := make([]float64, hidden*3*hidden)
	for k := range u {
		u[k] = math.Sin(float64(k))
	}
	b, bhn := []float64{.1, .2, .3, -.1, -.2, -.3, .4, .5, .6}, []float64{1, -2, .5}
	x := []float64{.5, -1.5}
	h := make([]float64, hidden)
	for _, v := range x {
		next := make([]float64, hidden)
		for j := range hidden {
			hh := func(gate int) (sum float64) { // W_h* h
				for k := range hidden {
					sum += h[k] * u[k*3*hidden+gate*hidden+j]
				}
				return sum
			}
			z := sigmoid(w[j]*v + b[j] + hh(0))
			r := sigmoid(w[hidden+j]*v + b[hidden+j] + hh(1))
			n := math.Tanh(w[2*hidden+j]*v + b[2*hidden+j] + r*(hh(2)+bhn[j]))
			next[j] = (1-z)*n + z*h[j]
		}
		h = next
	}
	in := []gradcheck.Input{{Shape: []int{1, 2, 1}, Data: x}, {Shape: []int{1, 9}, Data: w}, {Shape: []int{3, 9}, Data: u}, {Shape: []int{1, 9}, Data: b}, {Shape: []int{1, 3}, Data: bhn}}
	got, err := gradcheck.Forward(m.build(cells.Options{}), in...)
	require.NoError(t, err)
	require.InDeltaSlice(t, h, got, 1e-14)
	m.checkRunner(t, in, []int{2})

	for _, c := range []cells.Cell{cells.LSTM{}, cells.RNN{}, MinGRU{}} {
		_, err := cells.New(cells.Layer{Cell: c, In: []int{2}, Out: []int{2}, CandidateBias: true})
		require.EqualError(t, err, "cells: layer1 has a candidate bias, but cell "+c.Name()+" adds its products up, and their one bias does the same; leave it out")
	}
}

// Nodes that a step adds to the graph, gradients included, up to where a Scan takes over:
// what a change to a cell costs shows here. A recurrence that is one operation adds none.
func TestNodesOfAStep(t *testing.T) {
	count := func(l cells.Layer, steps int) int {
		l.In, l.Out = []int{4}, []int{3}
		m := newModel(t, l)
		g := G.NewGraph()
		nodes := map[string]*G.Node{}
		var list G.Nodes
		for _, p := range append(m.params, cells.Param{Name: "x", Shape: []int{2, steps, 4}}) {
			n, err := graph.Input(g, p.Name, tensor.Float64, p.Shape, nil)
			require.NoError(t, err)
			nodes[p.Name], list = n, append(list, n)
		}
		out, err := m.stack.Forward(nodes["x"], nodes, cells.Options{})
		require.NoError(t, err)
		loss, err := graph.SumAll(out.Last)
		require.NoError(t, err)
		_, err = graph.Grad(loss, list[:len(list)-1]...)
		require.NoError(t, err)
		return len(g.AllNodes())
	}
	for name, want := range map[string]struct {
		l cells.Layer
		n int
	}{
		"lstm": {cells.Layer{Cell: cells.LSTM{}}, 0}, "gru": {cells.Layer{Cell: cells.GRU{}}, 0}, "rnn": {cells.Layer{Cell: cells.RNN{}}, 14},
		"gru with candidate bias": {cells.Layer{Cell: cells.GRU{}, CandidateBias: true}, 0}, "mingru": {cells.Layer{Cell: MinGRU{}}, 22},
	} {
		require.Equal(t, want.n, count(want.l, 6)-count(want.l, 5), name)
		require.Equal(t, count(want.l, 40), count(want.l, 60), "%s in a Scan", name)
	}
}

// The names of cells, and what is said of one that is not there.
func ExampleFind() {
	fmt.Println(cells.Names()) // mingru is ExampleRegister's
	c, err := cells.Find("gru")
	fmt.Println(len(c.Gates()), err)
	_, err = cells.Find("gro")
	fmt.Println(err)
	// Output:
	// [gru lstm mingru rnn]
	// 3 <nil>
	// cells: no cell "gro"; did you mean "gru"? (known: gru, lstm, mingru, rnn)
}
