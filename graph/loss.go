package graph

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// CrossEntropy returns the scalar -Σ target·log softmax(logits), logits and
// target being (batch, classes). Rows of target that add up to 1/batch make it
// the mean over the batch; a row of zeros leaves a clip out. It returns an error
// when the shapes differ.
func CrossEntropy(logits, target *G.Node) (*G.Node, error) {
	if logits.Dims() != 2 || !slices.Equal(logits.Shape(), target.Shape()) {
		return nil, errors.Errorf("graph: logits %v and target %v; want both (batch, classes)", logits.Shape(), target.Shape())
	}
	logp, err := LogSoftMax(logits)
	if err != nil {
		return nil, err
	}
	terms, err := G.HadamardProd(target, logp)
	if err != nil {
		return nil, errors.Wrap(err, "graph: target times log-probabilities")
	}
	sum, err := SumAll(terms)
	if err != nil {
		return nil, err
	}
	loss, err := G.Neg(sum)
	return loss, errors.Wrap(err, "graph: loss")
}

// Probabilities returns softmax(logits) row by row, (batch, classes).
func Probabilities(logits *G.Node) (*G.Node, error) {
	logp, err := LogSoftMax(logits)
	if err != nil {
		return nil, err
	}
	p, err := G.Exp(logp)
	return p, errors.Wrap(err, "graph: probabilities")
}

// LogSoftMax returns x - log Σ exp(x) row by row, for x (batch, classes), from
// each row's own maximum on, so that no exponential overflows. Upstream's takes
// the maximum of the wrong elements, and merges with a SoftMax of the same node
// (bugs 10 and 18). It returns an error when x is not a matrix.
func LogSoftMax(x *G.Node) (*G.Node, error) {
	if x.Dims() != 2 {
		return nil, errors.Errorf("graph: log-softmax of shape %v; want (batch, classes)", x.Shape())
	}
	classes := x.Shape()[1]
	return ops.Apply(&ops.Op{
		Name:  "log-softmax",
		Shape: x.Shape().Clone(),
		F32:   func(out []float32, in [][]float32) { logSoftMax(out, in[0], classes) },
		F64:   func(out []float64, in [][]float64) { logSoftMax(out, in[0], classes) },
		WRT:   []bool{true},
		Diff: func(inputs G.Nodes, grad *G.Node) (G.Nodes, error) {
			g, err := logSoftMaxGradient(inputs[0], grad)
			return G.Nodes{g}, err
		},
	}, x)
}

func logSoftMax[T ops.Float](out, x []T, classes int) {
	for at := 0; at < len(x); at += classes {
		row := x[at : at+classes]
		largest := row[0]
		for _, v := range row {
			largest = max(largest, v)
		}
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(float64(v - largest))
		}
		log := T(math.Log(sum))
		for j, v := range row {
			out[at+j] = v - largest - log
		}
	}
}

// logSoftMaxGradient returns grad - softmax(x)·Σ grad row by row. It has no
// gradient of its own.
func logSoftMaxGradient(x, grad *G.Node) (*G.Node, error) {
	logp, err := LogSoftMax(x) // the node that is there already
	if err != nil {
		return nil, err
	}
	classes := x.Shape()[1]
	return ops.Apply(&ops.Op{
		Name:  "log-softmax gradient",
		Shape: x.Shape().Clone(),
		F32:   func(out []float32, in [][]float32) { logSoftMaxBack(out, in[0], in[1], classes) },
		F64:   func(out []float64, in [][]float64) { logSoftMaxBack(out, in[0], in[1], classes) },
		WRT:   []bool{false, false},
		Diff:  func(G.Nodes, *G.Node) (G.Nodes, error) { return G.Nodes{nil, nil}, nil },
	}, logp, grad)
}

func logSoftMaxBack[T ops.Float](out, logp, grad []T, classes int) {
	for at := 0; at < len(grad); at += classes {
		sum := T(0)
		for _, g := range grad[at : at+classes] {
			sum += g
		}
		for j := at; j < at+classes; j++ {
			out[j] = grad[j] - T(math.Exp(float64(logp[j])))*sum
		}
	}
}
