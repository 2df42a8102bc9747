package zoo

import (
	"math"
	"math/rand/v2"
	"strings"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Options are the options of New and FromSpec. The zero value means a float32
// model with the entry's number of classes, that of its data set, and seed 0.
type Options struct {
	Classes int // number of classes; 0 means the spec's
	Seed    uint64
	Dtype   tensor.Dtype // tensor.Float32 (also the zero value) or tensor.Float64
	// Dropout, when not nil, replaces the spec's Dropout and RecurrentDropout.
	Dropout *float64
	// RecurrentDropout, when not nil, replaces the spec's RecurrentDropout, even
	// if Dropout is given.
	RecurrentDropout *float64
}

// Param is a learnable tensor of a model.
type Param struct {
	Name  string        // unique in the model, e.g. "layer1.input.U3"
	Value *tensor.Dense // the model's values; graphs that Build makes share its memory
}

// Model is a classifier with its weights.
type Model struct {
	Name    string // of the registry's entry, or a name of your own; "" for none
	Spec    Spec
	Classes int
	Seed    uint64
	Dtype   tensor.Dtype

	// ClassNames names each class, and Input says how the values that the model
	// reads were made. Training sets both, and checkpoints keep them.
	ClassNames []string
	Input      *Input

	stack  *cells.Stack
	params []Param
}

// Input describes the sequences a model was trained on.
type Input struct {
	Steps     int   `json:"steps"`      // of the longest sequence
	StepShape []int `json:"step_shape"` // (n_1, ..., n_d), whose product is the model's Features

	// Sampling says which steps of a longer clip were taken; nil if clips were
	// used as stored.
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

// IsBias reports whether the parameter is added to values rather than
// multiplying them.
func (p Param) IsBias() bool { return strings.HasSuffix(p.Name, "bias") }

// IsClassifier reports whether the parameter holds the weights between the last
// state and the logits.
func (p Param) IsClassifier() bool { return p.Name == headWeight }

// New returns the named entry of the registry as a model with initial weights.
// If there is none, it returns an error that suggests the closest name.
func New(name string, opt Options) (*Model, error) {
	e, err := Find(name)
	if err != nil {
		return nil, err
	}
	m, err := FromSpec(e.Spec, opt)
	if err != nil {
		return nil, err
	}
	m.Name = name
	return m, nil
}

// FromSpec returns a model with initial weights, or an error that quotes the
// field, modes or ranks of the spec that don't fit.
func FromSpec(s Spec, opt Options) (*Model, error) {
	m, err := withoutWeights(s, opt)
	if err != nil {
		return nil, err
	}
	values := m.stack.Init(opt.Seed)
	for k, p := range m.stack.Params() {
		m.add(p.Name, p.Shape, values[k])
		values[k] = nil // a dense layer's values are large
	}
	features := m.stack.Features()
	m.add(headWeight, []int{features, m.Classes}, headInit(opt.Seed, features, m.Classes))
	m.add(headBias, []int{1, m.Classes}, make([]float64, m.Classes))
	return m, nil
}

// withoutWeights is FromSpec before any memory is taken for weights.
func withoutWeights(s Spec, opt Options) (*Model, error) {
	if opt.Dropout != nil {
		s.Dropout, s.RecurrentDropout = *opt.Dropout, *opt.Dropout
	}
	if opt.RecurrentDropout != nil {
		s.RecurrentDropout = *opt.RecurrentDropout
	}
	if opt.Classes != 0 {
		s.Classes = opt.Classes
	}
	if s.Classes < 2 {
		return nil, errors.Errorf("zoo: the model has %d classes; give the spec field \"classes\" or Options.Classes at least 2", s.Classes)
	}
	stack, err := s.stack()
	if err != nil {
		return nil, err
	}
	m := &Model{Spec: s, Classes: s.Classes, Seed: opt.Seed, Dtype: opt.Dtype, stack: stack}
	if m.Dtype == (tensor.Dtype{}) {
		m.Dtype = tensor.Float32
	}
	if m.Dtype != tensor.Float32 && m.Dtype != tensor.Float64 {
		return nil, errors.Errorf("zoo: a model of %v; want Float32 or Float64", m.Dtype)
	}
	if n := counts(stack, s.Classes).Model; n > maxParams || s.Classes > maxParams {
		return nil, errors.Errorf("zoo: the model has %d learnable values; want at most %d", n, maxParams)
	}
	return m, nil
}

// shapes lists the names and shapes of the learnable tensors, in the order of
// Params.
func (m *Model) shapes() []cells.Param {
	return append(m.stack.Params(),
		cells.Param{Name: headWeight, Shape: []int{m.stack.Features(), m.Classes}},
		cells.Param{Name: headBias, Shape: []int{1, m.Classes}})
}

// maxParams keeps a mistake in a spec from asking for more memory than there is, or
// than an int of 32 bits counts.
const maxParams = min(1<<31, math.MaxInt/8)

const (
	headWeight = "head.weight"
	headBias   = "head.bias"
)

// headInit draws the classifier's weights with Glorot variance.
func headInit(seed uint64, features, classes int) []float64 {
	rng := rand.New(rand.NewPCG(seed, 0x68656164)) // its own stream, so that layers above don't shift it
	sigma := math.Sqrt(2 / float64(features+classes))
	w := make([]float64, features*classes)
	for k := range w {
		w[k] = sigma * rng.NormFloat64()
	}
	return w
}

func (m *Model) add(name string, shape []int, values []float64) {
	var backing any = values
	if m.Dtype == tensor.Float32 {
		v32 := make([]float32, len(values))
		for k, v := range values {
			v32[k] = float32(v)
		}
		backing = v32
	}
	m.params = append(m.params, Param{name, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))})
}

// Params lists the learnable tensors with their values: those of the layers,
// then the classifier's.
func (m *Model) Params() []Param { return m.params }

// Features returns the number of values the model reads per step.
func (m *Model) Features() int { return m.stack.Inputs() }
