package train

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/actions"
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/preprocess"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// walks is a set of random sequences whose class is the sign of the first of the
// 4 values of their last real step: padding and order matter.
type walks struct {
	clips [2][][]float32
	class [2][]int
	steps [2][]int
	name  string // "" is walks
}

const maxSteps = 4

func newWalks(train, test int, unequal bool) *walks {
	w := &walks{}
	rng := rand.New(rand.NewPCG(5, 5))
	for part, n := range []int{train, test} {
		for range n {
			steps := maxSteps
			if unequal {
				steps = 1 + rng.IntN(maxSteps)
			}
			x := make([]float32, maxSteps*4)
			for k := range steps * 4 {
				x[k] = float32(rng.NormFloat64())
			}
			class := 0
			if x[(steps-1)*4] > 0 { // the first value of the last step
				class = 1
			}
			w.clips[part] = append(w.clips[part], x)
			w.class[part] = append(w.class[part], class)
			w.steps[part] = append(w.steps[part], steps)
		}
	}
	return w
}

func (w *walks) Name() string      { return cmp.Or(w.name, "walks") }
func (w *walks) Classes() []string { return []string{"down", "up"} }
func (w *walks) StepShape() []int  { return []int{2, 2} }
func (w *walks) Steps() int        { return maxSteps }
func (w *walks) Clips(p datasets.Part) int {
	if p == datasets.Validation {
		return 0
	}
	return len(w.clips[p])
}
func (w *walks) Label(p datasets.Part, i int) int        { return w.class[p][i] }
func (w *walks) Group(datasets.Part, int) string         { return "" }
func (w *walks) Sampling() *preprocess.Sampling          { return nil }
func (w *walks) Normalisation() preprocess.Normalisation { return preprocess.Normalisation{} }
func (w *walks) Fingerprint() string                     { return w.Name() }
func (w *walks) Close() error                            { return nil }
func (w *walks) Read(p datasets.Part, i int, x []float32) (int, int, error) {
	copy(x, w.clips[p][i])
	return w.class[p][i], w.steps[p][i], nil
}

func newModel(t require.TestingT, seed uint64, dropout float64) *zoo.Model {
	m, err := zoo.FromSpec(zoo.Spec{
		Cell: "lstm", Format: decomp.HT{Leaf: []int{2}}, InModes: []int{2, 2}, OutModes: []int{4, 2},
		Dropout: dropout, RecurrentDropout: dropout,
	}, zoo.Options{Classes: 2, Seed: seed})
	require.NoError(t, err)
	return m
}

func config(epochs int) Config {
	return Config{Epochs: epochs, Batch: 6, LearningRate: 0.02, MaxGradNorm: 1, Seed: 3}
}

func weights(m *zoo.Model) (all []float32) {
	for _, p := range m.Params() {
		all = append(all, p.Value.Data().([]float32)...)
	}
	return all
}

// It learns, on sequences of unequal length and with a last batch that is
// short, and says so as it goes.
func TestRunLearns(t *testing.T) {
	set := newWalks(100, 60, true)
	m := newModel(t, 1, 0)
	var last Progress
	cfg := config(40)
	cfg.OnStep = func(p Progress) { last = p }
	r, err := Run(context.Background(), m, set, cfg)
	require.NoError(t, err)
	require.Len(t, r.Epochs, 40)
	require.Equal(t, 100, r.Epochs[0].Train.Clips)
	require.Less(t, r.Epochs[39].Train.Loss, r.Epochs[0].Train.Loss/3)
	require.Greater(t, r.Test.Accuracy, 0.9)
	require.Equal(t, 60, r.Test.Clips)
	require.Equal(t, 40, last.Epoch)
	require.Equal(t, 17, last.Steps)
	require.Equal(t, r.Epochs[39].Train, last.Score)
}

// One seed, one set of bits; dropout included.
func TestRunIsDeterministic(t *testing.T) {
	run := func(seed uint64) ([]float32, *Result) {
		m := newModel(t, seed, 0.3)
		cfg := config(3)
		cfg.Seed = seed
		r, err := Run(context.Background(), m, newWalks(50, 20, true), cfg)
		require.NoError(t, err)
		return weights(m), r
	}
	w1, r1 := run(1)
	w2, r2 := run(1)
	w3, _ := run(2)
	require.Equal(t, w1, w2)
	require.Equal(t, r1.Epochs, r2.Epochs)
	require.Equal(t, r1.Test, r2.Test)
	require.NotEqual(t, w1, w3)
}

