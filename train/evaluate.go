package train

import (
	"context"
	"math"
	"runtime"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// Evaluation holds a model's results on a part of a set.
type Evaluation struct {
	Score
	Classes []string
	Index   []int     // in the part, of each clip that is not damaged
	Labels  []int     // of each of these
	Logits  []float32 // (clips, classes) in row-major order, before the softmax

	// Confusion counts clips by true class (row) and predicted class (column).
	Confusion [][]int
}

// ClassScore is the score of one class.
type ClassScore struct {
	Class     string
	Clips     int     // that are of the class
	Predicted int     // that the model takes for it
	Precision float64 // fraction of the predicted ones that are of the class; NaN if there are none
	Recall    float64 // fraction of the class that is predicted; NaN if it has no clips
}

// ByClass returns the scores of each class, in the order of their labels.
func (e *Evaluation) ByClass() []ClassScore {
	scores := make([]ClassScore, len(e.Classes))
	for k, name := range e.Classes {
		s := ClassScore{Class: name}
		for j := range e.Classes {
			s.Clips += e.Confusion[k][j]
			s.Predicted += e.Confusion[j][k]
		}
		right := float64(e.Confusion[k][k])
		s.Precision, s.Recall = right/float64(s.Predicted), right/float64(s.Clips) // 0/0 is NaN
		scores[k] = s
	}
	return scores
}

// Evaluate runs the model over a part of the set, at most batch clips at a time, without
// dropout, over runtime.GOMAXPROCS(0) graphs. A clip's logits do not depend on the rest
// of its batch. It returns an error when model and set don't fit, when a clip cannot be
// read or its logits are not finite, and ctx's error when ctx is done.
func Evaluate(ctx context.Context, m *zoo.Model, set datasets.Set, part datasets.Part, batch int) (*Evaluation, error) {
	err := fits(m, set)
	if err == nil && batch < 1 {
		err = errors.Errorf("train: a batch of %d clips; want at least 1", batch)
	}
	if err != nil {
		return nil, &InputError{err}
	}
	graphs := evaluating(m, set, part, batch, runtime.GOMAXPROCS(0))
	defer graphs.close()
	return evaluate(ctx, graphs, set, part)
}

// evaluatedSteps are those of a clip that an evaluation has in memory at once.
const evaluatedSteps = 1024

// evaluating returns replicas without gradients, for batches that are no larger than
// the part of the set.
func evaluating(m *zoo.Model, set datasets.Set, part datasets.Part, batch, threads int) *replicas {
	piece := pieceOf(m, set, evaluatedSteps)
	t := task{model: m, steps: piece, stepShape: set.StepShape(), carry: piece < set.Steps()}
	return newReplicas(t, max(1, min(batch, set.Clips(part))), threads)
}

func evaluate(ctx context.Context, graphs *replicas, set datasets.Set, part datasets.Part) (*Evaluation, error) {
	classes := graphs.model.Classes()
	e := &Evaluation{Classes: set.Classes(), Confusion: make([][]int, classes)}
	for k := range e.Confusion {
		e.Confusion[k] = make([]int, classes)
	}
	var sum tally
	err := graphs.each(ctx, set, part, set.Clips(part), func(b *datasets.Batch) error {
		if _, err := graphs.score(b, b.Len, &sum); err != nil {
			return err
		}
		if b.More {
			return nil
		}
		logits := graphs.logits()
		if at := measure.NotFinite(logits); at >= 0 {
			return &DivergedError{errors.Errorf("train: the logits of %s clip %d are not finite: the model's weights are too large", part, b.Clips[at/classes])}
		}
		e.Index, e.Labels, e.Logits = append(e.Index, b.Clips...), append(e.Labels, b.Labels...), append(e.Logits, logits...)
		for k, label := range b.Labels {
			e.Confusion[label][argmax(logits[k*classes:(k+1)*classes])]++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if e.Score = sum.score(); sum.Clips == 0 && set.Clips(part) > 0 {
		return nil, &InputError{errors.Errorf("train: every %s clip of %s is damaged", part, set.Name())}
	}
	return e, nil
}

// each calls do with batches of the first clips of a part of a set, piece by piece, but for
// a batch whose clips are all damaged.
func (r *replicas) each(ctx context.Context, set datasets.Set, part datasets.Part, clips int, do func(*datasets.Batch) error) error {
	for b, err := range datasets.Pieces(set, part, r.batch, r.steps, inOrder(clips)) {
		if stopped := ctx.Err(); stopped != nil { // first: a set may end its reading with ctx
			return stopped
		}
		if err == nil && b.Len > 0 {
			err = do(b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// inOrder lists 0 to n-1.
func inOrder(n int) []int {
	order := make([]int, n)
	for k := range order {
		order[k] = k
	}
	return order
}

// Score is a mean over clips.
type Score struct {
	Loss     float64 `json:"loss"`     // cross-entropy, in nats
	Accuracy float64 `json:"accuracy"` // fraction of the clips whose largest logit is the label's
	Clips    int     `json:"clips"`
}

// Diverged reports whether the loss is more than ten times ln(classes), that of a uniform
// guess: training has failed, though every number is finite. A model that has memorised
// its training clips may be a few times above a guess on others.
func (s Score) Diverged(classes int) bool { return s.Loss > 10*math.Log(float64(max(2, classes))) }

// tally adds scores up.
type tally struct {
	Loss  float64 `json:"loss"`
	Hits  float64 `json:"hits"`
	Clips int     `json:"clips"`
}

func (t *tally) add(other tally) {
	t.Loss += other.Loss
	t.Hits += other.Hits
	t.Clips += other.Clips
}

func (t *tally) score() Score {
	n := math.Max(1, float64(t.Clips))
	return Score{Loss: t.Loss / n, Accuracy: t.Hits / n, Clips: t.Clips}
}

// argmax returns the place of the largest value, -1 where one is NaN.
func argmax(x []float32) int { return slices.Index(x, slices.Max(x)) }

// Gate describes what one gate of a layer does, step by step, over all clips and units.
type Gate struct {
	Layer string // "layer1", or "layer1.backward" for the reverse direction
	Name  string // that of one of the cell's Gates
	Mean  []float64
	// Saturated is the fraction of the values within a twentieth of the range of its ends, 0 and 1 for a
	// sigmoid: nearly no gradient passes them. A gate without bounds has none.
	Saturated []float64
	Count     []int // values behind the figures of a step; padding does not count
}

// Gates measures the gates on the first clips of a part of the set, at most the
// given number. It returns an error when Evaluate does.
func Gates(ctx context.Context, m *zoo.Model, set datasets.Set, part datasets.Part, batch, clips int) ([]Gate, error) {
	if err := fits(m, set); err != nil {
		return nil, err
	}
	if batch < 1 || clips < 1 {
		return nil, errors.Errorf("train: gates of %d clips, %d at a time; want at least 1", clips, batch)
	}
	graphs := evaluating(m, set, part, min(batch, clips), runtime.GOMAXPROCS(0))
	graphs.watch = true
	defer graphs.close()
	var all []Gate
	err := graphs.each(ctx, set, part, min(clips, set.Clips(part)), func(b *datasets.Batch) error {
		if err := graphs.do(b, b.Len); err != nil {
			return err
		}
		for _, r := range graphs.ran() {
			for _, a := range r.ran.net.Activations {
				if a.Gate == nil {
					continue
				}
				at := slices.IndexFunc(all, func(g Gate) bool { return g.Layer == a.Layer && g.Name == a.Name })
				if at < 0 {
					at, all = len(all), append(all, Gate{a.Layer, a.Name, make([]float64, set.Steps()), make([]float64, set.Steps()), make([]int, set.Steps())})
				}
				values, units := r.ran.value(a.Node), a.Node.Shape()[2]
				for k, steps := range r.part.Steps {
					for t := range steps {
						all[at].add(a.Gate, b.From+t, values[(k*a.Node.Shape()[1]+t)*units:][:units])
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, g := range all {
		for k, n := range g.Count { // NaN at a step that no clip has
			g.Mean[k] /= float64(n)
			g.Saturated[k] /= float64(n)
		}
	}
	return all, nil
}

func (g *Gate) add(of *cells.Gate, step int, values []float32) {
	margin := (of.High - of.Low) / 20
	for _, v := range values {
		v := float64(v)
		g.Mean[step] += v
		if margin > 0 && (v < of.Low+margin || v > of.High-margin) {
			g.Saturated[step]++
		}
	}
	g.Count[step] += len(values)
}
