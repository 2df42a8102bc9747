package graph

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// twoStates is a recurrence of two inputs, two states, three shared operands and an
// output: h' = tanh(x·W + h·U + m), m' = m ⊙ z + h', out = h' ⊙ z.
func twoStates(x, state, shared G.Nodes) (next, out G.Nodes, err error) {
	var e Equations
	xw, hu := e.Binary(G.Mul, x[0], shared[0]), e.Binary(G.Mul, state[0], shared[1])
	h := e.Tanh(e.AddRow(e.Add(e.Add(xw, hu), state[1]), shared[2]))
	m := e.Add(e.Mul(state[1], x[1]), h)
	return G.Nodes{h, m}, G.Nodes{e.Mul(h, x[1])}, e.Err()
}

// scanOf runs a recurrence of random operands, and its gradient.
func scanOf(t require.TestingT, seed uint64, batch, steps, n, hidden int, mask, reverse bool, truncate int, unroll bool) (values [][]float64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	g := G.NewGraph()
	input := func(name string, shape ...int) *G.Node {
		v := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(shape...))
		for i := range v.Float64s() {
			v.Float64s()[i] = rng.NormFloat64()
		}
		node, err := Input(g, name, tensor.Float64, shape, v)
		require.NoError(t, err)
		return node
	}
	r := Recurrence{
		X:      G.Nodes{input("x", batch, steps, n), input("z", batch, steps, hidden)},
		State:  G.Nodes{input("h", batch, hidden), input("m", batch, hidden)},
		Shared: G.Nodes{input("W", n, hidden), input("U", hidden, hidden), input("b", 1, hidden)},
		Step:   twoStates, Reverse: reverse, Truncate: truncate, Unroll: unroll,
	}
	operands := r.operands()
	if mask {
		r.Mask = input("mask", batch, steps)
		for i, v := range r.Mask.Value().Data().([]float64) {
			r.Mask.Value().Data().([]float64)[i] = max(0, min(1, float64(int(v))))
		}
	}
	s, err := Scan(r)
	require.NoError(t, err)
	outputs := append(append(append(G.Nodes{}, s.States...), s.Out...), s.Last...)
	var e Equations
	var loss *G.Node
	for k, out := range outputs {
		weights := input(fmt.Sprint("weights", k), out.Shape()...)
		part := e.Unary(SumAll, e.Mul(weights, out))
		if k == 0 {
			loss = part
		} else {
			loss = e.Add(loss, part)
		}
	}
	require.NoError(t, e.Err())
	grads, err := Grad(loss, operands...)
	require.NoError(t, err)
	p, err := Compile(outputs, grads, operands)
	require.NoError(t, err)
	for range 2 { // nothing is left of the first run
		values = nil
		require.NoError(t, p.Run())
		for _, out := range outputs {
			values = append(values, append([]float64{}, p.Value(out).Data().([]float64)...))
		}
		for _, o := range operands {
			v, err := o.Grad()
			require.NoError(t, err)
			values = append(values, append([]float64{}, v.Data().([]float64)...))
		}
	}
	return values
}

func TestScanEqualsUnrolled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 5)
		seed, batch, steps := rapid.Uint64().Draw(t, "seed"), size.Draw(t, "batch"), size.Draw(t, "steps")
		n, hidden := size.Draw(t, "n"), size.Draw(t, "hidden")
		mask, reverse := rapid.Bool().Draw(t, "mask"), rapid.Bool().Draw(t, "reverse")
		truncate := rapid.IntRange(0, 3).Draw(t, "truncate")
		one := scanOf(t, seed, batch, steps, n, hidden, mask, reverse, truncate, false)
		all := scanOf(t, seed, batch, steps, n, hidden, mask, reverse, truncate, true)
		for k := range all {
			require.InDeltaSlice(t, all[k], one[k], 1e-9, "value %d", k)
		}
	})
}

// scanInput is an input with the values 1, 2, ..., or, where those are given, others.
func scanInput(t *testing.T, g *G.ExprGraph, name string, shape tensor.Shape, values ...float64) *G.Node {
	if values == nil {
		for k := range shape.TotalSize() {
			values = append(values, float64(k+1)/8)
		}
	}
	n, err := Input(g, name, tensor.Float64, shape, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(values)))
	require.NoError(t, err)
	return n
}

// scanGradients are those of the sum of all states with respect to some operands.
func scanGradients(t *testing.T, r Recurrence, of ...*G.Node) (grads [][]float64) {
	s, err := Scan(r)
	require.NoError(t, err)
	loss, err := SumAll(s.States[0])
	require.NoError(t, err)
	nodes, err := Grad(loss, of...)
	require.NoError(t, err)
	p, err := Compile(G.Nodes{loss}, nodes, of)
	require.NoError(t, err)
	require.NoError(t, p.Run())
	for _, n := range of {
		v, err := n.Grad()
		require.NoError(t, err)
		grads = append(grads, v.Data().([]float64))
	}
	return grads
}

