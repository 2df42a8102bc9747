package train

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// Batches whose gradients are added up make the step of one large batch, also
// the last, short one of an epoch.
func TestAccumulateIsALargeBatch(t *testing.T) {
	set := newWalks(26, 5, true)
	train := func(batch, accumulate int) ([]float32, *Result) {
		m := newModel(t, 1, 0)
		r, err := Run(context.Background(), m, set, Config{
			Epochs: 2, Batch: batch, Accumulate: accumulate, LearningRate: 0.1, Optimizer: SGD{Momentum: 0.5}, MaxGradNorm: 1, LabelSmoothing: 0.1, Seed: 3,
		})
		require.NoError(t, err)
		return weights(m), r
	}
	large, r1 := train(12, 1)
	small, r2 := train(4, 3)
	require.InDeltaSlice(t, large, small, 1e-5)
	require.Equal(t, 6, r1.Epochs[1].Updates)
	require.Equal(t, 6, r2.Epochs[1].Updates)
	require.InDelta(t, r1.Epochs[1].Train.Loss, r2.Epochs[1].Train.Loss, 1e-5)
	require.Equal(t, 26, r2.Epochs[1].Train.Clips)
}

// Frozen parameters keep their bits, all others move.
func TestFreeze(t *testing.T) {
	set := newWalks(20, 5, false)
	m, before := newModel(t, 1, 0), newModel(t, 1, 0)
	cfg := config(1)
	cfg.Freeze = []string{"layer1.input.*", "head.bias"}
	_, err := Run(context.Background(), m, set, cfg)
	require.NoError(t, err)
	for k, p := range m.Params() {
		frozen := p.Name == "head.bias" || len(p.Name) > 13 && p.Name[:13] == "layer1.input."
		require.Equal(t, frozen, p.Value.Eq(before.Params()[k].Value), p.Name)
	}
	cfg.Freeze = []string{"layer2.*"}
	_, err = Run(context.Background(), m, set, cfg)
	require.EqualError(t, err, `train: no parameter matches "layer2.*" to freeze; the first is layer1.input.U1`)
	cfg.Freeze = []string{"*"}
	_, err = Run(context.Background(), m, set, cfg)
	require.ErrorContains(t, err, "freezes every parameter")
	cfg.Freeze = []string{"["}
	_, err = Run(context.Background(), m, set, cfg)
	require.ErrorContains(t, err, "want patterns of names, such as layer1.input.*")
}

// The smoothed loss of logits z is -Σ q·log softmax(z) with q = (1-s)·onehot + s/classes.
func TestLabelSmoothing(t *testing.T) {
	const s = 0.2
	set := newWalks(6, 6, false)
	m := newModel(t, 1, 0)
	plain, err := Evaluate(context.Background(), m, set, datasets.Train, 6)
	require.NoError(t, err)
	want := 0.0
	for k, label := range plain.Labels {
		z := plain.Logits[2*k : 2*k+2]
		norm := math.Log(math.Exp(float64(z[0])) + math.Exp(float64(z[1])))
		for c, v := range z {
			q := s / 2
			if c == label {
				q += 1 - s
			}
			want -= q * (float64(v) - norm) / 6
		}
	}
	cfg := config(1)
	cfg.LabelSmoothing = s
	r, err := Run(context.Background(), m, set, cfg) // one step: its loss is that of the first weights
	require.NoError(t, err)
	require.InDelta(t, want, r.Epochs[0].Train.Loss, 1e-6)
}

// Decay shrinks weights and not biases.
func TestWeightDecayLeavesBiases(t *testing.T) {
	set := newWalks(6, 6, false)
	train := func(decay float64) []zoo.Tensor {
		m := newModel(t, 1, 0)
		cfg := config(1)
		cfg.Optimizer, cfg.WeightDecay = SGD{Momentum: NoMomentum}, decay
		_, err := Run(context.Background(), m, set, cfg)
		require.NoError(t, err)
		return m.Params()
	}
	without, with := train(0), train(0.5)
	for k, p := range without {
		require.Equal(t, p.IsBias(), p.Value.Eq(with[k].Value), p.Name)
	}
}

