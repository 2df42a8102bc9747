package train

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// replicas share out batches of one size: each has graphs of its own for some of the rows, and all run
// at the same time. What they compute is put together in the order of their rows, so that two runs with
// as many replicas have the same bits; other numbers of replicas agree up to rounding.
type replicas struct {
	task
	batch  int // clips
	all    []*replica
	scores []float32 // logits of the last batch

	onBuild  func(done bool) // Config.OnBuild; may be nil
	building time.Duration   // what building has taken
}

// replica has the rows from, ..., to-1 of every batch.
type replica struct {
	from, to int
	// One graph is for clips that all have all steps, others look at their lengths. Each is
	// built when first needed.
	graphs map[shape]*batchGraph

	part *datasets.Batch // its clips of the last batch, their Steps and Labels being those in its piece
	of   shape           // of these
	ran  *batchGraph     // on them; nil when there were none

	state [][]float32 // at the beginning of the piece, as Network.Start
}

// shape is what graphs of a task differ by.
type shape struct {
	steps   int
	lengths bool // some clips have fewer
	forward bool // no clip ends in this piece, so that there is no loss: states alone
}

// shapeOf returns the least shape for clips of some steps. In training their padding is cut to a
// multiple of a quarter of all steps, so that there are few graphs. In an evaluation the graph of
// a clip does not depend on the clips beside it.
func (t *task) shapeOf(steps []int) shape {
	longest, short := slices.Max(steps), slices.ContainsFunc(steps, func(n int) bool { return n < t.steps })
	if len(t.trained) == 0 || t.steps < 8 || t.carry {
		return shape{steps: t.steps, lengths: short}
	}
	quarters := (4*longest + t.steps - 1) / t.steps
	return shape{steps: (quarters*t.steps + 3) / 4, lengths: short}
}

// newReplicas divides a batch into as many parts as there are threads, as far as there are clips.
func newReplicas(t task, batch, threads int) *replicas {
	r := &replicas{task: t, batch: batch}
	n := min(threads, batch)
	for k := range n {
		r.all = append(r.all, &replica{from: k * batch / n, to: (k + 1) * batch / n, graphs: map[shape]*batchGraph{}})
	}
	return r
}

// do runs the replicas on a batch that is part of total clips.
func (r *replicas) do(b *datasets.Batch, total int) error {
	var ready, missing []*replica
	for _, each := range r.all {
		if each.take(&r.task, r.batch, b); each.part == nil {
			continue
		}
		if ready = append(ready, each); each.ran == nil {
			missing = append(missing, each)
		}
	}
	if len(missing) > 0 {
		if r.onBuild != nil {
			r.onBuild(false)
		}
		began := time.Now()
		if err := together(missing, func(each *replica) error { return each.build(&r.task) }); err != nil {
			return err
		}
		r.building += time.Since(began)
		if r.onBuild != nil {
			r.onBuild(true)
		}
	}
	return together(ready, func(each *replica) error { return each.run(&r.task, total) })
}

// ends reports whether clip k of a batch has its last step in the batch's piece.
func (t *task) ends(b *datasets.Batch, k int) bool {
	return !t.carry || b.Steps[k] > b.From && b.Steps[k] <= b.From+t.steps
}

// together calls do for all replicas at the same time. Of several errors it always returns the same.
func together(all []*replica, do func(*replica) error) error {
	errs := make([]error, len(all))
	var wait sync.WaitGroup
	for k, each := range all {
		wait.Go(func() { errs[k] = do(each) })
	}
	wait.Wait()
	return cmp.Or(errs...)
}

// take takes the replica's clips of a batch of the given size, and the graph that they need, if it is there.
func (r *replica) take(t *task, size int, b *datasets.Batch) {
	if t.carry {
		r.carry(b.From == 0)
	}
	r.part, r.ran = nil, nil
	to := min(r.to, b.Len)
	if r.from >= to {
		return
	}
	each := len(b.X) / size
	r.part = &datasets.Batch{X: b.X[r.from*each : r.to*each], Len: to - r.from}
	r.part.Labels, r.part.Steps, r.part.Clips = b.Labels[r.from:to], b.Steps[r.from:to], b.Clips[r.from:to]
	if t.carry {
		r.part.From = b.From
		r.part.Labels, r.part.Steps = slices.Clone(r.part.Labels), slices.Clone(r.part.Steps)
		for k := range r.part.Steps {
			if !t.ends(b, r.from+k) {
				r.part.Labels[k] = noLabel
			}
			r.part.Steps[k] = min(max(0, r.part.Steps[k]-b.From), t.steps)
		}
	}
	r.of = t.shapeOf(r.part.Steps)
	r.of.forward = t.carry && !slices.ContainsFunc(r.part.Labels, func(label int) bool { return label != noLabel })
	r.ran = r.graphs[r.of]
}

