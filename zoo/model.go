package zoo

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/graph"
)

// Options are the options of New and FromSpec. The zero value means a float32 model with the spec's
// number of classes, for an entry those of its data set, and seed 0.
type Options struct {
	Classes int // number of classes; 0 means the spec's, and Headless none
	Seed    uint64
	Dtype   tensor.Dtype // tensor.Float32 (also the zero value) or tensor.Float64
	// Dropout, when not nil, replaces the spec's Dropout and RecurrentDropout.
	Dropout *float64
	// RecurrentDropout, when not nil, replaces the spec's RecurrentDropout, even if Dropout is given.
	RecurrentDropout *float64
}

// Headless as Options.Classes leaves out the classifier of a spec that has one.
const Headless = -1

// Tensor is a named tensor: a learnable one of a model, or one that an optimiser keeps.
type Tensor struct {
	Name  string        // unique in the model, e.g. "layer1.input.U3"
	Value *tensor.Dense // the model's values; graphs that Build makes share its memory
}

// IsBias reports whether the tensor is added to values rather than multiplying them.
func (t Tensor) IsBias() bool { return strings.HasSuffix(t.Name, "bias") }

// IsClassifier reports whether the tensor holds the weights between the last state and the logits.
func (t Tensor) IsClassifier() bool { return t.Name == headWeight }

// Model is a recurrent network with its weights: a classifier, or one without a
// head for a program that has its own.
type Model struct {
	Name string // of the registry's entry, or a name of your own; "" for none

	// ClassNames names each class, and Input says how the values that the model
	// reads were made. Training sets both, and checkpoints keep them.
	ClassNames []string
	Input      *Input

	spec    Spec // dropout and classes as Options have them
	seed    uint64
	dtype   tensor.Dtype
	stack   *cells.Stack
	tensors []Tensor
}

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
	if classes := m.Classes(); classes > 0 {
		values = append(values, headInit(opt.Seed, m.stack.Features(), classes), make([]float64, classes))
	}
	for k, p := range m.shapes() {
		var backing any = values[k]
		if m.dtype == tensor.Float32 {
			v32 := make([]float32, len(values[k]))
			for j, v := range values[k] {
				v32[j] = float32(v)
			}
			backing = v32
		}
		m.tensors = append(m.tensors, Tensor{p.Name, tensor.New(tensor.WithShape(p.Shape...), tensor.WithBacking(backing))})
		values[k] = nil // a dense layer's values are large
	}
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
	if s.Classes = cmp.Or(opt.Classes, s.Classes); opt.Classes == Headless {
		s.Classes = 0
	}
	if s.Classes < 0 || s.Classes == 1 {
		return nil, errors.Errorf("zoo: the model has %d classes; give the spec field \"classes\" or Options.Classes at least 2, or leave both out for a model without a classifier", s.Classes)
	}
	stack, err := s.stack()
	if err != nil {
		return nil, err
	}
	m := &Model{spec: s, seed: opt.Seed, dtype: cmp.Or(opt.Dtype, tensor.Float32), stack: stack}
	if m.dtype != tensor.Float32 && m.dtype != tensor.Float64 {
		return nil, errors.Errorf("zoo: a model of %v; want Float32 or Float64", m.dtype)
	}
	if n := m.Counts().Model; n > maxParams {
		return nil, errors.Errorf("zoo: the model has %d learnable values; want at most %d", n, maxParams)
	}
	return m, nil
}

