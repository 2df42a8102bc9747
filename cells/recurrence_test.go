package cells

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// recurrent is a drawn recurrence.
type recurrent struct {
	cell                            Cell
	seed                            uint64
	batch, steps, hidden            int
	state, mask, dropout, candidate bool
	reverse                         bool
	truncate                        int
	from, to                        int // the steps whose states are used
}

func drawRecurrent(t *rapid.T) recurrent {
	size := rapid.IntRange(1, 6)
	r := recurrent{
		cell: rapid.SampledFrom([]Cell{LSTM{}, GRU{}}).Draw(t, "cell"), seed: rapid.Uint64().Draw(t, "seed"),
		batch: size.Draw(t, "batch"), steps: size.Draw(t, "steps"), hidden: rapid.IntRange(1, 40).Draw(t, "hidden"),
		state: rapid.Bool().Draw(t, "state"), mask: rapid.Bool().Draw(t, "mask"), dropout: rapid.Bool().Draw(t, "dropout"), reverse: rapid.Bool().Draw(t, "reverse"),
	}
	r.truncate = rapid.IntRange(0, 3).Draw(t, "truncate")
	if r.to = r.steps; rapid.Bool().Draw(t, "some steps") {
		r.from = rapid.IntRange(0, r.steps-1).Draw(t, "from")
		r.to = rapid.IntRange(r.from+1, r.steps).Draw(t, "to")
	}
	r.candidate = r.cell.Name() == "gru" && rapid.Bool().Draw(t, "candidate bias")
	return r
}

// values runs the recurrence and its gradient, as one operation or step by step.
func (r recurrent) values(t require.TestingT, dt tensor.Dtype, fused bool) (values [][]float64) {
	rng := rand.New(rand.NewPCG(r.seed, 1))
	g, gates := G.NewGraph(), len(r.cell.Gates())
	var operands G.Nodes
	input := func(name string, there bool, shape ...int) *G.Node {
		data := make([]float64, tensor.Shape(shape).TotalSize())
		for i := range data {
			data[i] = rng.NormFloat64()
			if name == "u" { // upstream's sigmoid is 1 from 19 on, which is off by up to 6e-9
				data[i] /= math.Sqrt(float64(r.hidden))
			}
			if name == "mask" && data[i] < 0.5 {
				data[i] = 0
			}
		}
		if !there {
			return nil
		}
		var backing any = data
		if dt == tensor.Float32 {
			backing = narrow(data)
		}
		n, err := graph.Input(g, name, dt, shape, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing)))
		require.NoError(t, err)
		if name != "mask" && name != "dropout" && name != "weights" {
			operands = append(operands, n)
		}
		return n
	}
	of := recurrenceOperands{
		a: input("a", true, r.batch, r.steps, gates*r.hidden), u: input("u", true, r.hidden, gates*r.hidden), bias: input("bias", true, 1, gates*r.hidden),
		h: input("h", r.state, r.batch, r.hidden), c: input("c", r.state && r.cell.Name() == "lstm", r.batch, r.hidden),
		mask: input("mask", r.mask, r.batch, r.steps), dropout: input("dropout", r.dropout, r.batch, r.hidden), candidate: input("candidate", r.candidate, 1, r.hidden),
	}
	var states *G.Node
	if fused {
		one, err := newRecurrence(r.cell.Name(), (&direction{layer: Layer{Cell: r.cell}}).kernels(), of, r.steps, r.reverse, r.truncate)
		require.NoError(t, err)
		states = one.node
	} else {
		states = stepByStep(t, r, of)
	}
	used, err := graph.Slice(states, 1, r.from, r.to)
	require.NoError(t, err)
	weights := input("weights", true, used.Shape()...)
	var e graph.Equations
	loss := e.Unary(graph.SumAll, e.Mul(used, weights))
	require.NoError(t, e.Err())
	grads, err := graph.Grad(loss, operands...)
	require.NoError(t, err)
	p, err := graph.Compile(G.Nodes{states}, grads, operands)
	require.NoError(t, err)
	for range 2 { // nothing is left of the first run
		require.NoError(t, p.Run())
		values = [][]float64{wide(p.Value(states))}
		for _, o := range operands {
			v, err := o.Grad()
			require.NoError(t, err)
			values = append(values, wide(v))
		}
	}
	return values
}