// The run ends when the validation loss stops falling, with the weights that had
// the lowest, whether or not they stand in a folder.
func TestPatience(t *testing.T) {
	walks := newWalks(60, 20, false)
	set, err := datasets.Holdout(walks, 0.3, 2)
	require.NoError(t, err)
	for _, dir := range []string{"", t.TempDir()} {
		m := newModel(t, 1, 0)
		cfg := config(200)
		cfg.LearningRate, cfg.Patience, cfg.Dir = 0.3, 3, dir // too fast: it overshoots
		r, err := Run(context.Background(), m, set, cfg)
		require.NoError(t, err)
		require.True(t, r.Stopped)
		require.Len(t, r.Epochs, r.Best+3)
		for _, e := range r.Epochs {
			require.GreaterOrEqual(t, e.Validation.Loss, r.Epochs[r.Best-1].Validation.Loss)
			require.Equal(t, 18, e.Validation.Clips)
		}
		v, err := Evaluate(context.Background(), m, set, datasets.Validation, 6)
		require.NoError(t, err)
		require.Equal(t, r.Epochs[r.Best-1].Validation.Loss, v.Loss, "the model has the best epoch's weights")
		if dir == "" {
			continue
		}
		best, err := zoo.Load(filepath.Join(dir, "best"))
		require.NoError(t, err)
		require.Equal(t, weights(m), weights(best))
		require.Equal(t, dir+"/best", CheckpointDir(dir))
	}
}

// A checkpoint is written after every epoch, and in between when its time has
// come.
func TestSaveEvery(t *testing.T) {
	set := newWalks(24, 5, false) // 4 steps an epoch
	count := func(every time.Duration) (last, best int) {
		cfg := config(2)
		cfg.Dir, cfg.SaveEvery = t.TempDir(), every
		cfg.OnSave = func(dir string) {
			if filepath.Base(dir) == "last" {
				last++
			} else {
				best++
			}
		}
		_, err := Run(context.Background(), newModel(t, 1, 0), set, cfg)
		require.NoError(t, err)
		return last, best
	}
	last, best := count(0)
	require.Equal(t, 2, last)
	require.Positive(t, best)
	last, _ = count(time.Hour)
	require.Equal(t, 2, last)
	last, _ = count(1)
	require.Equal(t, 8, last)
}

// The tensor that went bad first is named, and no checkpoint is lost to it.
func TestNotANumber(t *testing.T) {
	bad := float32(math.NaN())
	param := func(m *zoo.Model, name string) []float32 {
		for _, p := range m.Params() {
			if p.Name == name {
				return p.Value.Data().([]float32)
			}
		}
		t.Fatal(name)
		return nil
	}
	fill := func(x []float32, v float32) {
		for k := range x {
			x[k] = v
		}
	}
	// Of both signs: with three cores so large, ∞ - ∞ in whatever order.
	alternate := func(x []float32, v float32) {
		for k := range x {
			x[k] = v * float32(1-2*(bits.OnesCount(uint(k))%2))
		}
	}
	for text, damage := range map[string]func(*zoo.Model, *walks){
		"train: epoch 1, step 1: the loss is NaN; first bad was parameter layer1.input.U1 at element 2": func(m *zoo.Model, _ *walks) { param(m, "layer1.input.U1")[2] = bad },
		"first bad was the input of clip 3": func(_ *zoo.Model, w *walks) { w.clips[0][3][1] = float32(math.Inf(1)) },
		"first bad was the projection of layer1": func(m *zoo.Model, _ *walks) {
			alternate(param(m, "layer1.input.U1"), 1e30)
			alternate(param(m, "layer1.input.U2"), 1e30)
			alternate(param(m, "layer1.input.root"), 1e30)
		},
		"first bad was the logits": func(m *zoo.Model, _ *walks) {
			fill(param(m, "head.weight"), math.MaxFloat32)
			fill(param(m, "head.bias"), math.MaxFloat32)
		},
	} {
		for _, threads := range []int{1, 2, 3} {
			set := newWalks(6, 2, false)
			m := newModel(t, 1, 0)
			damage(m, set)
			cfg := config(1)
			cfg.Threads = threads
			_, err := Run(context.Background(), m, set, cfg)
			require.ErrorContains(t, err, text)
		}
	}

	// A learning rate that blows the weights up, after an epoch that went well.
	cfg := config(3)
	cfg.Dir, cfg.Optimizer, cfg.MaxGradNorm = t.TempDir(), SGD{Momentum: NoMomentum}, 0
	cfg.Schedule = blowUp{}
	_, err := Run(context.Background(), newModel(t, 1, 0), newWalks(24, 5, true), cfg)
	require.ErrorContains(t, err, "train: epoch 2, step ")
	require.ErrorContains(t, err, "first bad was ")
	require.ErrorContains(t, err, "the last checkpoint, in "+cfg.Dir+"/last, is from before")
	c, err := LoadLast(cfg.Dir)
	require.NoError(t, err)
	require.Zero(t, measure.NotFinite(weights(c.Model))+1)
}

