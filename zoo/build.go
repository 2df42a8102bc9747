package zoo

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/graph"
)

// BuildOptions are the options of Build.
type BuildOptions struct {
	// Lengths, of shape (batch) and x's type, holds the number of steps of each
	// sequence; nil means that all have all steps. Values after them are
	// ignored.
	Lengths *G.Node
	// Training turns dropout on, with the model's seed.
	Training bool
	// Run points to the number of the run, which with the seed determines
	// dropout; nil makes the graph count its own runs. See cells.Options.
	Run *uint64
	// Row is the row of this batch's first sequence in a larger batch that
	// several graphs share out: each then drops what a single graph would. See
	// cells.Options.
	Row int
	// Prefix starts the names of the nodes, for two models in one graph.
	Prefix string
}

// Network is a model in a graph.
//
// Read values of its nodes as outputs of graph.Compile, or with gorgonia.Read before
// the machine is made. Under a gorgonia.TapeMachine a node's own Value may by the end
// of a run be that of another: in the training graph of an RNN that of Last is
// (package graph, 11).
type Network struct {
	Logits     *G.Node // (batch, classes), before the softmax; nil for a headless model
	Last       *G.Node // (batch, features), the state the classifier reads
	Learnables G.Nodes // one node for each of the model's Params, in their order

	// Activations are the values inside the layers, in the order in which they
	// are computed.
	Activations []cells.Activation

	layers int // learnables before the classifier's
}

// Layers returns the learnables without those of the classifier: what a loss on
// Last, under a head of your own, has gradients for.
func (n *Network) Layers() G.Nodes { return n.Learnables[:n.layers:n.layers] }

// Build adds the model to x's graph. x is (batch, steps, n_1, ..., n_d), where
// n_1·…·n_d is Features, and has the model's type. The learnables share the
// memory of the model's values, so a solver's step on one graph is seen by all
// graphs of the model. Graphs may run in parallel while no solver steps.
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
	out, err := m.stack.Forward(x, nodes, cells.Options{Lengths: opt.Lengths, Training: opt.Training, Seed: m.seed, Run: opt.Run, Row: opt.Row})
	if err != nil {
		return nil, err
	}
	net.Last, net.Activations = out.Last, out.Activations
	if m.Classes() == 0 {
		return net, nil
	}
	var e graph.Equations
	net.Logits = e.AddRow(e.Binary(G.Mul, out.Last, nodes[headWeight]), nodes[headBias])
	return net, errors.Wrap(e.Err(), "zoo: classifier")
}
