package train

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/safe"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// graphs holds a model's graphs for batches of one size: one for clips that all
// have all steps, one that looks at their lengths. Each is built when first
// needed.
type graphs struct {
	model         *zoo.Model
	set           datasets.Set
	batch         int
	training      bool
	full, lengths *graph
}

// graph is the model with its loss and, in training, its gradients.
type graph struct {
	net                *zoo.Network
	x, target, lengths *G.Node // lengths is nil for full batches
	loss               *G.Node
	program            *safe.Program
}

// run computes loss and logits of a batch, and the gradients in training, and
// adds the score up.
func (s *graphs) run(b *datasets.Batch, sum *tally) (*graph, error) {
	steps := s.set.Steps()
	short := slices.ContainsFunc(b.Steps, func(n int) bool { return n < steps })
	at := &s.full
	if short {
		at = &s.lengths
	}
	if *at == nil {
		g, err := s.build(short)
		if err != nil {
			return nil, err
		}
		*at = g
	}
	g := *at
	if err := g.let(b, s.batch, steps, s.model.Classes); err != nil {
		return nil, err
	}
	if err := g.program.Run(); err != nil {
		return nil, err
	}
	loss, err := g.program.Scalar(g.loss)
	if err != nil {
		return nil, err
	}
	sum.loss += loss * float64(b.Len)
	sum.clips += b.Len
	logits := g.program.Value(g.net.Logits).Data().([]float32)
	for k, label := range b.Labels {
		if argmax(logits[k*s.model.Classes:(k+1)*s.model.Classes]) == label {
			sum.hits++
		}
	}
	return g, nil
}

func (s *graphs) build(lengths bool) (*graph, error) {
	eg := G.NewGraph()
	g := &graph{}
	var err error
	shape := append(tensor.Shape{s.batch, s.set.Steps()}, s.set.StepShape()...)
	if g.x, err = safe.Input(eg, "x", tensor.Float32, shape, nil); err != nil {
		return nil, err
	}
	if g.target, err = safe.Input(eg, "target", tensor.Float32, tensor.Shape{s.batch, s.model.Classes}, nil); err != nil {
		return nil, err
	}
	if lengths {
		if g.lengths, err = safe.Input(eg, "lengths", tensor.Float32, tensor.Shape{s.batch}, nil); err != nil {
			return nil, err
		}
	}
	if g.net, err = s.model.Build(eg, g.x, zoo.BuildOptions{Lengths: g.lengths, Training: s.training}); err != nil {
		return nil, errors.Wrap(err, "train")
	}
	if g.loss, err = safe.CrossEntropy(g.net.Logits, g.target); err != nil {
		return nil, err
	}
	outputs := G.Nodes{g.loss, g.net.Logits}
	if !s.training {
		g.program, err = safe.Compile(outputs, nil, nil)
		return g, err
	}
	grads, err := safe.Grad(g.loss, g.net.Learnables...)
	if err != nil {
		return nil, err
	}
	g.program, err = safe.Compile(outputs, grads, g.net.Learnables)
	return g, err
}

// let gives the inputs the batch's values; x shares the batch's memory.
func (g *graph) let(b *datasets.Batch, batch, steps, classes int) error {
	if err := G.Let(g.x, tensor.New(tensor.WithShape(g.x.Shape()...), tensor.WithBacking(b.X))); err != nil {
		return errors.Wrap(err, "train: x")
	}
	// A short batch is filled up with clips that have no target.
	target := make([]float32, batch*classes)
	for k, label := range b.Labels {
		target[k*classes+label] = 1 / float32(b.Len)
	}
	if err := G.Let(g.target, tensor.New(tensor.WithShape(batch, classes), tensor.WithBacking(target))); err != nil {
		return errors.Wrap(err, "train: target")
	}
	if g.lengths == nil {
		return nil
	}
	lengths := make([]float32, batch)
	for k := range lengths {
		lengths[k] = float32(steps)
		if k < b.Len {
			lengths[k] = float32(b.Steps[k])
		}
	}
	return errors.Wrap(G.Let(g.lengths, tensor.New(tensor.WithShape(batch), tensor.WithBacking(lengths))), "train: lengths")
}

// close gives the machines back.
func (s *graphs) close() {
	for _, g := range []*graph{s.full, s.lengths} {
		if g != nil {
			g.program.Close() // a TapeMachine without CUDA has nothing to fail
		}
	}
	s.full, s.lengths = nil, nil
}

func argmax(x []float32) int {
	best := 0
	for k, v := range x {
		if v > x[best] {
			best = k
		}
	}
	return best
}
