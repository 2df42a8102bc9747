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
		{"states are missing", Recurrence{X: G.Nodes{x}, State: G.Nodes{h}, Step: func(_, _, _ G.Nodes) (G.Nodes, G.Nodes, error) { return nil, nil, nil }}, "1 states has a Step that returns 0"},
		{"an error of its own", Recurrence{X: G.Nodes{x}, State: G.Nodes{h}, Step: func(_, _, _ G.Nodes) (G.Nodes, G.Nodes, error) { return nil, nil, errors.New("mine") }}, "mine"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Scan(c.r)
			require.ErrorContains(t, err, c.want)
		})
	}
}
