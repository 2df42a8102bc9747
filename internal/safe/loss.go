package safe

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
)

// CrossEntropy returns the scalar -Σ target·log softmax(logits), logits and
// target being (batch, classes). Rows of target that add up to 1/batch make it
// the mean over the batch; a row of zeros leaves a clip out. It goes through
// LogSoftMax, which is right for logits of ±1000, and not through LogSumExp or
// Log(SoftMax(x)) (bugs 9 and 10). It returns an error when the shapes differ.
func CrossEntropy(logits, target *G.Node) (*G.Node, error) {
	if logits.Dims() != 2 || !sameShape(logits.Shape(), target.Shape()) {
		return nil, errors.Errorf("safe: logits %v and target %v; want both (batch, classes)", logits.Shape(), target.Shape())
	}
	logp, err := G.LogSoftMax(logits, 1)
	if err != nil {
		return nil, errors.Wrap(err, "safe: LogSoftMax")
	}
	terms, err := G.HadamardProd(target, logp)
	if err != nil {
		return nil, errors.Wrap(err, "safe: target times log-probabilities")
	}
	sum, err := SumAll(terms)
	if err != nil {
		return nil, err
	}
	loss, err := G.Neg(sum)
	return loss, errors.Wrap(err, "safe: loss")
}

// Probabilities returns softmax(logits) row by row, (batch, classes), in a node
// of its own (bug 10).
func Probabilities(logits *G.Node) (*G.Node, error) {
	p, err := G.SoftMax(logits, 1)
	return p, errors.Wrap(err, "safe: SoftMax")
}