// shapes lists the names and shapes of the learnable tensors, in the order of Params.
func (m *Model) shapes() []cells.Param {
	all := m.stack.Params()
	if classes := m.Classes(); classes > 0 {
		all = append(all, cells.Param{Name: headWeight, Shape: []int{m.stack.Features(), classes}}, cells.Param{Name: headBias, Shape: []int{1, classes}})
	}
	return all
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

// Spec returns what the model was made from, with the dropout and the number of
// classes that it has. Its lists are the model's own and not to be changed.
func (m *Model) Spec() Spec { return m.spec }

// Classes returns the number of classes; 0 for a headless model.
func (m *Model) Classes() int { return m.spec.Classes }

// Seed returns what the initial weights were drawn from, and dropout is.
func (m *Model) Seed() uint64 { return m.seed }

// Dtype returns the type of the weights and of the values that the model reads.
func (m *Model) Dtype() tensor.Dtype { return m.dtype }

// Params lists the learnable tensors with their values: those of the layers, then the classifier's.
func (m *Model) Params() []Tensor { return m.tensors }

// Features returns the number of values the model reads per step.
func (m *Model) Features() int { return m.stack.Inputs() }

// BuildOptions are the options of Build.
type BuildOptions struct {
	// Lengths, of shape (batch) and x's type, holds the number of steps of each sequence; nil means that
	// all have all steps. Values after them are ignored.
	Lengths *G.Node
	// Training turns dropout on, with the model's seed.
	Training bool
	// Run points to the number of the run, which with the seed determines
	// dropout; nil makes the graph count its own runs. See cells.Options.
	Run *uint64
	// Row is the row of this batch's first sequence in a larger batch that several graphs share out:
	// each then drops what a single graph would. See cells.Options.
	Row int
	// Activations asks for those of the Network.
	Activations bool
	// Truncate cuts sequences into pieces of so many steps, through which gradients do not go back; 0
	// means no cuts.
	Truncate int
	// Carry makes the states before the first step inputs, Network.Start, for sequences that are read in
	// pieces. It is an error in a bidirectional model.
	Carry bool
	// Unroll makes every step of the recurrences nodes of the graph, for second derivatives.
	Unroll bool
	// Prefix starts the names of the nodes, for two models in one graph.
	Prefix string
}

// Network is a model in a graph.
//
// Read values of its nodes as outputs of graph.Compile, or with gorgonia.Read before the machine is
// made. Under a gorgonia.TapeMachine a node's own Value may by the end of a run be that of another: in
// the training graph of an RNN that of Last is (package graph, 11).
type Network struct {
	Logits     *G.Node // (batch, classes), before the softmax; nil for a headless model
	Last       *G.Node // (batch, features), the state the classifier reads
	Learnables G.Nodes // one node for each of the model's Params, in their order

	// Start and End are the states before the first step and after each sequence's last one, (batch, hidden):
	// of layer after layer h and, where the cell has one, c. A piece of sequences starts with the
	// values in which the piece before it ended. Start are inputs of the graph. Without
	// BuildOptions.Carry both are nil.
	Start, End G.Nodes

	// Activations are the values inside the layers, layer by layer.
	Activations []cells.Activation

	layers int // learnables before the classifier's
}

// Layers returns the learnables without those of the classifier: what a loss on
// Last, under a head of your own, has gradients for.
func (n *Network) Layers() G.Nodes { return n.Learnables[:n.layers:n.layers] }

// Build adds the model to x's graph. x is (batch, steps, n_1, ..., n_d), where n_1·…·n_d is Features,
// and has the model's type. The learnables share the memory of the model's values, so a solver's step on
// one graph is seen by all graphs of the model. Graphs may run in parallel while no solver steps.
//
// It returns an error when x has the wrong shape or type, or when the graph
// already has a node with a learnable's name.
func (m *Model) Build(g *G.ExprGraph, x *G.Node, opt BuildOptions) (*Network, error) {
	if x.Graph() != g {
		return nil, errors.Errorf("zoo: the input node %q is not of the graph the model is built into", x.Name())
	}
	if x.Dtype() != m.dtype {
		return nil, errors.Errorf("zoo: the input node %q is %v, the model %v", x.Name(), x.Dtype(), m.dtype)
	}
	net := &Network{layers: len(m.stack.Params())}
	nodes := map[string]*G.Node{}
	for _, p := range m.tensors {
		// Each graph has its own header: a product transposes it for a moment.
		header := tensor.New(tensor.WithShape(p.Value.Shape()...), tensor.WithBacking(p.Value.Data()))
		n, err := graph.Input(g, opt.Prefix+p.Name, m.dtype, header.Shape(), header)
		if err != nil {
			return nil, errors.Wrap(err, "zoo: give BuildOptions a Prefix")
		}
		net.Learnables = append(net.Learnables, n)
		nodes[p.Name] = n
	}
	start, err := m.start(g, x.Shape()[0], opt)
	if err != nil {
		return nil, err
	}
	out, err := m.stack.Forward(x, nodes, cells.Options{
		Lengths: opt.Lengths, Training: opt.Training, Seed: m.seed, Run: opt.Run, Row: opt.Row, Activations: opt.Activations,
		Unroll: opt.Unroll, Truncate: opt.Truncate, Start: start,
	})
	if err != nil {
		return nil, err
	}
	for k, s := range start {
		net.Start, net.End = append(net.Start, s.H), append(net.End, out.End[k].H)
		if c := out.End[k].C; c != nil {
			net.Start, net.End = append(net.Start, s.C), append(net.End, c)
		}
	}
	net.Last, net.Activations = out.Last, out.Activations
	if m.Classes() == 0 {
		return net, nil
	}
	var e graph.Equations
	net.Logits = e.AddRow(e.Binary(G.Mul, out.Last, nodes[headWeight]), nodes[headBias])
	return net, errors.Wrap(e.Err(), "zoo: classifier")
}

// start adds the inputs of BuildOptions.Carry.
func (m *Model) start(g *G.ExprGraph, batch int, opt BuildOptions) (states []cells.State, err error) {
	if !opt.Carry {
		return nil, nil
	}
	var e graph.Equations
	for k, l := range m.stack.Layers() {
		input := func(name string) *G.Node {
			return e.Do(func() (*G.Node, error) {
				return graph.Input(g, fmt.Sprintf("%slayer%d.%s", opt.Prefix, k+1, name), m.dtype, []int{batch, l.Hidden()}, nil)
			})
		}
		states = append(states, cells.State{H: input("h"), C: input("c")})
	}
	return states, e.Err()
}