func stepByStep(t require.TestingT, r recurrent, of recurrenceOperands) *G.Node {
	var e graph.Equations
	zeros := e.Do(func() (*G.Node, error) { return graph.Zeros(of.a, r.batch, r.hidden) })
	state := G.Nodes{zeros}
	if r.cell.Name() == "lstm" {
		state = append(state, zeros)
	}
	if r.state {
		state = slices.DeleteFunc(G.Nodes{of.h, of.c}, func(n *G.Node) bool { return n == nil })
	}
	shared := G.Nodes{of.u, of.bias}
	for _, n := range (G.Nodes{of.dropout, of.candidate}) {
		if n != nil {
			shared = append(shared, n)
		}
	}
	scanned, err := graph.Scan(graph.Recurrence{
		X: G.Nodes{of.a}, State: state, Shared: shared, Mask: of.mask, Reverse: r.reverse, Truncate: r.truncate, Unroll: true,
		Step: func(x, state, shared G.Nodes) (next, out G.Nodes, err error) {
			var e graph.Equations
			h := state[0]
			if r.dropout {
				h = e.Mul(h, shared[2])
			}
			u := e.Binary(G.Mul, h, shared[0])
			if r.candidate {
				parts := e.Split(u, 3)
				parts[2] = e.AddRow(parts[2], shared[len(shared)-1])
				u = e.Do(func() (*G.Node, error) { return graph.Concat(1, parts...) })
			}
			if e.Err() != nil {
				return nil, nil, e.Err()
			}
			s := State{H: state[0]}
			if len(state) > 1 {
				s.C = state[1]
			}
			a := e.AddRow(x[0], shared[1])
			s, _, err = r.cell.Step(a, u, s)
			if next = (G.Nodes{s.H}); s.C != nil {
				next = append(next, s.C)
			}
			return next, nil, err
		},
	})
	require.NoError(t, err)
	return scanned.States[0]
}

func narrow(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

func wide(v G.Value) []float64 {
	switch x := v.Data().(type) {
	case []float32:
		y := make([]float64, len(x))
		for i, v := range x {
			y[i] = float64(v)
		}
		return y
	case []float64:
		return slices.Clone(x)
	}
	panic(fmt.Sprintf("%T", v.Data()))
}

// Two gradients of one recurrence keep apart what they leave for the other operands, in whatever
// order nodes run.
func TestRecurrenceTwoGradients(t *testing.T) {
	const batch, steps, hidden = 2, 3, 2
	for _, cell := range []Cell{LSTM{}, GRU{}} {
		g, width, rng := G.NewGraph(), len(cell.Gates())*hidden, rand.New(rand.NewPCG(3, 1))
		input := func(name string, shape ...int) *G.Node {
			v := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(shape...))
			for i := range v.Float64s() {
				v.Float64s()[i] = rng.NormFloat64()
			}
			n, err := graph.Input(g, name, tensor.Float64, shape, v)
			require.NoError(t, err)
			return n
		}
		of := recurrenceOperands{a: input("a", batch, steps, width), u: input("u", hidden, width), bias: input("bias", 1, width), h: input("h", batch, hidden)}
		one, err := newRecurrence(cell.Name(), (&direction{layer: Layer{Cell: cell}}).kernels(), of, steps, false, 0)
		require.NoError(t, err)
		op, in := one.node.Op().(*ops.Op), G.Nodes{of.a, of.u, of.bias, of.h}
		var grads G.Nodes
		for k := range 2 {
			grads = append(grads, input(fmt.Sprint("gradient", k), batch, steps, hidden))
			_, err := op.Diff[0](in, grads[k]) // nodes run as they are made: both before the rest
			require.NoError(t, err)
		}
		run := func(nodes ...*G.Node) (values [][]float64) {
			p, err := graph.Compile(nodes, nil, nil)
			require.NoError(t, err)
			require.NoError(t, p.Run())
			for _, n := range nodes {
				values = append(values, wide(p.Value(n)))
			}
			return values
		}
		for k := range in[1:] {
			var both G.Nodes
			var apart [][]float64
			for _, grad := range grads {
				n, err := op.Diff[k+1](in, grad)
				require.NoError(t, err)
				both, apart = append(both, n), append(apart, run(n)...)
			}
			require.NotEqual(t, apart[0], apart[1])
			require.Equal(t, apart, run(both...), "%s, operand %d", cell.Name(), k+1)
		}
	}
}

// One operation computes what the cell's equations do step by step, and its gradients.
func TestRecurrence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRecurrent(t)
		want := r.values(t, tensor.Float64, false)
		for k, got := range r.values(t, tensor.Float64, true) {
			require.InDeltaSlice(t, want[k], got, 1e-9, "float64, value %d", k)
		}
		for k, got := range r.values(t, tensor.Float32, true) {
			for i, w := range want[k] {
				require.InDelta(t, w, got[i], 1e-4*(1+max(w, -w)), "float32, value %d, %d", k, i)
			}
		}
	})
}
