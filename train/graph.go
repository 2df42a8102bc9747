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
	model *zoo.Model
	set   datasets.Set
	batch int

	// Of training alone: the indexes of the parameters that have gradients, the
	// part of the target that all classes share, and the number of the run.
	trained   []int
	smoothing float64
	run       *uint64

	// Which activations are outputs; nil for none.
	watch func(*zoo.Network) G.Nodes

	full, lengths *graph
}

// graph is the model with its loss and, in training, its gradients.
type graph struct {
	net                *zoo.Network
	x, target, lengths *G.Node // lengths is nil for full batches
	loss               *G.Node
	trained            G.Nodes // the learnables that have gradients
	program            *safe.Program
	targets, steps     []float32 // memory of target and lengths
}

// train computes the mean loss and the gradients of a batch that is part of
// total clips, adds its score up, and returns both. The gradients are those of
// the loss times batch.Len/total. Their memory is that of the graph.
func (s *graphs) train(b *datasets.Batch, total int, sum *tally) (loss float64, grads [][]float32, err error) {
	g, err := s.do(b, total)
	if err != nil {
		return 0, nil, err
	}
	loss, err = s.score(g, b, total, sum)
	if err != nil {
		return 0, nil, err
	}
	for _, n := range g.trained {
		v, err := n.Grad()
		if err != nil {
			return 0, nil, errors.Wrapf(err, "train: gradient of %s", n.Name())
		}
		grads = append(grads, v.Data().([]float32))
	}
	return loss, grads, nil
}

// logits computes the logits of a batch's clips, (b.Len, classes), and adds its
// score up.
func (s *graphs) logits(b *datasets.Batch, sum *tally) ([]float32, error) {
	g, err := s.do(b, b.Len)
	if err != nil {
		return nil, err
	}
	_, err = s.score(g, b, b.Len, sum)
	return g.logits(b), err
}

// do runs the graph that the batch needs.
func (s *graphs) do(b *datasets.Batch, total int) (*graph, error) {
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
	if err := (*at).let(b, steps, total, s.smoothing); err != nil {
		return nil, err
	}
	return *at, (*at).program.Run()
}

// score adds the score of the batch just run up, and returns its mean loss.
func (s *graphs) score(g *graph, b *datasets.Batch, total int, sum *tally) (float64, error) {
	loss, err := g.program.Scalar(g.loss)
	if err != nil {
		return 0, err
	}
	sum.Loss += loss * float64(total)
	sum.Clips += b.Len
	logits, classes := g.logits(b), s.model.Classes
	for k, label := range b.Labels {
		if argmax(logits[k*classes:(k+1)*classes]) == label {
			sum.Hits++
		}
	}
	return loss * float64(total) / float64(b.Len), nil
}

// logits returns those of the batch's clips, in the program's memory.
func (g *graph) logits(b *datasets.Batch) []float32 {
	classes := g.net.Logits.Shape()[1]
	return g.program.Value(g.net.Logits).Data().([]float32)[:b.Len*classes]
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
	g.targets = make([]float32, s.batch*s.model.Classes)
	if lengths {
		if g.lengths, err = safe.Input(eg, "lengths", tensor.Float32, tensor.Shape{s.batch}, nil); err != nil {
			return nil, err
		}
		g.steps = make([]float32, s.batch)
	}
	opt := zoo.BuildOptions{Lengths: g.lengths, Training: len(s.trained) > 0, Run: s.run}
	if g.net, err = s.model.Build(eg, g.x, opt); err != nil {
		return nil, errors.Wrap(err, "train")
	}
	if g.loss, err = safe.CrossEntropy(g.net.Logits, g.target); err != nil {
		return nil, err
	}
	outputs := G.Nodes{g.loss, g.net.Logits}
	if s.watch != nil {
		outputs = append(outputs, s.watch(g.net)...)
	}
	if len(s.trained) == 0 {
		g.program, err = safe.Compile(outputs, nil, nil)
		return g, err
	}
	for _, k := range s.trained {
		g.trained = append(g.trained, g.net.Learnables[k])
	}
	grads, err := safe.Grad(g.loss, g.trained...)
	if err != nil {
		return nil, err
	}
	g.program, err = safe.Compile(outputs, grads, g.trained)
	return g, err
}

// let gives the inputs the batch's values; x shares the batch's memory. Each
// clip weighs 1/total, and clips that fill a short batch up weigh nothing.
func (g *graph) let(b *datasets.Batch, steps, total int, smoothing float64) error {
	if err := G.Let(g.x, tensor.New(tensor.WithShape(g.x.Shape()...), tensor.WithBacking(b.X))); err != nil {
		return errors.Wrap(err, "train: x")
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
	if err := G.Let(g.target, tensor.New(tensor.WithShape(g.target.Shape()...), tensor.WithBacking(g.targets))); err != nil {
		return errors.Wrap(err, "train: target")
	}
	if g.lengths == nil {
		return nil
	}
	for k := range g.steps {
		g.steps[k] = float32(steps)
		if k < b.Len {
			g.steps[k] = float32(b.Steps[k])
		}
	}
	return errors.Wrap(G.Let(g.lengths, tensor.New(tensor.WithShape(len(g.steps)), tensor.WithBacking(g.steps))), "train: lengths")
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
