package graph_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

func TestBug07SumOfMiddleAxis(t *testing.T) {
	x := normal(2, 3, 4, 2)
	want := make([]float64, 2*3*2)
	at(x.Shape, func(k int, i []int) { want[offset([]int{2, 3, 2}, []int{i[0], i[1], i[3]})] += x.Data[k] })
	t.Run("upstream", func(t *testing.T) {
		g := G.NewGraph()
		wrong(t, 7, want, tape(t, g, G.Must(G.Sum(input(g, "x", x.Data, x.Shape...), 2)))[0])
	})
	t.Run("ours", func(t *testing.T) {
		right(t, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) { return graph.Sum(in[0], 2) }, want, x)
	})
}

func TestBug08OuterProductGradient(t *testing.T) {
	a, b, scale := normal(3), gradcheck.Input{Shape: []int{3}, Data: count(3)}, count(9)
	want, gradA, gradB := make([]float64, 9), make([]float64, 3), make([]float64, 3)
	for i := range 3 {
		for j := range 3 {
			want[3*i+j] = a.Data[i] * b.Data[j]
			gradA[i] += scale[3*i+j] * b.Data[j]
			gradB[j] += scale[3*i+j] * a.Data[i]
		}
	}
	t.Run("upstream", func(t *testing.T) {
		// The value is right, neither gradient is.
		g := G.NewGraph()
		na, nb := input(g, "a", a.Data, 3), input(g, "b", b.Data, 3)
		y := G.Must(G.OuterProd(na, nb))
		var v G.Value
		G.Read(y, &v)
		loss := G.Must(G.Sum(G.Must(G.HadamardProd(input(g, "scale", scale, 3, 3), y))))
		grads := tapeGradients(t, g, loss, na, nb)
		require.InDeltaSlice(t, want, floats(v), 1e-12)
		wrong(t, 8, gradA, grads[0])
		wrong(t, 8, gradB, grads[1])
	})
	t.Run("ours", func(t *testing.T) { right(t, ourTensordot(nil, nil), want, a, b) })
}

func TestBug09LogSumExp(t *testing.T) {
	x := gradcheck.Input{Shape: []int{1, 4}, Data: []float64{0.1, 0.5, 0.9, 1.2}}
	sum := 0.0
	for _, v := range x.Data {
		sum += math.Exp(v)
	}
	t.Run("upstream", func(t *testing.T) {
		g := G.NewGraph()
		y := G.Must(G.LogSumExp(input(g, "x", x.Data, 4), 0))
		wrong(t, 9, []float64{math.Log(sum)}, tape(t, g, y)[0])
	})
	t.Run("ours", func(t *testing.T) {
		// With all of the target on class 2 the loss is logsumexp(x) - x[2].
		right(t, func(g *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			target, err := gradcheck.Constant(g, "target", []int{1, 4}, []float64{0, 0, 1, 0})
			if err != nil {
				return nil, err
			}
			return graph.CrossEntropy(in[0], target)
		}, []float64{math.Log(sum) - x.Data[2]}, x)
	})
}