// blowUp is sane for an epoch.
type blowUp struct{}

func (blowUp) String() string { return "blow up" }
func (blowUp) Factor(done, _ float64, _ int) float64 {
	if done < 1 {
		return 1
	}
	return 1e38
}

// Weights that are not finite are not saved over ones that are.
func TestBadWeightsAreNotSaved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "m")
	m := newModel(t, 1, 0)
	require.NoError(t, m.Save(dir))
	before := files(t, dir)
	m.Params()[1].Value.Data().([]float32)[3] = float32(math.Inf(-1))
	require.ErrorContains(t, m.Save(dir), "is not saved: layer1.input.U2 holds NaN or Inf at element 3")
	require.Equal(t, before, files(t, dir))
}

func TestEvaluation(t *testing.T) {
	e := &Evaluation{Classes: []string{"a", "b", "c"}, Confusion: [][]int{{3, 1, 0}, {2, 2, 0}, {0, 0, 0}}}
	by := e.ByClass()
	require.Equal(t, ClassScore{"a", 4, 5, 0.6, 0.75}, by[0])
	require.Equal(t, ClassScore{"b", 4, 3, 2. / 3, 0.5}, by[1])
	require.True(t, math.IsNaN(by[2].Precision) && math.IsNaN(by[2].Recall))

	set := newWalks(10, 31, true)
	m := newModel(t, 4, 0)
	e, err := Evaluate(context.Background(), m, set, datasets.Test, 8)
	require.NoError(t, err)
	require.Equal(t, set.class[datasets.Test], e.Labels)
	require.Len(t, e.Logits, 62)
	right, all := 0, 0
	for k, row := range e.Confusion {
		right += row[k]
		for _, n := range row {
			all += n
		}
	}
	require.Equal(t, 31, all)
	require.InDelta(t, e.Accuracy, float64(right)/31, 1e-12)
}

// Gates of a model whose gates are known: with all weights zero, σ(bias) and
// tanh(bias), at the steps that clips have.
func TestGates(t *testing.T) {
	set := newWalks(10, 12, true)
	longest := 0
	for _, n := range set.steps[datasets.Test] {
		longest = max(longest, n)
	}
	m := newModel(t, 1, 0)
	for _, p := range m.Params() {
		clear(p.Value.Data().([]float32))
		if p.Name == "layer1.bias" {
			for k := range p.Value.Data().([]float32) {
				// Of 8 units a gate: i 0, f half of them 9, g -4, o 1.
				p.Value.Data().([]float32)[k] = []float32{0, float32(k%2) * 9, -4, 1}[k/8]
			}
		}
	}
	gates, err := Gates(context.Background(), m, set, datasets.Test, 5, 100)
	require.NoError(t, err)
	require.Len(t, gates, 4)
	sigma := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	for k, want := range []struct {
		name            string
		mean, saturated float64
	}{{"input gate", 0.5, 0}, {"forget gate", (0.5 + sigma(9)) / 2, 0.5}, {cells.Candidate, math.Tanh(-4), 1}, {"output gate", sigma(1), 0}} {
		g := gates[k]
		require.Equal(t, want.name, g.Name)
		require.Equal(t, "layer1", g.Layer)
		require.Len(t, g.Mean, maxSteps)
		for step, n := range set.stepCounts(datasets.Test) {
			require.Equal(t, 8*n, g.Count[step])
			if n > 0 {
				require.InDelta(t, want.mean, g.Mean[step], 1e-6)
				require.Equal(t, want.saturated, g.Saturated[step])
			}
		}
	}
	few, err := Gates(context.Background(), m, set, datasets.Test, 5, 3)
	require.NoError(t, err)
	require.Equal(t, 3*8, few[0].Count[0])
	_, err = Gates(context.Background(), m, set, datasets.Test, 5, -1)
	require.EqualError(t, err, "train: gates of -1 clips, 5 at a time; want at least 1")
}

// stepCounts counts, for each step, the clips that have it.
func (w *walks) stepCounts(p datasets.Part) []int {
	n := make([]int, maxSteps)
	for _, steps := range w.steps[p] {
		for t := range steps {
			n[t]++
		}
	}
	return n
}

