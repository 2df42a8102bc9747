package train

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// task is what a graph computes of clips of one shape: logits and loss and, in
// training, gradients.
type task struct {
	model     *zoo.Model
	steps     int
	stepShape []int

	// Of training alone: the indexes of the parameters that have gradients, the
	// part of the target that all classes share, and the number of the run.
	trained   []int
	smoothing float64
	run       *uint64

	watch bool // the activations are outputs too
}

// batchGraph is the model with its loss and, in training, its gradients.
type batchGraph struct {
	net                *zoo.Network
	x, target, lengths *G.Node // lengths is nil for full clips
	loss               *G.Node
	trained            G.Nodes // the learnables that have gradients
	program            *graph.Program
	targets, steps     []float32 // memory of target and lengths
}

// build makes the graph for the given number of clips, the first of which is row
// row of the batch.
func (t *task) build(row, clips int, lengths bool) (g *batchGraph, err error) {
	eg := G.NewGraph()
	var e graph.Equations
	input := func(name string, shape ...int) *G.Node {
		return e.Do(func() (*G.Node, error) { return graph.Input(eg, name, tensor.Float32, shape, nil) })
	}
	g = &batchGraph{targets: make([]float32, clips*t.model.Classes())}
	g.x, g.target = input("x", append([]int{clips, t.steps}, t.stepShape...)...), input("target", clips, t.model.Classes())
	if lengths {
		g.lengths, g.steps = input("lengths", clips), make([]float32, clips)
	}
	opt := zoo.BuildOptions{Lengths: g.lengths, Training: len(t.trained) > 0, Run: t.run, Row: row}
	g.loss = e.Do(func() (*G.Node, error) {
		if g.net, err = t.model.Build(eg, g.x, opt); err != nil {
			return nil, errors.Wrap(err, "train")
		}
		return graph.CrossEntropy(g.net.Logits, g.target)
	})
	if e.Err() != nil {
		return nil, e.Err()
	}
	outputs := G.Nodes{g.loss, g.net.Logits}
	if t.watch {
		for _, a := range g.net.Activations {
			outputs = append(outputs, a.Node)
		}
	}
	var grads G.Nodes
	if len(t.trained) > 0 {
		for _, k := range t.trained {
			g.trained = append(g.trained, g.net.Learnables[k])
		}
		if grads, err = graph.Grad(g.loss, g.trained...); err != nil {
			return nil, err
		}
	}
	g.program, err = graph.Compile(outputs, grads, g.trained)
	return g, err
}

// let gives the inputs the clips' values; x shares the batch's memory. Each clip
// weighs 1/total, and what fills b up weighs nothing.
func (g *batchGraph) let(b *datasets.Batch, steps, total int, smoothing float64) error {
	let := func(n *G.Node, values []float32) error {
		return errors.Wrapf(G.Let(n, tensor.New(tensor.WithShape(n.Shape()...), tensor.WithBacking(values))), "train: %s", n.Name())
	}
	if err := let(g.x, b.X); err != nil {
		return err
	}
	clear(g.targets)
	classes := g.target.Shape()[1]
	for k, label := range b.Labels {
		row := g.targets[k*classes : (k+1)*classes]
		for j := range row {
			row[j] = float32(smoothing / float64(classes) / float64(total))
		}
		row[label] += float32((1 - smoothing) / float64(total))
	}
	if err := let(g.target, g.targets); err != nil || g.lengths == nil {
		return err
	}
	for k := range g.steps {
		g.steps[k] = float32(steps)
		if k < b.Len {
			g.steps[k] = float32(b.Steps[k])
		}
	}
	return let(g.lengths, g.steps)
}

// value returns what the last run made of an output.
func (g *batchGraph) value(output *G.Node) []float32 {
	return g.program.Value(output).Data().([]float32)
}

// gradient returns the gradient of the k-th trained parameter.
func (g *batchGraph) gradient(k int) ([]float32, error) {
	v, err := g.trained[k].Grad()
	if err != nil {
		return nil, errors.Wrapf(err, "train: gradient of %s", g.trained[k].Name())
	}
	return v.Data().([]float32), nil
}