// noLabel is that of a clip which does not end in a piece.
const noLabel = -1

// carry makes the states at the end of the last piece those at the beginning of the next, or
// makes them zeros.
func (r *replica) carry(first bool) {
	if first {
		for _, s := range r.state {
			clear(s)
		}
		return
	}
	if r.ran == nil { // no clips, or a replica that was given the state of another
		return
	}
	for k, end := range r.ran.net.End {
		copy(r.state[k], r.ran.value(end))
	}
}

// build makes the graph that the replica's clips need.
func (r *replica) build(t *task) error {
	g, err := t.build(r.of, r.from, r.to-r.from)
	if err != nil {
		return err
	}
	for _, n := range g.net.Start[len(r.state):] {
		r.state = append(r.state, make([]float32, n.Shape().TotalSize()))
	}
	r.ran, r.graphs[r.of] = g, g
	return nil
}

// run runs the graph on the replica's clips.
func (r *replica) run(t *task, total int) error {
	g, part, clips := r.ran, r.part, r.to-r.from
	if each := len(part.X) / clips; r.of.steps < t.steps {
		step := each / t.steps
		if g.cut == nil {
			g.cut = make([]float32, clips*r.of.steps*step)
		}
		for k := range clips {
			copy(g.cut[k*r.of.steps*step:][:r.of.steps*step], part.X[k*each:])
		}
		part.X = g.cut
	}
	if err := g.let(part, r.of.steps, total, t.smoothing, r.state); err != nil {
		return err
	}
	return g.program.Run()
}

// score runs the replicas on a batch that is part of total clips, adds the score of those
// that end in its piece up and returns their mean loss.
func (r *replicas) score(b *datasets.Batch, total int, sum *tally) (loss float64, err error) {
	if err := r.do(b, total); err != nil {
		return 0, err
	}
	for _, each := range r.ran() {
		if each.of.forward {
			continue
		}
		part, err := each.ran.program.Scalar(each.ran.loss)
		if err != nil {
			return 0, err
		}
		loss += part
	}
	loss *= float64(total)
	sum.Loss += loss
	logits, classes, ended := r.logits(), r.model.Classes(), 0
	for k, label := range b.Labels {
		if !r.ends(b, k) {
			continue
		}
		if ended++; argmax(logits[k*classes:(k+1)*classes]) == label {
			sum.Hits++
		}
	}
	sum.Clips += ended
	return loss / float64(max(1, ended)), nil
}

// ran lists the replicas that had clips of the last batch.
func (r *replicas) ran() []*replica {
	return slices.DeleteFunc(slices.Clone(r.all), func(each *replica) bool { return each.ran == nil })
}

// logits returns those of the last batch, (clips, classes), in memory that the next batch takes.
// Those of a clip that ended in an earlier piece are there too; of one that goes on they mean nothing.
func (r *replicas) logits() []float32 {
	classes, clips := r.model.Classes(), 0
	if r.scores == nil {
		r.scores = make([]float32, r.batch*classes)
	}
	for _, each := range r.ran() {
		clips += each.part.Len
		if each.of.forward {
			continue
		}
		for k, scores := range slices.Collect(slices.Chunk(each.ran.value(each.ran.net.Logits), classes))[:each.part.Len] {
			if each.part.Labels[k] != noLabel {
				copy(r.scores[(each.from+k)*classes:], scores)
			}
		}
	}
	return r.scores[:clips*classes]
}

// gradients adds those of the last batch, of its loss times its part of the total,
// to sums, one of each trained parameter, or begins them. Those that are not to be kept beyond the
// next batch are begun in the memory of the first replica.
func (r *replicas) gradients(sums [][]float32, begin, keep bool) {
	for _, each := range r.ran() {
		if each.of.forward {
			continue
		}
		for k, sum := range sums {
			grad := each.ran.gradient(k)
			switch {
			case begin && keep:
				copy(sum, grad)
				continue
			case begin:
				sums[k] = grad
				continue
			}
			for j, g := range grad {
				sum[j] += g
			}
		}
		begin = false
	}
	if begin {
		for _, sum := range sums {
			clear(sum)
		}
	}
}

