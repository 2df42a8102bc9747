package graph_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

// softmax returns the probabilities of rows of logits, and their logarithms.
func softmax(x []float64, classes int) (p, logp []float64) {
	for lo := 0; lo < len(x); lo += classes {
		row := x[lo : lo+classes]
		most := row[0]
		for _, v := range row {
			most = max(most, v)
		}
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(v - most)
		}
		for _, v := range row {
			l := v - most - math.Log(sum)
			p, logp = append(p, math.Exp(l)), append(logp, l)
		}
	}
	return p, logp
}

func crossEntropy(target, logp []float64) float64 {
	sum := 0.0
	for i := range target {
		sum -= target[i] * logp[i]
	}
	return sum
}

func TestCrossEntropyProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := seeded(t)
		shape := drawShape(t, 2, 5)
		logits, target := gradcheck.Random(rng, shape...), gradcheck.Random(rng, shape...)
		p, logp := softmax(logits.Data, shape[1])
		// Targets are anything here, so that the loss is a function of both.
		check(t, rng, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			return graph.CrossEntropy(in[0], in[1])
		}, []float64{crossEntropy(target.Data, logp)}, logits, target)
		check(t, rng, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			return graph.Probabilities(in[0])
		}, p, logits)
		require.NoError(t, gradcheck.CheckSecond(rng, func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) {
			return graph.CrossEntropy(in[0], in[1])
		}, 8, 1e-6, logits, target))
	})
}

func TestSmoothLabelsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := seeded(t)
		shape := drawShape(t, 2, 5)
		part := rapid.Float64Range(0, 0.99).Draw(t, "part")
		target := gradcheck.Random(rng, shape...)
		want := make([]float64, len(target.Data))
		for i := range want {
			row := target.Data[i/shape[1]*shape[1]:][:shape[1]]
			want[i] = (1 - part) * target.Data[i]
			for _, v := range row {
				want[i] += part * v / float64(shape[1])
			}
		}
		smooth := func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) { return graph.SmoothLabels(in[0], part) }
		check(t, rng, smooth, want, target)
	})
}

func TestMeanSquareProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := seeded(t)
		shape := drawShape(t, rapid.IntRange(1, 3).Draw(t, "dims"), 4)
		y, target := gradcheck.Random(rng, shape...), gradcheck.Random(rng, shape...)
		want := 0.0
		for i, v := range y.Data {
			want += (v - target.Data[i]) * (v - target.Data[i]) / float64(len(y.Data))
		}
		mean := func(_ *G.ExprGraph, in G.Nodes) (*G.Node, error) { return graph.MeanSquare(in[0], in[1]) }
		check(t, rng, mean, []float64{want}, y, target)
		require.NoError(t, gradcheck.CheckSecond(rng, mean, 8, 1e-6, y, target))
	})
}

// The loss, its gradient and the probabilities stay finite and right for large
// logits.
func TestCrossEntropyLargeLogitsFloat32(t *testing.T) {
	x := []float32{
		1000, -1000, 0,
		-1000, -1000, -1000,
		-1000, 1000, 1000,
		999, 1000, 998,
	}
	target := []float32{
		0.25, 0, 0,
		0, 0.25, 0,
		0.25, 0, 0,
		0, 0, 0.25,
	}
	var wide []float64
	for _, v := range x {
		wide = append(wide, float64(v))
	}
	p, logp := softmax(wide, 3)
	want := 0.0
	grad := make([]float64, len(x))
	for i := range x {
		want -= float64(target[i]) * logp[i]
		grad[i] = p[i]/4 - float64(target[i])
	}

	g := G.NewGraph()
	logits, err := graph.Input(g, "logits", tensor.Float32, tensor.Shape{4, 3}, dense(x, 4, 3))
	require.NoError(t, err)
	nt, err := graph.Input(g, "target", tensor.Float32, tensor.Shape{4, 3}, dense(target, 4, 3))
	require.NoError(t, err)
	loss, err := graph.CrossEntropy(logits, nt)
	require.NoError(t, err)
	grads, err := graph.Grad(loss, logits)
	require.NoError(t, err)
	program := compiled(t, G.Nodes{loss}, grads, G.Nodes{logits})
	require.NoError(t, program.Run())
	got, err := program.Scalar(loss)
	require.NoError(t, err)
	require.InEpsilon(t, want, got, 1e-6)
	require.InDeltaSlice(t, grad, gradients(t, logits)[0], 1e-6)

	g = G.NewGraph()
	logits, err = graph.Input(g, "logits", tensor.Float32, tensor.Shape{4, 3}, dense(x, 4, 3))
	require.NoError(t, err)
	prob, err := graph.Probabilities(logits)
	require.NoError(t, err)
	program = compiled(t, G.Nodes{prob}, nil, nil)
	require.NoError(t, program.Run())
	require.InDeltaSlice(t, p, floats(program.Value(prob)), 1e-6)
}

// A clip whose target row is zero has no part in the loss and no gradient.
func TestCrossEntropyLeavesOutZeroRows(t *testing.T) {
	two := []float64{1, 2, 3, 0.5, -1, 2}
	three := append([]float64{-7, 40, 9}, two...)
	target := []float64{0, 0.5, 0, 0, 0, 0.5}
	_, logp := softmax(two, 3)
	loss := func(g *G.ExprGraph, in G.Nodes) (*G.Node, error) {
		nt, err := gradcheck.Constant(g, "target", []int{3, 3}, append([]float64{0, 0, 0}, target...))
		if err != nil {
			return nil, err
		}
		return graph.CrossEntropy(in[0], nt)
	}
	x := gradcheck.Input{Shape: []int{3, 3}, Data: three}
	right(t, loss, []float64{crossEntropy(target, logp)}, x)
	grads, err := gradcheck.Gradients(loss, x)
	require.NoError(t, err)
	require.Equal(t, []float64{0, 0, 0}, grads[0][:3])
}

func TestCrossEntropyShapes(t *testing.T) {
	for name, c := range map[string]struct {
		logits, target tensor.Shape
		text           string
	}{
		"other classes":  {tensor.Shape{2, 3}, tensor.Shape{2, 4}, "graph: logits (2, 3) and target (2, 4); want both (batch, classes)"},
		"other batch":    {tensor.Shape{2, 3}, tensor.Shape{1, 3}, "graph: logits (2, 3) and target (1, 3); want both (batch, classes)"},
		"vectors":        {tensor.Shape{3}, tensor.Shape{3}, "graph: logits (3) and target (3); want both (batch, classes)"},
		"a step axis":    {tensor.Shape{2, 2, 3}, tensor.Shape{2, 2, 3}, "graph: logits (2, 2, 3) and target (2, 2, 3); want both (batch, classes)"},
		"class numbers":  {tensor.Shape{2, 3}, tensor.Shape{2}, "graph: logits (2, 3) and target (2); want both (batch, classes)"},
		"transposed too": {tensor.Shape{2, 3}, tensor.Shape{3, 2}, "graph: logits (2, 3) and target (3, 2); want both (batch, classes)"},
	} {
		t.Run(name, func(t *testing.T) {
			g := G.NewGraph()
			logits, err := graph.Input(g, "logits", tensor.Float32, c.logits, nil)
			require.NoError(t, err)
			target, err := graph.Input(g, "target", tensor.Float32, c.target, nil)
			require.NoError(t, err)
			_, err = graph.CrossEntropy(logits, target)
			require.EqualError(t, err, c.text)
		})
	}
}