func TestBug10LogOfSoftMax(t *testing.T) {
	x, target := []float64{1, 2, 3, 4, 4, 0}, []float64{0, 0.5, 0, 0.5, 0, 0}
	p, logp := softmax(x, 3)
	t.Run("upstream Log", func(t *testing.T) {
		// Log finds the SoftMax below it and makes it a LogSoftMax.
		g := G.NewGraph()
		s := G.Must(G.SoftMax(input(g, "x", x, 2, 3), 1))
		G.Must(G.Log(s))
		got := tape(t, g, s)[0]
		wrong(t, 10, p, got)
		require.InDeltaSlicef(t, logp, got, 1e-12, fixed, 10)
	})
	t.Run("upstream LogSoftMax", func(t *testing.T) {
		// The hash leaves out what tells the two apart: whichever comes first is both.
		g := G.NewGraph()
		n := input(g, "x", x, 2, 3)
		l, s := G.Must(G.LogSoftMax(n, 1)), G.Must(G.SoftMax(n, 1))
		require.Samef(t, l, s, fixed, 10)
		wrong(t, 10, p, tape(t, g, s)[0])
	})
	for _, order := range []string{"loss first", "probabilities first"} {
		t.Run("ours "+order, func(t *testing.T) {
			g := G.NewGraph()
			n, nt := input(g, "x", x, 2, 3), input(g, "target", target, 2, 3)
			var loss, prob *G.Node
			var err error
			if order == "loss first" {
				loss, err = graph.CrossEntropy(n, nt)
				require.NoError(t, err)
			}
			prob, err = graph.Probabilities(n)
			require.NoError(t, err)
			if loss == nil {
				loss, err = graph.CrossEntropy(n, nt)
				require.NoError(t, err)
			}
			grads, err := graph.Grad(loss, n)
			require.NoError(t, err)
			program := compiled(t, G.Nodes{loss, prob}, grads, G.Nodes{n})
			require.NoError(t, program.Run())
			require.InDeltaSlice(t, p, floats(program.Value(prob)), 1e-12, "probabilities")
			got, err := program.Scalar(loss)
			require.NoError(t, err)
			require.InDelta(t, -(logp[1]+logp[3])/2, got, 1e-12, "loss")
			want := make([]float64, len(x))
			for i := range x {
				want[i] = p[i]/2 - target[i]
			}
			require.InDeltaSlice(t, want, gradients(t, n)[0], 1e-12, "gradient")
		})
	}
}

func TestBug12EqualInputNames(t *testing.T) {
	t.Run("upstream", func(t *testing.T) {
		// The second w and its value are gone: w + w instead of the sum.
		g := G.NewGraph()
		a, b := input(g, "w", []float64{1, 2}, 2), input(g, "w", []float64{30, 40}, 2)
		require.Samef(t, a, b, fixed, 12)
		require.Equalf(t, []float64{2, 4}, tape(t, g, G.Must(G.Add(a, b)))[0], fixed, 12)
	})
	t.Run("ours", func(t *testing.T) {
		g := G.NewGraph()
		a, err := graph.Input(g, "w", tensor.Float64, tensor.Shape{2}, dense([]float64{1, 2}, 2))
		require.NoError(t, err)
		_, err = graph.Input(g, "w", tensor.Float64, tensor.Shape{2}, dense([]float64{30, 40}, 2))
		require.EqualError(t, err, `graph: the graph already has an input named "w"; give each its own name`)
		_, err = graph.Input(g, "w", tensor.Float32, tensor.Shape{3}, nil)
		require.Error(t, err, "another shape does not make it another name")
		b, err := graph.Input(g, "v", tensor.Float64, tensor.Shape{2}, dense([]float64{30, 40}, 2))
		require.NoError(t, err)
		sum := G.Must(G.Add(a, b))
		p := compiled(t, G.Nodes{sum}, nil, nil)
		require.NoError(t, p.Run())
		require.Equal(t, []float64{31, 42}, floats(p.Value(sum)))
	})
}

// Names of float64 inputs of shape (2) whose nodes have one hash. Found by
// hashing x0, x1, ... as Node.WriteHash does (type, shape, name and a zero byte
// into FNV-1a) until two were equal.
const collidingA, collidingB = "x1232789", "x1429192"

// Pairs of such inputs whose sums, and whose concatenations, have one hash
// although the four inputs have four. Found in the same way over the pairs of
// x0 to x699: type, shape, operation, the byte 2 and the operands' hashes.
var (
	collidingConcats = [2][2]string{{"x40", "x49"}, {"x367", "x631"}}
	collidingSums    = [2][2]string{{"x2", "x387"}, {"x257", "x417"}}
)

