package train

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// Config of Run.
type Config struct {
	Epochs       int     // passes over the training part, at least 1
	Batch        int     // clips a step, at least 1
	LearningRate float64 // of Adam, above 0
	Clip         float64 // the largest global norm of the gradients; 0 means any
	Seed         uint64  // of the order of clips; the model's own seed fixes weights and dropout

	// Progress, when not nil, is called after every step.
	Progress func(Progress)
}

// Progress is how far a run is.
type Progress struct {
	Epoch, Epochs int // 1 to Epochs
	Step, Steps   int // within the epoch, 1 to Steps
	Score             // of the epoch so far, on the clips as they were trained on
	Elapsed       time.Duration
}

// Score is a mean over clips.
type Score struct {
	Loss     float64 `json:"loss"`     // cross-entropy, in nats
	Accuracy float64 `json:"accuracy"` // part of the clips whose largest logit is the label's, 0 to 1
	Clips    int     `json:"clips"`
}

// Result is what Run measured.
type Result struct {
	Epochs     []Score       // on the training part, while it was trained on
	Test       Score         // on the test part, after the last epoch
	StepMillis float64       // median milliseconds of a step, reading clips aside
	Training   time.Duration // of all epochs, the test aside
}

func (c Config) validate() error {
	switch {
	case c.Epochs < 1:
		return errors.Errorf("train: %d epochs; want at least 1", c.Epochs)
	case c.Batch < 1:
		return errors.Errorf("train: a batch of %d clips; want at least 1", c.Batch)
	case !(c.LearningRate > 0) || math.IsInf(c.LearningRate, 0):
		return errors.Errorf("train: learning rate %v; want a positive number", c.LearningRate)
	case !(c.Clip >= 0):
		return errors.Errorf("train: clipping to a norm of %v; want a positive number, or 0 for none", c.Clip)
	}
	return nil
}

// Run trains the model on the set's training part and scores it on the test
// part. The model's weights change in place. It returns an error when model and
// set don't fit, when a clip cannot be read, when the loss is no longer a
// number, and ctx's error when that is done, after the step under way.
func Run(ctx context.Context, m *zoo.Model, set datasets.Set, cfg Config) (*Result, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if err := fits(m, set); err != nil {
		return nil, err
	}
	if set.Clips(datasets.Train) == 0 {
		return nil, errors.Errorf("train: %s has no clips to train on", set.Name())
	}
	graphs := &graphs{model: m, set: set, batch: cfg.Batch, training: true}
	defer graphs.close()
	solver := G.NewAdamSolver(G.WithLearnRate(cfg.LearningRate))

	result := &Result{}
	var times []float64
	start := time.Now()
	clips := set.Clips(datasets.Train)
	steps := (clips + cfg.Batch - 1) / cfg.Batch
	for epoch := range cfg.Epochs {
		var sum tally
		step := 0
		for batch, err := range datasets.Batches(set, datasets.Train, cfg.Batch, datasets.Order(clips, cfg.Seed, epoch)) {
			if err != nil {
				return nil, err
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			began := time.Now()
			graph, err := graphs.run(batch, &sum)
			if err != nil {
				return nil, err
			}
			step++
			if math.IsNaN(sum.loss) || math.IsInf(sum.loss, 0) {
				return nil, errors.Errorf("train: the loss is %v in epoch %d, step %d; a lower learning rate than %v or clipping may help",
					sum.loss, epoch+1, step, cfg.LearningRate)
			}
			if err := clipGradients(graph.net.Learnables, cfg.Clip); err != nil {
				return nil, err
			}
			if err := solver.Step(G.NodesToValueGrads(graph.net.Learnables)); err != nil {
				return nil, errors.Wrap(err, "train: Adam")
			}
			times = append(times, float64(time.Since(began).Microseconds())/1000)
			if cfg.Progress != nil {
				cfg.Progress(Progress{epoch + 1, cfg.Epochs, step, steps, sum.score(), time.Since(start)})
			}
		}
		result.Epochs = append(result.Epochs, sum.score())
	}
	result.Training = time.Since(start)
	slices.Sort(times)
	result.StepMillis = times[len(times)/2]
	graphs.close() // its memory is as large as the test's
	var err error
	result.Test, err = Evaluate(ctx, m, set, datasets.Test, cfg.Batch)
	return result, err
}

// Evaluate scores the model on a part of the set, batch clips at a time, without
// dropout. It returns an error where Run does.
func Evaluate(ctx context.Context, m *zoo.Model, set datasets.Set, part datasets.Part, batch int) (Score, error) {
	if err := fits(m, set); err != nil {
		return Score{}, err
	}
	graphs := &graphs{model: m, set: set, batch: batch}
	defer graphs.close()
	order := make([]int, set.Clips(part))
	for k := range order {
		order[k] = k
	}
	var sum tally
	for b, err := range datasets.Batches(set, part, batch, order) {
		if err != nil {
			return Score{}, err
		}
		if err := ctx.Err(); err != nil {
			return Score{}, err
		}
		if _, err := graphs.run(b, &sum); err != nil {
			return Score{}, err
		}
	}
	return sum.score(), nil
}

// fits checks that the model can read the set.
func fits(m *zoo.Model, set datasets.Set) error {
	features := 1
	for _, n := range set.StepShape() {
		features *= n
	}
	if features != m.Features() {
		return errors.Errorf("train: the model reads %d values a step, %s has steps of shape %v = %d", m.Features(), set.Name(), set.StepShape(), features)
	}
	if m.Classes != len(set.Classes()) {
		return errors.Errorf("train: the model has %d classes, %s has %d", m.Classes, set.Name(), len(set.Classes()))
	}
	return nil
}

// clipGradients scales all gradients by one factor when their norm, taken
// together, is above limit (Pascanu et al. 2013).
func clipGradients(learnables G.Nodes, limit float64) error {
	if limit == 0 {
		return nil
	}
	grads := make([][]float32, len(learnables))
	sum := 0.0
	for k, n := range learnables {
		v, err := n.Grad()
		if err != nil {
			return errors.Wrapf(err, "train: gradient of %s", n.Name())
		}
		grads[k] = v.Data().([]float32)
		for _, g := range grads[k] {
			sum += float64(g) * float64(g)
		}
	}
	if norm := math.Sqrt(sum); norm > limit {
		scale := float32(limit / norm)
		for _, grad := range grads {
			for j := range grad {
				grad[j] *= scale
			}
		}
	}
	return nil
}

// tally adds scores up.
type tally struct {
	loss, hits float64
	clips      int
}

func (t *tally) score() Score {
	n := math.Max(1, float64(t.clips))
	return Score{Loss: t.loss / n, Accuracy: t.hits / n, Clips: t.clips}
}
