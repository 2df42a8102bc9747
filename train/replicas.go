package train

import (
	"slices"
	"sync"

	"github.com/tensorzoo/tensorzoo/datasets"
)

// replicas share out batches of one size: each has graphs of its own for some of
// the rows, and all run at the same time. What they compute is put together in
// the order of their rows, so that two runs with as many replicas have the same
// bits; other numbers of replicas agree up to rounding.
type replicas struct {
	task
	batch  int // clips
	all    []*replica
	scores []float32 // logits of the last batch
}

// replica has the rows from, ..., to-1 of every batch.
type replica struct {
	from, to int
	// One graph is for clips that all have all steps, one looks at their
	// lengths. Each is built when first needed.
	full, lengths *batchGraph

	part *datasets.Batch // its clips of the last batch
	ran  *batchGraph     // on them; nil when there were none
	err  error
}

// newReplicas divides a batch into as many parts as there are threads, as far as
// there are clips.
func newReplicas(t task, batch, threads int) *replicas {
	r := &replicas{task: t, batch: batch}
	n := min(threads, batch)
	for k := range n {
		r.all = append(r.all, &replica{from: k * batch / n, to: (k + 1) * batch / n})
	}
	return r
}

// do runs the replicas on a batch that is part of total clips.
func (r *replicas) do(b *datasets.Batch, total int) error {
	var wait sync.WaitGroup
	for _, each := range r.all {
		wait.Go(func() { each.err = each.do(&r.task, r.batch, b, total) })
	}
	wait.Wait()
	for _, each := range r.all {
		if each.err != nil {
			return each.err
		}
	}
	return nil
}

// do runs the graph that the replica's clips of a batch of the given size need.
func (r *replica) do(t *task, size int, b *datasets.Batch, total int) error {
	r.part, r.ran = nil, nil
	to := min(r.to, b.Len)
	if r.from >= to {
		return nil
	}
	each := len(b.X) / size
	part := &datasets.Batch{
		X:      b.X[r.from*each : r.to*each],
		Labels: b.Labels[r.from:to], Steps: b.Steps[r.from:to], Clips: b.Clips[r.from:to], Len: to - r.from,
	}
	short := slices.ContainsFunc(part.Steps, func(n int) bool { return n < t.steps })
	g := &r.full
	if short {
		g = &r.lengths
	}
	if *g == nil {
		built, err := t.build(r.from, r.to-r.from, short)
		if err != nil {
			return err
		}
		*g = built
	}
	if err := (*g).let(part, t.steps, total, t.smoothing); err != nil {
		return err
	}
	r.part, r.ran = part, *g
	return r.ran.program.Run()
}

// score runs the replicas on a batch that is part of total clips, adds its score
// up and returns its mean loss.
func (r *replicas) score(b *datasets.Batch, total int, sum *tally) (loss float64, err error) {
	if err := r.do(b, total); err != nil {
		return 0, err
	}
	for _, each := range r.ran() {
		part, err := each.ran.program.Scalar(each.ran.loss)
		if err != nil {
			return 0, err
		}
		loss += part
	}
	loss *= float64(total)
	sum.Loss += loss
	sum.Clips += b.Len
	logits, classes := r.logits(), r.model.Classes()
	for k, label := range b.Labels {
		if argmax(logits[k*classes:(k+1)*classes]) == label {
			sum.Hits++
		}
	}
	return loss / float64(b.Len), nil
}

// ran lists the replicas that had clips of the last batch.
func (r *replicas) ran() []*replica {
	n := 0
	for n < len(r.all) && r.all[n].ran != nil {
		n++
	}
	return r.all[:n]
}

// logits returns those of the last batch, (clips, classes), in memory that the
// next batch takes.
func (r *replicas) logits() []float32 {
	r.scores = r.scores[:0]
	for _, each := range r.ran() {
		r.scores = append(r.scores, each.ran.value(each.ran.net.Logits)[:each.part.Len*r.model.Classes()]...)
	}
	return r.scores
}

// gradients adds those of the last batch, of its loss times its part of the total,
// to sums, one of each trained parameter, or begins them.
func (r *replicas) gradients(sums [][]float32, begin bool) error {
	for _, each := range r.ran() {
		for k, sum := range sums {
			grad, err := each.ran.gradient(k)
			if err != nil {
				return err
			}
			if begin {
				copy(sum, grad)
				continue
			}
			for j, g := range grad {
				sum[j] += g
			}
		}
		begin = false
	}
	return nil
}

// close gives the machines back. The next batch makes new ones.
func (r *replicas) close() {
	for _, each := range r.all {
		for _, g := range []*batchGraph{each.full, each.lengths} {
			if g != nil {
				g.program.Close() // a TapeMachine without CUDA has nothing to fail
			}
		}
		*each = replica{from: each.from, to: each.to}
	}
}
