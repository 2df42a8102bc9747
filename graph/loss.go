package graph

import (
	"fmt"
	"math"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// CrossEntropy returns the scalar -Σ target·log softmax(logits), both (batch, classes).
// Rows of target that add up to 1/batch make it the mean over the batch; a row of zeros
// leaves a clip out. SmoothLabels changes targets.
func CrossEntropy(logits, target *G.Node) (*G.Node, error) {
	if logits.Dims() != 2 || !slices.Equal(logits.Shape(), target.Shape()) {
		return nil, errors.Errorf("graph: logits %v and target %v; want both (batch, classes)", logits.Shape(), target.Shape())
	}
	var e Equations
	return e.Unary(G.Neg, e.Unary(SumAll, e.Mul(target, e.Unary(LogSoftMax, logits)))), e.Err()
}

// SmoothLabels returns the target (batch, classes) with a part of each row shared out
// among all classes: (1-part)·target + part/classes·Σ target (Szegedy et al., arXiv
// 1512.00567). It returns an error when target is no matrix, and when part is not at
// least 0 and below 1.
func SmoothLabels(target *G.Node, part float64) (*G.Node, error) {
	if target.Dims() != 2 || !(part >= 0 && part < 1) {
		return nil, errors.Errorf("graph: label smoothing of %v by %v; want (batch, classes), and at least 0 and below 1", target.Shape(), part)
	}
	return ops.Apply(&ops.Op{
		Name: fmt.Sprintf("smooth %v", part),
		Rows: target.Shape()[0],
		F32:  func(out []float32, in [][]float32) { smooth(out, in[0], part) },
		F64:  func(out []float64, in [][]float64) { smooth(out, in[0], part) },
		// The matrix is symmetric.
		Diff: []ops.Gradient{func(_ G.Nodes, grad *G.Node) (*G.Node, error) { return SmoothLabels(grad, part) }},
	}, target)
}

func smooth[T ops.Float](out, x []T, part float64) {
	sum := 0.0
	for _, v := range x {
		sum += float64(v)
	}
	for j, v := range x {
		out[j] = T((1-part)*float64(v) + part*sum/float64(len(x)))
	}
}

// MeanSquare returns the scalar Σ (y - target)²/n over the n elements of each, of any shape but a scalar.
func MeanSquare(y, target *G.Node) (*G.Node, error) {
	if !slices.Equal(y.Shape(), target.Shape()) {
		return nil, errors.Errorf("graph: y %v and target %v; want one shape", y.Shape(), target.Shape())
	}
	var e Equations
	d := e.Sub(y, target)
	part := 1 / float64(dims.Size(y.Shape()))
	scale := G.NewConstant(part)
	if y.Dtype() == tensor.Float32 {
		scale = G.NewConstant(float32(part))
	}
	return e.Binary(G.Mul, e.Unary(SumAll, e.Mul(d, d)), scale), e.Err()
}

// Probabilities returns softmax(logits) row by row, (batch, classes).
func Probabilities(logits *G.Node) (*G.Node, error) {
	var e Equations
	return e.Unary(G.Exp, e.Unary(LogSoftMax, logits)), e.Err()
}

// LogSoftMax returns x - log Σ exp(x) row by row, for x (batch, classes), from each row's
// own maximum on, so that no exponential overflows. Upstream's takes the maximum of the
// wrong elements, and merges with a SoftMax of the same node (bugs 10 and 18).
func LogSoftMax(x *G.Node) (*G.Node, error) {
	if x.Dims() != 2 {
		return nil, errors.Errorf("graph: log-softmax of shape %v; want (batch, classes)", x.Shape())
	}
	var logp *G.Node
	logp, err := ops.Apply(&ops.Op{
		Name: "log-softmax",
		Rows: x.Shape()[0],
		F32:  logSoftMax[float32],
		F64:  logSoftMax[float64],
		Diff: []ops.Gradient{func(_ G.Nodes, grad *G.Node) (*G.Node, error) { return logSoftMaxGradient(logp, grad) }},
	}, x)
	return logp, err
}

func logSoftMax[T ops.Float](out []T, in [][]T) {
	largest := slices.Max(in[0])
	sum := 0.0
	for _, v := range in[0] {
		sum += math.Exp(float64(v - largest))
	}
	log := T(math.Log(sum))
	for j, v := range in[0] {
		out[j] = v - largest - log
	}
}

// logSoftMaxGradient returns grad - p·Σ grad row by row, for p = exp(logp).
func logSoftMaxGradient(logp, grad *G.Node) (*G.Node, error) {
	return ops.Apply(&ops.Op{
		Name: "log-softmax gradient",
		Rows: logp.Shape()[0],
		F32:  logSoftMaxBack[float32],
		F64:  logSoftMaxBack[float64],
		Diff: []ops.Gradient{
			func(in G.Nodes, second *G.Node) (*G.Node, error) { // -(p ⊙ second)·Σ grad
				var e Equations
				weighted := e.Mul(e.Unary(G.Exp, in[0]), second)
				sum := e.Unary(rowSums, in[1])
				product := e.Do(func() (*G.Node, error) { return G.BroadcastHadamardProd(weighted, sum, nil, []byte{1}) })
				return e.Unary(G.Neg, product), e.Err()
			},
			func(in G.Nodes, second *G.Node) (*G.Node, error) { // second - Σ (p ⊙ second)
				var e Equations
				sum := e.Unary(rowSums, e.Mul(e.Unary(G.Exp, in[0]), second))
				return e.Do(func() (*G.Node, error) { return G.BroadcastSub(second, sum, nil, []byte{1}) }), e.Err()
			},
		},
	}, logp, grad)
}

// rowSums returns the sum of each row of a matrix, (rows, 1).
func rowSums(x *G.Node) (*G.Node, error) {
	var e Equations
	return e.Reshape(e.Do(func() (*G.Node, error) { return Sum(x, 1) }), x.Shape()[0], 1), e.Err()
}

func logSoftMaxBack[T ops.Float](out []T, in [][]T) {
	sum := T(0)
	for _, g := range in[1] {
		sum += g
	}
	for j, logp := range in[0] {
		out[j] = in[1][j] - T(math.Exp(float64(logp)))*sum
	}
}