// The papers' HT-LSTM at its full input: the same bits twice.
func TestFullSizeIsDeterministic(t *testing.T) {
	if testing.Short() {
		t.Skip("trains at 57,600 values a step")
	}
	set, err := actions.Open(actions.Options{Width: 160, Height: 120})
	require.NoError(t, err)
	run := func() []float32 {
		m, err := zoo.New("ht-lstm", zoo.Options{Classes: 8, Seed: 1})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		cfg := Config{Epochs: 1, Batch: 4, LearningRate: 2e-3, MaxGradNorm: 5, Seed: 1, OnStep: func(p Progress) {
			if p.Step == 5 {
				cancel()
			}
		}}
		_, err = Run(ctx, m, set, cfg)
		require.ErrorIs(t, err, context.Canceled)
		return weights(m)
	}
	require.Equal(t, run(), run())
}

// Evaluation changes nothing, repeats itself, and does not depend on how clips
// are put into batches.
func TestEvaluate(t *testing.T) {
	set := newWalks(10, 31, true)
	m := newModel(t, 4, 0.5)
	before := weights(m)
	first, err := Evaluate(context.Background(), m, set, datasets.Test, 31)
	require.NoError(t, err)
	for _, batch := range []int{31, 1, 8} {
		again, err := Evaluate(context.Background(), m, set, datasets.Test, batch)
		require.NoError(t, err)
		require.Equal(t, first.Accuracy, again.Accuracy)
		require.InDelta(t, first.Loss, again.Loss, 1e-6)
	}
	require.Equal(t, before, weights(m))
}

// A batch filled up with empty clips has the gradient of the clips alone.
func TestShortBatchGradient(t *testing.T) {
	set := newWalks(5, 1, false)
	gradients := func(size int) (all []float32) {
		_, _, all = step(t, newModel(t, 1, 0), set, Config{Batch: size}, []int{0, 1, 2, 3, 4})
		return all
	}
	exact, filled := gradients(5), gradients(8)
	require.Len(t, filled, len(exact))
	for k := range exact {
		require.InDelta(t, exact[k], filled[k], 1e-6)
	}
}

func TestClipping(t *testing.T) {
	// Of norms 10 and 24, and of 26 together.
	norm := globalNorm([][]float32{{6, 8}, {24}})
	require.Equal(t, 26.0, norm)
	require.Equal(t, 1.0, clipping(norm, 30))
	require.Equal(t, 1.0, clipping(norm, 0))
	require.Equal(t, 0.5, clipping(norm, 13))
}

// pointed is Adam behind a name of its own, whose gradients are clipped before it sees them.
type pointed struct{ Adam }

func TestClippingBeforeAndWithinTheRule(t *testing.T) {
	moved := func(o Optimizer, limit float64) []float32 {
		m := newModel(t, 1, 0)
		l := &learner{cfg: Config{Optimizer: o, MaxGradNorm: limit}, model: m, trained: []int{0}}
		n := m.Params()[0].Value.Size()
		l.grads, l.slots = [][]float32{make([]float32, n)}, [][][]float32{{make([]float32, n), make([]float32, n)}}
		for k := range l.grads[0] {
			l.grads[0][k] = float32(k%7) - 2.9
		}
		l.move(1, globalNorm(l.grads), 1e-3)
		return append(m.Params()[0].Value.Data().([]float32), l.slots[0][0]...)
	}
	for _, limit := range []float64{0, 0.37} {
		require.Equal(t, moved(pointed{Adam{}}, limit), moved(Adam{}, limit))
	}
	require.NotEqual(t, moved(Adam{}, 0), moved(Adam{}, 0.37))
}

// sudden is a schedule of one factor.
type sudden float64

func (sudden) String() string                       { return "sudden" }
func (s sudden) Factor(_, _ float64, _ int) float64 { return float64(s) }

// longer is a set of clips that no graph is built for.
type longer struct{ datasets.Set }

func (longer) Steps() int { return 500_000 }