func TestBug17HashCollision(t *testing.T) {
	colliding := func(t *testing.T) (g *G.ExprGraph, a, b *G.Node) {
		g = G.NewGraph()
		a, b = input(g, collidingA, []float64{1, 2}, 2), input(g, collidingB, []float64{3, 5}, 2)
		require.NotSame(t, a, b)
		require.Equal(t, a.Hashcode(), b.Hashcode(), "find another pair of names")
		return g, a, b
	}
	t.Run("upstream inputs", func(t *testing.T) {
		// The compiler reads one input for both.
		g, a, b := colliding(t)
		require.Equalf(t, []float64{0, 0}, tape(t, g, G.Must(G.Sub(a, b)))[0], fixed, 17)
	})
	t.Run("upstream operations", func(t *testing.T) {
		// The graph makes one node of both before there is anything to compile.
		_, a, b := colliding(t)
		require.Samef(t, G.Must(G.Tanh(a)), G.Must(G.Tanh(b)), fixed, 17)
	})
	t.Run("upstream operations on four inputs", func(t *testing.T) {
		// Nothing but the hash of the sum is equal, and the operands are not compared.
		g := G.NewGraph()
		add := func(names [2]string) *G.Node {
			return G.Must(G.Add(input(g, names[0], []float64{1, 2}, 2), input(g, names[1], []float64{3, 5}, 2)))
		}
		require.Samef(t, add(collidingSums[0]), add(collidingSums[1]), fixed, 17)
	})
	t.Run("ours inputs", func(t *testing.T) {
		_, a, b := colliding(t)
		_, err := graph.Compile(G.Nodes{G.Must(G.Sub(a, b))}, nil, nil)
		require.ErrorContains(t, err, "have the same hash")
	})
	t.Run("ours operations", func(t *testing.T) {
		g := G.NewGraph()
		a, err := graph.Input(g, collidingA, tensor.Float64, tensor.Shape{2}, dense([]float64{1, 2}, 2))
		require.NoError(t, err)
		b, err := graph.Input(g, collidingB, tensor.Float64, tensor.Shape{2}, dense([]float64{3, 5}, 2))
		require.NoError(t, err)
		d := G.Must(G.Sub(G.Must(G.Square(a)), G.Must(G.Square(b))))
		p := compiled(t, G.Nodes{d}, nil, nil)
		require.NoError(t, p.Run())
		require.Equal(t, []float64{-8, -21}, floats(p.Value(d)))
	})
	t.Run("ours own operations", func(t *testing.T) {
		// Same operation, shape and hash, other operands.
		g := G.NewGraph()
		join := func(names [2]string) (*G.Node, error) {
			var in G.Nodes
			for k, name := range names {
				n, err := graph.Input(g, name, tensor.Float64, tensor.Shape{2}, dense([]float64{float64(len(g.AllNodes())), float64(k)}, 2))
				require.NoError(t, err)
				in = append(in, n)
			}
			return graph.Concat(0, in...)
		}
		first, err := join(collidingConcats[0])
		require.NoError(t, err)
		second, err := join(collidingConcats[1])
		require.NoError(t, err)
		require.NotSame(t, first, second, "the second concatenation is the first")
		p := compiled(t, G.Nodes{first, second}, nil, nil)
		require.NoError(t, p.Run())
		require.Equal(t, []float64{0, 0, 1, 1}, floats(p.Value(first)))
		require.Equal(t, []float64{3, 0, 4, 1}, floats(p.Value(second)))
	})
}

// The search for a row's largest logit starts at the tensor's first element in
// place of the row's.
func TestBug18SoftMaxOfDistantRows(t *testing.T) {
	for name, x := range map[string][]float64{
		"row far below the first element": {1000, 999, 1, 2}, // every exponential is 0
		"row that starts far above it":    {1, 2, 1000, 1},   // the row's own first element is left out
	} {
		p, logp := softmax(x, 2)
		t.Run("upstream "+name, func(t *testing.T) {
			g := G.NewGraph()
			wrong(t, 18, p, tape(t, g, G.Must(G.SoftMax(input(g, "x", x, 2, 2), 1)))[0])
			g = G.NewGraph()
			wrong(t, 18, logp, tape(t, g, G.Must(G.LogSoftMax(input(g, "x", x, 2, 2), 1)))[0])
		})
		t.Run("ours "+name, func(t *testing.T) {
			in := gradcheck.Input{Shape: []int{2, 2}, Data: x}
			target := []float64{0.5, 0, 0, 0.5}
			right(t, func(g *G.ExprGraph, in G.Nodes) (*G.Node, error) {
				nt, err := gradcheck.Constant(g, "target", []int{2, 2}, target)
				if err != nil {
					return nil, err
				}
				return graph.CrossEntropy(in[0], nt)
			}, []float64{crossEntropy(target, logp)}, in)
			right(t, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) { return graph.Probabilities(in[0]) }, p, in)
		})
	}
}