// close gives the machines back. The next batch makes new ones.
func (r *replicas) close() {
	for _, each := range r.all {
		for _, g := range each.graphs {
			g.program.Close() // a TapeMachine without CUDA has nothing to fail
		}
		clear(each.graphs)
		each.part, each.ran = nil, nil
	}
}

// task is what a graph computes of clips of one shape: logits and loss and, in training, gradients.
type task struct {
	model     *zoo.Model
	steps     int // of a batch
	stepShape []int
	carry     bool // batches are pieces of clips, and states go on from one to the next

	// Of training alone: the indexes of the parameters that have gradients, the
	// part of the target that all classes share, and the number of the run.
	trained   []int
	smoothing float64
	truncate  int
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
	cut                []float32 // clips without the steps that the graph has not
}

// build makes the graph of a shape for the given number of clips, the first of which is row row of the batch.
func (t *task) build(of shape, row, clips int) (g *batchGraph, err error) {
	eg := G.NewGraph()
	var e graph.Equations
	input := func(name string, shape ...int) *G.Node {
		return e.Do(func() (*G.Node, error) { return graph.Input(eg, name, tensor.Float32, shape, nil) })
	}
	g = &batchGraph{targets: make([]float32, clips*t.model.Classes())}
	g.x, g.target = input("x", append([]int{clips, of.steps}, t.stepShape...)...), input("target", clips, t.model.Classes())
	if of.lengths {
		g.lengths, g.steps = input("lengths", clips), make([]float32, clips)
	}
	opt := zoo.BuildOptions{Lengths: g.lengths, Training: len(t.trained) > 0, Run: t.run, Row: row, Activations: t.watch, Truncate: t.truncate, Carry: t.carry}
	g.loss = e.Do(func() (*G.Node, error) {
		if g.net, err = t.model.Build(eg, g.x, opt); err != nil {
			return nil, errors.Wrap(err, "train")
		}
		return graph.CrossEntropy(g.net.Logits, g.target)
	})
	if e.Err() != nil {
		return nil, e.Err()
	}
	outputs := append(G.Nodes{g.loss, g.net.Logits}, g.net.End...)
	if of.forward {
		outputs = g.net.End
	}
	if t.watch {
		for _, a := range g.net.Activations {
			outputs = append(outputs, a.Node)
		}
	}
	var grads G.Nodes
	if len(t.trained) > 0 && !of.forward {
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
func (g *batchGraph) let(b *datasets.Batch, steps, total int, smoothing float64, state [][]float32) error {
	let := func(n *G.Node, values []float32) error {
		return errors.Wrapf(G.Let(n, tensor.New(tensor.WithShape(n.Shape()...), tensor.WithBacking(values))), "train: %s", n.Name())
	}
	clear(g.targets)
	classes := g.target.Shape()[1]
	for k, label := range b.Labels {
		if label == noLabel {
			continue
		}
		row := g.targets[k*classes : (k+1)*classes]
		for j := range row {
			row[j] = float32(smoothing / float64(classes) / float64(total))
		}
		row[label] += float32((1 - smoothing) / float64(total))
	}
	err := cmp.Or(let(g.x, b.X), let(g.target, g.targets))
	for k, n := range g.net.Start {
		err = cmp.Or(err, let(n, state[k]))
	}
	if g.lengths == nil {
		return err
	}
	for k := range g.steps {
		g.steps[k] = float32(steps)
		if k < b.Len {
			g.steps[k] = float32(b.Steps[k])
		}
	}
	return cmp.Or(err, let(g.lengths, g.steps))
}

// value returns what the last run made of an output.
func (g *batchGraph) value(output *G.Node) []float32 {
	return g.program.Value(output).Data().([]float32)
}

// gradient returns the gradient of the k-th trained parameter.
func (g *batchGraph) gradient(k int) []float32 {
	v, err := g.trained[k].Grad()
	if err != nil {
		panic(err) // the program has bound it
	}
	return v.Data().([]float32)
}
