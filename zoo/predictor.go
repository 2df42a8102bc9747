package zoo

import (
	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/internal/backend"
)

// Predictor runs a model forward only: one frame of a live sequence at a time,
// or whole clips. It takes no gradients, merges the cores once, and computes
// what Build's graph does without Training, up to rounding. It reads values as
// the model was trained on; if those were normalised, Input.Apply does the same.
//
// A Predictor is not safe for concurrent use. Different predictors of one model
// may run concurrently, as long as no solver steps while one is made.
type Predictor struct {
	model        *Model
	runner       *cells.Runner
	batch        int
	weight, bias []float32 // of the classifier
	closed       bool
}

// Predictor returns a Predictor for batch sequences at a time. The weights are
// read once, here: later training has no effect. It returns an error when batch
// is not positive or is too large, or when the model is float64.
func (m *Model) Predictor(batch int) (*Predictor, error) {
	if m.Dtype != tensor.Float32 {
		return nil, errors.Errorf("zoo: a predictor runs models of float32, this one is %v; leave Options.Dtype out", m.Dtype)
	}
	values := map[string]*tensor.Dense{}
	for _, p := range m.params {
		values[p.Name] = p.Value
	}
	runner, err := m.stack.Runner(values, batch)
	if err != nil {
		return nil, errors.Wrap(err, "zoo: predictor")
	}
	read := func(name string) []float32 { return append([]float32{}, values[name].Data().([]float32)...) }
	return &Predictor{model: m, runner: runner, batch: batch, weight: read(headWeight), bias: read(headBias)}, nil
}

// Reset forgets the state: the next Frame is the first of new sequences.
func (p *Predictor) Reset() { p.runner.Reset() }

// Frame reads the next frame of each sequence, x (batch, features), and returns
// the logits after it, (batch, classes), in a new slice. It returns an error
// when x has the wrong size, or when a layer is bidirectional and so needs the
// sequence's end: use Clip.
func (p *Predictor) Frame(x []float32) ([]float32, error) {
	if p.closed {
		return nil, errors.New("zoo: Frame of a predictor that is closed")
	}
	last, err := p.runner.Step(x)
	if err != nil {
		return nil, errors.Wrap(err, "zoo: frame")
	}
	return p.classify(last), nil
}

// Clip reads whole clips, x (batch, steps, features), and returns their logits,
// (batch, classes), in a new slice. Lengths has the number of steps of each
// clip, and values after them are ignored; nil means that all clips have all
// steps. The state that Frame carries is left alone. It returns an error when x
// has the wrong size, or a length is not from 1 to steps.
func (p *Predictor) Clip(x []float32, steps int, lengths []int) ([]float32, error) {
	if p.closed {
		return nil, errors.New("zoo: Clip of a predictor that is closed")
	}
	last, err := p.runner.Sequence(x, steps, lengths)
	if err != nil {
		return nil, errors.Wrap(err, "zoo: clip")
	}
	return p.classify(last), nil
}

// classify returns the logits of states (batch, features).
func (p *Predictor) classify(last []float32) []float32 {
	logits := make([]float32, p.batch*p.model.Classes)
	backend.Multiply(backend.Products{Count: 1, Rows: p.batch, Cols: p.model.Classes, Inner: p.model.stack.Features()}, last, p.weight, logits)
	for k := range logits {
		logits[k] += p.bias[k%p.model.Classes]
	}
	return logits
}

// Close releases the predictor's programs. Frame and Clip then return an error.
func (p *Predictor) Close() error {
	if p.closed {
		return nil
	}
	p.closed = true
	return errors.Wrap(p.runner.Close(), "zoo: predictor")
}
