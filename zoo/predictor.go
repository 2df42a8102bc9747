package zoo

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Predictor runs a model forward only: one frame of a live sequence at a time, or whole clips. It takes
// no gradients, merges the cores once, and computes what Build's graph does without Training, up to
// rounding. Classify reads clips as they are stored; Frame and Clip read values as the model was trained
// on, which Input.Apply makes of stored ones.
//
// A Predictor is not safe for concurrent use. Different predictors of one model
// may run concurrently, as long as no solver steps while one is made.
type Predictor struct {
	model        *Model
	runner       *cells.Runner
	batch        int
	weight, bias []float32 // of the classifier; nil without
	closed       bool
}

// Guess is a class and how likely the model holds it.
type Guess struct {
	Class       string  `json:"class"`
	Probability float64 `json:"probability"`
}

// Predictor returns a Predictor for batch sequences at a time. The weights are
// read once, here: later training has no effect. It returns an error when batch
// is not positive or is too large, or when the model is float64.
func (m *Model) Predictor(batch int) (*Predictor, error) {
	if m.dtype != tensor.Float32 {
		return nil, errors.Errorf("zoo: a predictor runs models of float32, this one is %v; leave Options.Dtype out", m.dtype)
	}
	values := map[string]*tensor.Dense{}
	for _, p := range m.tensors {
		values[p.Name] = p.Value
	}
	runner, err := m.stack.Runner(values, batch)
	if err != nil {
		return nil, errors.Wrap(err, "zoo: predictor")
	}
	p := &Predictor{model: m, runner: runner, batch: batch}
	if m.Classes() > 0 {
		p.weight = slices.Clone(values[headWeight].Data().([]float32))
		p.bias = slices.Clone(values[headBias].Data().([]float32))
	}
	return p, nil
}

// Reset forgets the state: the next Frame is the first of new sequences.
func (p *Predictor) Reset() { p.runner.Reset() }

// Frame reads the next frame of each sequence, x (batch, features), and returns
// the logits after it, (batch, classes), in a new slice; of a headless model, the
// states that Network.Last is. It returns an error when x has the wrong size, or
// when a layer is bidirectional and so needs the sequence's end: use Clip.
func (p *Predictor) Frame(x []float32) ([]float32, error) {
	if p.closed {
		return nil, errors.New("zoo: Frame of a predictor that is closed")
	}
	last, err := p.runner.Step(x)
	return p.head(last), errors.Wrap(err, "zoo: frame")
}

// Clip reads whole clips, x (batch, steps, features), and returns what Frame would after their last
// steps. Lengths has the number of steps of each clip, and values after them are ignored; nil means that
// all clips have all steps. The state that Frame carries is left alone. It returns an error when x has
// the wrong size, or a length is not from 1 to steps.
func (p *Predictor) Clip(x []float32, steps int, lengths []int) ([]float32, error) {
	if p.closed {
		return nil, errors.New("zoo: Clip of a predictor that is closed")
	}
	last, err := p.runner.Sequence(x, steps, lengths)
	return p.head(last), errors.Wrap(err, "zoo: clip")
}

// Classify reads one clip as it is stored, (steps, n_1, ..., n_d) with bytes of frames as values from 0
// to 255, and returns all classes with their probabilities, the likeliest first. It takes the steps that
// the model's Input.Taken counts, always at equal distances, and normalises them. Values of a model
// without an Input are read as they are. It returns an error when x is not whole steps, when the answer
// is not finite, for a predictor of several sequences and for a headless model.
func (p *Predictor) Classify(x []float32) ([]Guess, error) {
	size := p.model.Features()
	switch {
	case p.batch != 1:
		return nil, errors.Errorf("zoo: Classify of a predictor for %d sequences; it reads one clip, with Predictor(1)", p.batch)
	case len(x) == 0 || len(x)%size != 0:
		return nil, errors.Errorf("zoo: a clip has %d values; want steps of %d", len(x), size)
	}
	if p.model.Input != nil {
		x = p.model.Input.read(x, size)
	}
	logits, err := p.Clip(x, len(x)/size, nil)
	if err != nil {
		return nil, err
	}
	return p.model.Guesses(logits)
}