// A mask that is an operand of the step itself has no gradient; padding has one although the
// step does not read the state.
func TestScanOperandsWithoutGradient(t *testing.T) {
	for name, step := range map[string]func(x, state, shared G.Nodes) (G.Nodes, G.Nodes, error){
		"mask of a step": func(x, state, _ G.Nodes) (G.Nodes, G.Nodes, error) {
			var e Equations
			kept := e.Do(func() (*G.Node, error) { return Select(state[0], x[1], false) })
			return G.Nodes{e.Tanh(e.Add(kept, x[0]))}, nil, e.Err()
		},
		"state that is not read": func(x, _, _ G.Nodes) (G.Nodes, G.Nodes, error) {
			var e Equations
			return G.Nodes{e.Tanh(x[0])}, nil, e.Err()
		},
		"nothing but padding": func(x, _, _ G.Nodes) (G.Nodes, G.Nodes, error) {
			zeros, err := Zeros(x[0], 2, 2)
			return G.Nodes{zeros}, nil, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			var each [][][]float64
			for _, unroll := range []bool{false, true} {
				g := G.NewGraph()
				x, h := scanInput(t, g, "x", tensor.Shape{2, 3, 2}), scanInput(t, g, "h", tensor.Shape{2, 2})
				of := G.Nodes{h, x}
				if name == "nothing but padding" {
					of = of[:1]
				}
				inner := scanInput(t, g, "of the step", tensor.Shape{2, 3, 1}, 1, 0, 1, 1, 1, 0)
				padding := scanInput(t, g, "padding", tensor.Shape{2, 3}, 0, 1, 0, 0, 0, 1)
				each = append(each, scanGradients(t, Recurrence{X: G.Nodes{x, inner}, State: G.Nodes{h}, Mask: padding, Step: step, Unroll: unroll}, of...))
			}
			for k := range each[1] {
				require.NotEqual(t, make([]float64, len(each[1][k])), each[1][k])
				require.InDeltaSlice(t, each[1][k], each[0][k], 1e-12)
			}
		})
	}
}

// A scan of which no gradient is wanted is not taken for one that has it.
func TestScanForwardApart(t *testing.T) {
	g := G.NewGraph()
	x, h := scanInput(t, g, "x", tensor.Shape{2, 3, 2}), scanInput(t, g, "h", tensor.Shape{2, 2})
	r := Recurrence{X: G.Nodes{x}, State: G.Nodes{h}, Forward: true, Step: func(x, state, _ G.Nodes) (G.Nodes, G.Nodes, error) {
		next, err := G.Add(x[0], state[0])
		return G.Nodes{next}, nil, err
	}}
	_, err := Scan(r)
	require.NoError(t, err)
	r.Forward = false
	require.Equal(t, []float64{3, 3, 3, 3}, scanGradients(t, r, h)[0])
}

// Steps that differ in a constant compute different things.
func TestScanConstants(t *testing.T) {
	g := G.NewGraph()
	x, h := scanInput(t, g, "x", tensor.Shape{1, 2, 40}), scanInput(t, g, "h", tensor.Shape{1, 40})
	var last G.Nodes
	var want [][]float64
	for k := range 2 {
		constant := make([]float64, 40)
		constant[20] = float64(k) // in the middle, which a tensor's text leaves out
		s, err := Scan(Recurrence{X: G.Nodes{x}, State: G.Nodes{h}, Step: func(_, state, _ G.Nodes) (G.Nodes, G.Nodes, error) {
			c := G.NewConstant(tensor.New(tensor.WithShape(1, 40), tensor.WithBacking(constant)))
			next, err := G.Add(state[0], c)
			return G.Nodes{next}, nil, err
		}})
		require.NoError(t, err)
		last = append(last, s.Last[0])
		v := append([]float64{}, h.Value().Data().([]float64)...)
		v[20] += 2 * float64(k)
		want = append(want, v)
	}
	p, err := Compile(last, nil, nil)
	require.NoError(t, err)
	require.NoError(t, p.Run())
	for k, n := range last {
		require.Equal(t, want[k], p.Value(n).Data())
	}
}

func TestScanRefuses(t *testing.T) {
	g := G.NewGraph()
	x, h := G.NewTensor(g, tensor.Float32, 3, G.WithShape(2, 4, 3), G.WithName("x")), G.NewMatrix(g, tensor.Float32, G.WithShape(2, 3), G.WithName("h"))
	same := func(_, state, _ G.Nodes) (G.Nodes, G.Nodes, error) { return state, nil, nil }
	for _, c := range []struct {
		name string
		r    Recurrence
		want string
	}{
		{"nothing", Recurrence{}, "0 inputs and 0 states"},
		{"no step", Recurrence{X: G.Nodes{x}, State: G.Nodes{h}}, "and a Step"},
		{"input of two axes", Recurrence{X: G.Nodes{x, h}, State: G.Nodes{h}, Step: same}, "(batch, steps, n)"},
		{"another batch", Recurrence{X: G.Nodes{x}, State: G.Nodes{G.NewMatrix(g, tensor.Float32, G.WithShape(3, 3), G.WithName("h3"))}, Step: same}, "from a state (3, 3)"},
		{"mask", Recurrence{X: G.Nodes{x}, State: G.Nodes{h}, Mask: h, Step: same}, "with a mask (2, 3)"},
		{"no such input", Recurrence{X: G.Nodes{x, nil}, State: G.Nodes{h}, Step: same}, "X[1] is nil"},
		{"no such state", Recurrence{X: G.Nodes{x}, State: G.Nodes{nil}, Step: same}, "State[0] is nil"},
		{"no such shared operand", Recurrence{X: G.Nodes{x}, State: G.Nodes{h}, Shared: G.Nodes{x, nil}, Step: same}, "Shared[1] is nil"},
		{"states are missing", Recurrence{X: G.Nodes{x}, State: G.Nodes{h}, Step: func(_, _, _ G.Nodes) (G.Nodes, G.Nodes, error) { return nil, nil, nil }}, "1 states has a Step that returns 0"},
		{"an error of its own", Recurrence{X: G.Nodes{x}, State: G.Nodes{h}, Step: func(_, _, _ G.Nodes) (G.Nodes, G.Nodes, error) { return nil, nil, errors.New("mine") }}, "mine"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Scan(c.r)
			require.ErrorContains(t, err, c.want)
		})
	}
}