// A run tells the model what it was trained on, and a checkpoint keeps it.
func TestModelKnowsItsInput(t *testing.T) {
	cfg := config(1)
	cfg.Dir = t.TempDir()
	m := newModel(t, 1, 0)
	_, err := Run(context.Background(), m, newWalks(6, 2, false), cfg)
	require.NoError(t, err)
	require.Equal(t, []string{"down", "up"}, m.ClassNames)
	loaded, err := zoo.Load(filepath.Join(cfg.Dir, "best"))
	require.NoError(t, err)
	require.Equal(t, m.ClassNames, loaded.ClassNames)
	require.Equal(t, []int{2, 2}, loaded.Input.StepShape)
	require.Equal(t, maxSteps, loaded.Input.Steps)
	_, err = os.Stat(filepath.Join(cfg.Dir, "last", "SHA256SUMS"))
	require.NoError(t, err)
}

// Weights that overflow in the last step of an epoch are named before they are
// saved, and so are logits that overflow in an evaluation alone.
func TestNotFiniteAtTheEnd(t *testing.T) {
	cfg := config(1)
	cfg.Batch, cfg.Optimizer, cfg.MaxGradNorm, cfg.LearningRate, cfg.Schedule = 24, SGD{Momentum: NoMomentum}, 0, 1e30, sudden(1e8) // one step
	cfg.Dir = t.TempDir()
	set := newWalks(24, 5, true)
	_, err := Run(context.Background(), newModel(t, 1, 0), set, cfg)
	require.Error(t, err)
	require.Regexp(t, `^train: epoch 1, step 1, its last: parameter \S+ is no longer finite at element \d+; a lower|^train: stopped at the test.*the logits of test clip \d+ are not finite`, err.Error())
	var diverged *DivergedError
	require.ErrorAs(t, err, &diverged)

	m := newModel(t, 1, 0)
	for _, p := range m.Params() {
		if values := p.Value.Data().([]float32); p.Name == "head.weight" || p.Name == "head.bias" {
			for k := range values {
				values[k] = math.MaxFloat32
			}
		}
	}
	_, err = Evaluate(context.Background(), m, set, datasets.Test, 5)
	require.ErrorContains(t, err, "train: the logits of test clip ")
}

// A checkpoint that cannot be written ends the run with its error.
func TestSaveFails(t *testing.T) {
	cfg := config(5)
	cfg.Dir = filepath.Join(t.TempDir(), "run")
	cfg.OnEpoch = func(all []Epoch) {
		if len(all) == 2 { // where the folder was is now a file
			require.NoError(t, os.RemoveAll(cfg.Dir))
			require.NoError(t, os.WriteFile(cfg.Dir, nil, 0o600))
		}
	}
	_, err := Run(context.Background(), newModel(t, 1, 0), newWalks(24, 5, true), cfg)
	require.ErrorContains(t, err, "could not be saved: ")
	require.ErrorContains(t, err, "not a directory")
}

// Cuts that no sequence reaches change nothing; others change what is learned, and a run with
// other cuts is not resumed.
func TestTruncate(t *testing.T) {
	run := func(truncate int) []float32 {
		m, cfg := newModel(t, 1, 0), config(2)
		cfg.Truncate = truncate
		_, err := Run(t.Context(), m, newWalks(32, 8, true), cfg)
		require.NoError(t, err)
		return weights(m)
	}
	whole := run(0)
	require.Equal(t, whole, run(maxSteps))
	require.NotEqual(t, whole, run(1))
	cfg := config(2)
	cfg.Dir = t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	cfg.OnEpoch = func([]Epoch) { stop() }
	_, err := Run(ctx, newModel(t, 1, 0), newWalks(32, 8, true), cfg)
	require.ErrorIs(t, err, context.Canceled)
	cfg.Truncate = 1
	c, err := LoadLast(cfg.Dir)
	require.NoError(t, err)
	_, err = Resume(t.Context(), c, newWalks(32, 8, true), cfg)
	require.ErrorContains(t, err, "the run had truncate 0, and now 1")
	cfg = config(1)
	cfg.Truncate = -1
	require.EqualError(t, cfg.Check(), "train: Truncate is -1; want at least 1 step, or 0 for no cuts")
}

// Graphs are built before the first step and where lengths need others; the time of that is told apart.
func TestOnBuild(t *testing.T) {
	var events []string
	var last Progress
	cfg := config(2)
	cfg.Threads = 1
	cfg.OnBuild = func(done bool) { events = append(events, fmt.Sprint(done)) }
	cfg.OnStep = func(p Progress) { events, last = append(events, "step"), p }
	_, err := Run(t.Context(), newModel(t, 1, 0), newWalks(12, 5, false), cfg)
	require.NoError(t, err)
	require.Equal(t, strings.Fields("false true step step step step"), events)
	require.Positive(t, last.Building)
	require.Less(t, last.Building, last.Elapsed)
}