func TestErrors(t *testing.T) {
	set := newWalks(6, 6, false)
	for text, change := range map[string]func(*Config){
		"train: Epochs is 0; want at least 1 and at most 1000000":                                                        func(c *Config) { c.Epochs = 0 },
		"train: Batch is -1; want at least 1":                                                                            func(c *Config) { c.Batch = -1 },
		"train: Accumulate is -1; want at least 1, and fewer clips a step than 2^31":                                     func(c *Config) { c.Accumulate = -1 },
		"train: Threads is -2; want at least 1 and at most 1024, or 0 for all cores":                                     func(c *Config) { c.Threads = -2 },
		"train: LearningRate is +Inf; want a number from 1e-30 to 1e30":                                                  func(c *Config) { c.LearningRate = math.Inf(1) },
		"train: LearningRate is NaN; want a number from 1e-30 to 1e30":                                                   func(c *Config) { c.LearningRate = math.NaN() },
		"train: LearningRate is 1e-46; want a number from 1e-30 to 1e30":                                                 func(c *Config) { c.LearningRate = 1e-46 },
		"train: LearningRate is 1e+39; want a number from 1e-30 to 1e30":                                                 func(c *Config) { c.LearningRate = 1e39 },
		"train: MaxGradNorm is +Inf; want a number from 1e-30 to 1e30, or 0 for none":                                    func(c *Config) { c.MaxGradNorm = math.Inf(1) },
		"train: MaxGradNorm is -1; want a number from 1e-30 to 1e30, or 0 for none":                                      func(c *Config) { c.MaxGradNorm = -1 },
		"train: MaxGradNorm is 1e-50; want a number from 1e-30 to 1e30, or 0 for none":                                   func(c *Config) { c.MaxGradNorm = 1e-50 },
		"train: Augment is brightness:3; want deviations from 0 to 2":                                                    func(c *Config) { c.Augment.Brightness = 3 },
		"train: WeightDecay is NaN; want a number from 1e-30 to 1e30, or 0 for none":                                     func(c *Config) { c.WeightDecay = math.NaN() },
		"train: WeightDecay is 1e+40; want a number from 1e-30 to 1e30, or 0 for none":                                   func(c *Config) { c.WeightDecay = 1e40 },
		"train: ClassifierL2 is NaN; want a number from 1e-30 to 1e30, or 0 for none":                                    func(c *Config) { c.ClassifierL2 = math.NaN() },
		"train: ClassifierL2 is 1e-60; want a number from 1e-30 to 1e30, or 0 for none":                                  func(c *Config) { c.ClassifierL2 = 1e-60 },
		"train: LabelSmoothing is 1; want at least 0 and at most 0.999999":                                               func(c *Config) { c.LabelSmoothing = 1 },
		"train: LabelSmoothing is 0.999999999; want at least 0 and at most 0.999999":                                     func(c *Config) { c.LabelSmoothing = 0.999999999 },
		"train: Patience is -1; want at least 1, or 0 for none":                                                          func(c *Config) { c.Patience = -1 },
		"train: SaveEvery is -1s; want a positive time such as 10m, or 0 for every epoch":                                func(c *Config) { c.SaveEvery = -time.Second },
		`train: schedule "step:0:0": EPOCHS is 0; want at least 0.001 epochs`:                                            func(c *Config) { c.Schedule = StepDecay{} },
		`train: schedule "inverse:-1": DECAY is -1; want a number from 1e-30 to 1e30, or 0 for none`:                     func(c *Config) { c.Schedule = Inverse{-1} },
		`train: schedule "cosine:2": FLOOR is 2; want a number from 0 to 1`:                                              func(c *Config) { c.Schedule = WarmUp{1, Cosine{2}} },
		`train: optimizer "sgd:2": momentum is 2; want at least 0 and at most 0.999999`:                                  func(c *Config) { c.Optimizer = SGD{2} },
		`train: optimizer "adam:0.9:0.99999999:1e-08": β2 is 0.99999999; want a number above 0 and at most 0.999999`:     func(c *Config) { c.Optimizer = Adam{Beta2: 0.99999999} },
		`train: optimizer "rmsprop:0.9:1e-50": ε is 1e-50; want a number from 1e-16 to 1e30`:                             func(c *Config) { c.Optimizer = RMSProp{Epsilon: 1e-50} },
		`train: epoch 1, step 1: schedule sudden makes a learning rate of +Inf of 0.02; want at least 0, and a float32`:  func(c *Config) { c.Schedule = sudden(math.Inf(1)) },
		`train: epoch 1, step 1: schedule sudden makes a learning rate of -0.02 of 0.02; want at least 0, and a float32`: func(c *Config) { c.Schedule = sudden(-1) },
	} {
		cfg := config(1)
		change(&cfg)
		_, err := Run(context.Background(), newModel(t, 1, 0), set, cfg)
		require.EqualError(t, err, text)
	}
	wide, err := zoo.New("ht-lstm", zoo.Options{})
	require.NoError(t, err)
	_, err = Run(context.Background(), wide, set, config(1))
	require.EqualError(t, err, "train: the model reads 57600 values a step, walks has steps of shape [2 2] = 4")
	_, err = Run(context.Background(), newModel(t, 1, 0), longer{set}, config(1))
	require.EqualError(t, err, "train: walks has clips of 500000 steps; want at most 65536 at once: cut the clips, take fewer of their frames, or train a model of one direction with Truncate, cmd/train's -bptt")

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Run(ctx, newModel(t, 1, 0), set, config(1))
	require.ErrorIs(t, err, context.Canceled)
}
