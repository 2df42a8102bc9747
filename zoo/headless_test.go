package zoo_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// network builds a model for clips of 3 steps into a graph of its own.
func network(t *testing.T, m *zoo.Model, clips int) *zoo.Network {
	g := G.NewGraph()
	shape := tensor.Shape{clips, 3, m.Features()}
	x, err := graph.Input(g, "x", tensor.Float32, shape, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(frames(shape.TotalSize()))))
	require.NoError(t, err)
	net, err := m.Build(g, x, zoo.BuildOptions{Training: true, Activations: true})
	require.NoError(t, err)
	return net
}

// A model without a classifier has the layers of one with it, saves and loads them,
// and predicts its last state; it is not trained by package train.
func TestHeadless(t *testing.T) {
	full := newModel(t, tiny)
	for name, opt := range map[string]zoo.Options{"spec": {Seed: 3}, "option": {Seed: 3, Classes: zoo.Headless}} {
		t.Run(name, func(t *testing.T) {
			s := tiny
			s.Classes = 3
			if name == "spec" {
				s.Classes = 0
			}
			m, err := zoo.FromSpec(s, opt)
			require.NoError(t, err)
			require.Zero(t, m.Classes())
			layers := full.Params()[:len(full.Params())-2]
			require.Len(t, m.Params(), len(layers))
			require.Equal(t, m.Counts().Model, m.Counts().RecurrentLayer)
			for k, p := range m.Params() {
				require.Equal(t, layers[k].Name, p.Name)
				copy(p.Value.Data().([]float32), layers[k].Value.Data().([]float32))
			}
			net := network(t, m, 2)
			require.Nil(t, net.Logits)
			require.Equal(t, net.Learnables, net.Layers())
			program, err := graph.Compile(G.Nodes{net.Last}, nil, nil)
			require.NoError(t, err)
			defer program.Close()
			require.NoError(t, program.Run())
			want := program.Value(net.Last).Data().([]float32)

			dir := filepath.Join(t.TempDir(), "m")
			require.NoError(t, m.Save(dir))
			loaded, err := zoo.Load(dir)
			require.NoError(t, err)
			p, err := loaded.Predictor(2)
			require.NoError(t, err)
			defer p.Close()
			got, err := p.Clip(frames(2*3*6), 3, nil)
			require.NoError(t, err)
			near(t, want, got, "last state")
			first := append([]float32{}, got...)
			_, err = p.Clip(make([]float32, 2*3*6), 3, nil)
			require.NoError(t, err)
			require.Equal(t, first, got, "what was returned is the caller's")
			_, err = loaded.Guesses(got)
			require.EqualError(t, err, "zoo: a model without a classifier has no classes to choose from; make it with Options.Classes")
			_, err = train.NewStepper(m, 3, []int{6}, train.Config{Batch: 2, LearningRate: 0.1})
			require.EqualError(t, err, "train: the model is headless, without a classifier to train; make it with zoo.Options.Classes")
		})
	}
}

// A head of one's own on a full model or a headless one: Layers has gradients.
func TestLayers(t *testing.T) {
	for _, classes := range []int{zoo.Headless, 3} {
		m, err := zoo.FromSpec(tiny, zoo.Options{Classes: classes, Seed: 1})
		require.NoError(t, err)
		net := network(t, m, 2)
		cost := G.Must(graph.SumAll(G.Must(G.HadamardProd(net.Last, net.Last))))
		grads, err := graph.Grad(cost, net.Layers()...)
		require.NoError(t, err)
		p, err := graph.Compile(G.Nodes{cost}, grads, net.Layers())
		require.NoError(t, err)
		require.NoError(t, p.Run())
		require.Len(t, net.Layers(), 4) // two cores, recurrent weights, biases
		for _, n := range net.Layers() {
			grad, err := n.Grad()
			require.NoError(t, err)
			require.NotZero(t, norm(grad), n.Name())
		}
		require.NoError(t, p.Close())
	}
}

// What the doc of Network says of values: gorgonia.Read under a machine of one's own,
// with gradients, and an output of graph.Compile are the same.
func TestReadInForeignMachine(t *testing.T) {
	for _, cell := range []string{"lstm", "gru", "rnn"} {
		s := tiny
		s.Cell = cell
		m := newModel(t, s)
		loss := func(net *zoo.Network) *G.Node {
			target := tensor.New(tensor.WithShape(4, 3), tensor.WithBacking([]float32{1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0}))
			y, err := graph.Input(net.Last.Graph(), "y", tensor.Float32, target.Shape(), target)
			require.NoError(t, err)
			loss, err := graph.CrossEntropy(net.Logits, y)
			require.NoError(t, err)
			return loss
		}
		net := network(t, m, 4)
		grads, err := graph.Grad(loss(net), net.Learnables...)
		require.NoError(t, err)
		outputs := G.Nodes{net.Last, net.Logits, net.Activations[0].Node}
		p, err := graph.Compile(outputs, grads, net.Learnables)
		require.NoError(t, err)
		require.NoError(t, p.Run())

		foreign := network(t, m, 4)
		cost := loss(foreign)
		read := make([]G.Value, 3)
		for k, n := range []*G.Node{foreign.Last, foreign.Logits, foreign.Activations[0].Node} {
			G.Read(n, &read[k])
		}
		_, err = G.Grad(cost, foreign.Learnables...)
		require.NoError(t, err)
		vm := G.NewTapeMachine(cost.Graph(), G.BindDualValues(foreign.Learnables...))
		require.NoError(t, vm.RunAll())
		for k, n := range outputs {
			require.Equal(t, p.Value(n).Data(), read[k].Data(), "%s, output %d", cell, k)
		}
		require.NoError(t, vm.Close())
		require.NoError(t, p.Close())
	}
}