// Guesses returns all classes by the mean of the probabilities of logits, (rows,
// classes), the likeliest first. It returns an error when a logit is not finite or
// the rows are not whole, and for a headless model.
func (m *Model) Guesses(logits []float32) ([]Guess, error) {
	classes := m.Classes()
	if classes == 0 {
		return nil, errors.New("zoo: a model without a classifier has no classes to choose from; make it with Options.Classes")
	}
	if len(logits) == 0 || len(logits)%classes != 0 {
		return nil, errors.Errorf("zoo: there are %d logits; want rows of %d", len(logits), classes)
	}
	all := make([]Guess, classes)
	for k := range all {
		all[k].Class = "class " + strconv.Itoa(k)
		if k < len(m.ClassNames) {
			all[k].Class = m.ClassNames[k]
		}
	}
	for row := range slices.Chunk(logits, classes) {
		most, sum := float64(slices.Max(row)), 0.0
		e := make([]float64, classes)
		for k, v := range row {
			e[k] = math.Exp(float64(v) - most)
			if math.IsNaN(e[k]) || math.IsInf(float64(v), 0) {
				return nil, errors.New("zoo: the model's answer is not a number: its weights or the clip's values are too large")
			}
			sum += e[k]
		}
		for k := range all {
			all[k].Probability += e[k] / sum
		}
	}
	for k := range all {
		all[k].Probability /= float64(len(logits) / classes)
	}
	slices.SortStableFunc(all, func(a, b Guess) int { return cmp.Compare(b.Probability, a.Probability) })
	return all, nil
}

// head returns the logits of states (batch, features), or a copy of them where there is no classifier.
func (p *Predictor) head(last []float32) []float32 {
	if last == nil || p.weight == nil {
		return slices.Clone(last)
	}
	classes := p.model.Classes()
	logits := make([]float32, p.batch*classes)
	backend.Multiply(backend.Products{Count: 1, Rows: p.batch, Cols: classes, Inner: p.model.stack.Features()}, last, p.weight, logits)
	for k := range logits {
		logits[k] += p.bias[k%classes]
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

// Input describes the sequences a model was trained on.
type Input struct {
	Steps     int   `json:"steps"`      // of the longest sequence
	StepShape []int `json:"step_shape"` // (n_1, ..., n_d), whose product is the model's Features

	// Sampling says which steps of a longer clip were taken; nil if clips were used as stored.
	Sampling *preprocess.Sampling `json:"sampling,omitempty"`
	preprocess.Normalisation
}

// Taken returns which steps of a clip the model reads: Sampling or, if its clips
// were stored as sequences, as many evenly spaced steps as the longest had.
func (in *Input) Taken() preprocess.Sampling {
	if in.Sampling != nil {
		return *in.Sampling
	}
	return preprocess.Sampling{Steps: in.Steps, Sample: "even"}
}

// read returns the steps, of so many values, of a stored clip that the model reads, evenly spaced and
// normalised. In front of one that is shorter than those sampled for training are steps of zeros.
func (in *Input) read(stored []float32, size int) []float32 {
	taken := in.Taken()
	rows := taken.Even(len(stored) / size)
	steps := len(rows)
	if in.Sampling != nil && taken.Steps != preprocess.AllSteps {
		steps = taken.Steps
	}
	x := make([]float32, steps*size)
	read := x[(steps-len(rows))*size:]
	for k, row := range rows {
		copy(read[k*size:(k+1)*size], stored[row*size:])
	}
	in.Apply(read)
	return x
}

// check returns an error for sequences that no model of want values per step reads.
func (in *Input) check(want int) error {
	if n := len(in.StepShape); n > maxModes {
		return errors.Errorf("step_shape has %d axes; want at most %d", n, maxModes)
	}
	features := dims.Size(in.StepShape)
	if features != want || in.Steps < 1 || slices.ContainsFunc(in.StepShape, func(n int) bool { return n < 1 }) {
		return errors.Errorf("input is %d steps of shape %v; the spec reads %d values a step", in.Steps, in.StepShape, want)
	}
	err := errors.Wrap(preprocess.CheckClip(in.Steps, in.StepShape), "input")
	if s := in.Sampling; s != nil && err == nil {
		err = errors.Wrap(cmp.Or(s.Check(), preprocess.CheckClip(s.Steps, in.StepShape)), "sampling")
	}
	return cmp.Or(err, in.Normalisation.Check(in.StepShape))
}
