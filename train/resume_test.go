package train

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/preprocess"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// stopAt cancels after some steps of this process.
func stopAt(cfg Config, steps int) (context.Context, Config) {
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	cfg.OnStep = func(Progress) {
		if n++; n == steps {
			cancel()
		}
	}
	return ctx, cfg
}

// resumed trains until the end in processes of random length.
func resumed(t require.TestingT, m *zoo.Model, set datasets.Set, cfg Config, rng *rand.Rand) (*zoo.Model, *Result) {
	ctx, c := stopAt(cfg, 1+rng.IntN(12))
	r, err := Run(ctx, m, set, c)
	for stops := 1; err != nil; stops++ {
		require.ErrorIs(t, err, context.Canceled)
		require.Less(t, stops, 1000)
		saved, loadErr := LoadLast(cfg.Dir)
		require.NoError(t, loadErr)
		m = saved.Model
		ctx, c = stopAt(cfg, 1+rng.IntN(12))
		r, err = Resume(ctx, saved, set, c)
	}
	return m, r
}

// files reads every file below dir.
func files(t require.TestingT, dir string) map[string]string {
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[name] = string(data)
		return err
	}))
	return all
}

// A run that is stopped after any step and resumed, as often as one likes, has
// the weights, scores and checkpoints of one that never stopped, to the bit: for
// all optimisers and schedules, with dropout, unequal lengths, batches that are
// shared out and added up, a last batch that is short, and a validation part.
//
// TENSORZOO_LONG=1 tries ten times as many.
func TestResumeIsBitIdentical(t *testing.T) {
	cases := 10
	if os.Getenv("TENSORZOO_LONG") == "1" {
		cases = 150
	}
	walks := newWalks(50, 20, true)
	validated, err := datasets.Holdout(walks, 0.2, 1)
	require.NoError(t, err)
	for seed := range uint64(cases) {
		rng := rand.New(rand.NewPCG(seed, 1))
		cfg, dropout := randomConfig(t, rng)
		set := pick(rng, datasets.Set(walks), validated)
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			cfg.Dir = t.TempDir()
			through := newModel(t, 1, dropout)
			want, err := Run(context.Background(), through, set, cfg)
			require.NoError(t, err)
			wanted := files(t, cfg.Dir)

			cfg.Dir = t.TempDir()
			m, got := resumed(t, newModel(t, 1, dropout), set, cfg, rng)
			require.Equal(t, weights(through), weights(m))
			require.Equal(t, want.Epochs, got.Epochs)
			require.Equal(t, want.Best, got.Best)
			require.Equal(t, want.Stopped, got.Stopped)
			require.Equal(t, want.Test, got.Test)
			require.Equal(t, wanted, files(t, cfg.Dir))
		})
	}
}

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

func randomConfig(t *testing.T, rng *rand.Rand) (cfg Config, dropout float64) {
	optimizer, err := ParseOptimizer(pick(rng, "adam", "adamw", "rmsprop", "sgd", "sgd:0"))
	require.NoError(t, err)
	schedule, err := ParseSchedule(pick(rng, "constant", "step:1:0.5", "inverse:0.1", "cosine", "warmup:1.5,cosine:0.1"))
	require.NoError(t, err)
	return Config{
		Epochs: 1 + rng.IntN(4), Batch: 3 + rng.IntN(7), Accumulate: 1 + rng.IntN(3), Threads: 1 + rng.IntN(3), LearningRate: 0.02, Optimizer: optimizer, Schedule: schedule,
		WeightDecay: pick(rng, 0, 0.1), ClassifierL2: pick(rng, 0, 0.1), Truncate: pick(rng, 0, 3), LabelSmoothing: pick(rng, 0, 0.1), MaxGradNorm: 1, Augment: datasets.Augmentation{Brightness: pick(rng, 0, 0.2)}, Patience: rng.IntN(2), Freeze: pick(rng, nil, []string{"layer1.input.*"}), Seed: 3,
	}, pick(rng, 0, 0.3)
}

// More epochs than first planned are a run that was planned so.
func TestResumeForLonger(t *testing.T) {
	set := newWalks(30, 10, true)
	cfg := config(4)
	cfg.Dir = t.TempDir()
	through := newModel(t, 1, 0.3)
	_, err := Run(context.Background(), through, set, cfg)
	require.NoError(t, err)

	cfg.Dir, cfg.Epochs = t.TempDir(), 2
	_, err = Run(context.Background(), newModel(t, 1, 0.3), set, cfg)
	require.NoError(t, err)
	c, err := LoadLast(cfg.Dir)
	require.NoError(t, err)
	cfg.Epochs = 4
	var seen [][]Epoch
	cfg.OnEpoch = func(all []Epoch) { seen = append(seen, all) }
	r, err := Resume(context.Background(), c, set, cfg)
	require.NoError(t, err)
	require.Equal(t, weights(through), weights(c.Model))
	require.Len(t, seen, 3, "the two epochs that were there, then two more")
	require.Len(t, seen[0], 2)
	require.Equal(t, r.Epochs, seen[2])
}

// A checkpoint of a release that had no penalty on the classifier is one of a run
// without it.
func TestResumeBeforeTheClassifiersPenalty(t *testing.T) {
	set := newWalks(30, 10, true)
	cfg := config(2)
	cfg.Dir, cfg.Threads = t.TempDir(), 1
	_, err := Run(context.Background(), newModel(t, 1, 0), set, cfg)
	require.NoError(t, err)
	old := func() *zoo.Checkpoint {
		c, err := LoadLast(cfg.Dir)
		require.NoError(t, err)
		edit(c, `"classifier_l2":0,`, "")
		require.NotContains(t, string(c.Training), "classifier_l2")
		return c
	}
	cfg.Epochs = 3
	changed := cfg
	changed.ClassifierL2 = 0.01
	_, err = Resume(context.Background(), old(), set, changed)
	require.ErrorContains(t, err, "the run had classifier_l2 0, and now 0.01")
	r, err := Resume(context.Background(), old(), set, cfg)
	require.NoError(t, err)
	require.Len(t, r.Epochs, 3)
}

// What would make a resumed run another run is an error that names it.
func TestResumeErrors(t *testing.T) {
	set := newWalks(30, 10, true)
	cfg := config(2)
	cfg.Dir, cfg.Threads = t.TempDir(), 2
	_, err := Run(context.Background(), newModel(t, 1, 0), set, cfg)
	require.NoError(t, err)
	for text, change := range map[string]func(*Config){
		"the run had batch 6, and now 7":                                                func(c *Config) { c.Batch = 7 },
		"the run had threads 2, and now 3; it cannot go on as if it had never stopped":  func(c *Config) { c.Threads = 3 },
		"the run had learning_rate 0.02, and now 0.1":                                   func(c *Config) { c.LearningRate = 0.1 },
		`the run had optimizer "adam:0.9:0.999:1e-08", and now "sgd:0"`:                 func(c *Config) { c.Optimizer = SGD{Momentum: NoMomentum} },
		`the run had schedule "constant", and now "cosine:0"`:                           func(c *Config) { c.Schedule = Cosine{} },
		`the run had freeze [], and now ["head.*"]`:                                     func(c *Config) { c.Freeze = []string{"head.*"} },
		"the run had seed 3, and now 4; it cannot go on as if it had never stopped":     func(c *Config) { c.Seed = 4 },
		`the run had augment "", and now "colour:0.1"; it cannot go on as if it had ne`: func(c *Config) { c.Augment.Colour = 0.1 },
		"the run had label_smoothing 0, and now 0.1; it cannot go on as if it had nev":  func(c *Config) { c.LabelSmoothing = 0.1 },
		"the run had classifier_l2 0, and now 0.01; it cannot go on as if it had neve":  func(c *Config) { c.ClassifierL2 = 0.01 },
	} {
		c, err := LoadLast(cfg.Dir)
		require.NoError(t, err)
		changed := cfg
		change(&changed)
		_, err = Resume(context.Background(), c, set, changed)
		require.ErrorContains(t, err, text)
		var input *InputError
		require.ErrorAs(t, err, &input)
	}
	c, err := LoadLast(cfg.Dir)
	require.NoError(t, err)
	_, err = Resume(context.Background(), c, newWalks(31, 10, true), cfg)
	require.ErrorContains(t, err, "the data had order_crc32")
	other := newWalks(30, 10, true)
	other.name = "strolls"
	_, err = Resume(context.Background(), c, other, cfg)
	require.ErrorContains(t, err, `the data had fingerprint "walks", and now "strolls"`)

	c.Training = nil
	_, err = Resume(context.Background(), c, set, cfg)
	require.ErrorContains(t, err, "this is a model without its training")
	_, err = LoadLast(t.TempDir())
	require.ErrorContains(t, err, "no such file")
}

// Other clips held out, other normalisation or other names are another run.
func TestResumeComparesTheData(t *testing.T) {
	walks := newWalks(40, 10, true)
	held := func(seed uint64) datasets.Set {
		s, err := datasets.Holdout(walks, 0.25, seed)
		require.NoError(t, err)
		return s
	}
	cfg := config(1)
	cfg.Dir = t.TempDir()
	_, err := Run(context.Background(), newModel(t, 1, 0), held(1), cfg)
	require.NoError(t, err)
	for text, set := range map[string]datasets.Set{
		"the clips of":                 held(2),
		`the clips of "walks" are not`: walks,
		"the model had input":          normalised{held(1)},
		`the model had class_names ["`: renamed{held(1)},
	} {
		c, err := LoadLast(cfg.Dir)
		require.NoError(t, err)
		_, err = Resume(context.Background(), c, set, cfg)
		require.ErrorContains(t, err, text)
	}
	_, err = Run(context.Background(), newModel(t, 1, 0), held(1), cfg)
	require.ErrorContains(t, err, "there is a run in "+cfg.Dir+"; Resume goes on with it")
}

type normalised struct{ datasets.Set }

func (normalised) Normalisation() preprocess.Normalisation {
	return preprocess.Normalisation{Mean: []float64{1}, Std: []float64{2}}
}

type renamed struct{ datasets.Set }

func (renamed) Classes() []string { return []string{"up", "down"} }

// A run killed after a best epoch, before that was its last checkpoint, and then
// resumed for fewer epochs, does not take that epoch's weights for others.
func TestBestOfALaterEpoch(t *testing.T) {
	set := newWalks(30, 10, true)
	cfg := config(3)
	cfg.Dir = t.TempDir()
	last, best := filepath.Join(cfg.Dir, "last"), filepath.Join(cfg.Dir, "best")
	var lasts, bests []map[string][]byte
	cfg.OnSave = func(dir string) {
		if dir == last {
			lasts = append(lasts, toBytes(files(t, last)))
			bests = append(bests, toBytes(files(t, best)))
		}
	}
	cfg.LearningRate = 0.005 // slow: each epoch is better than the one before
	r, err := Run(context.Background(), newModel(t, 1, 0), set, cfg)
	require.NoError(t, err)
	require.Equal(t, 3, r.Best)
	// As if epoch 2 had been worse than epoch 1, and the run killed in epoch 3.
	lay(t, last, lasts[1])
	lay(t, best, bests[2])
	c, err := LoadLast(cfg.Dir)
	require.NoError(t, err)
	edit(c, `"best":2`, `"best":1`)
	cfg.Epochs = 2
	_, err = Resume(context.Background(), c, set, cfg)
	require.ErrorContains(t, err, "best is not of epoch 1, the best of 2; resume for more epochs")
}

// A run stopped in the middle of an epoch and resumed to end before that has the
// weights of the best complete epoch, not those it had when it was stopped.
func TestResumeToEndBeforeTheEpochUnderWay(t *testing.T) {
	set := newWalks(30, 10, true) // 5 steps an epoch
	cfg := config(3)
	cfg.Dir = t.TempDir()
	ctx, stopped := stopAt(cfg, 7)
	_, err := Run(ctx, newModel(t, 1, 0), set, stopped)
	require.ErrorIs(t, err, context.Canceled)
	c, err := LoadLast(cfg.Dir)
	require.NoError(t, err)
	cfg.Epochs = 1
	moved := weights(c.Model)
	r, err := Resume(context.Background(), c, set, cfg)
	require.NoError(t, err)
	require.Equal(t, 1, r.Best)
	best, err := zoo.Load(filepath.Join(cfg.Dir, "best"))
	require.NoError(t, err)
	require.Equal(t, weights(best), weights(c.Model))
	require.NotEqual(t, moved, weights(c.Model))
}

// ending is a set that ends its reading with a context, as one of videos does.
type ending struct {
	datasets.Set
	ctx  context.Context
	left *int // clips until it does
	stop func()
}

func (e ending) Read(p datasets.Part, i int, x []float32) (label, steps int, err error) {
	if *e.left--; *e.left == 0 {
		e.stop()
	}
	if err := e.ctx.Err(); err != nil {
		return 0, 0, errors.WithMessage(err, "walks")
	}
	return e.Set.Read(p, i, x)
}

// A run whose set stops reading in the middle of a step of several batches takes that
// step from its beginning when it is resumed.
func TestResumeWithinAStep(t *testing.T) {
	set := newWalks(30, 10, true)
	cfg := config(3)
	cfg.Batch, cfg.Accumulate = 2, 5
	whole := newModel(t, 1, 0.3)
	want, err := Run(context.Background(), whole, set, cfg)
	require.NoError(t, err)
	for _, clips := range []int{1, 9, 16, 37, 44, 59} {
		cfg.Dir = t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		_, err = Run(ctx, newModel(t, 1, 0.3), ending{set, ctx, &clips, cancel}, cfg)
		require.ErrorIs(t, err, context.Canceled)
		require.Regexp(t, `^train: stopped in epoch \d after step \d: context canceled$`, err.Error())
		c, err := LoadLast(cfg.Dir)
		require.NoError(t, err)
		r, err := Resume(context.Background(), c, set, cfg)
		require.NoError(t, err)
		require.Equal(t, want.Epochs, r.Epochs)
		require.Equal(t, weights(whole), weights(c.Model))
	}
}

// The best checkpoint is for use: a model that says how it was trained, but
// without what the optimiser remembers, which the last one has.
func TestBestIsWithoutTheOptimiser(t *testing.T) {
	set := newWalks(30, 10, true)
	cfg := config(2)
	cfg.Dir = t.TempDir()
	_, err := Run(context.Background(), newModel(t, 1, 0), set, cfg)
	require.NoError(t, err)
	require.NoFileExists(t, filepath.Join(cfg.Dir, "best/optimizer.safetensors"))
	require.FileExists(t, filepath.Join(cfg.Dir, "last/optimizer.safetensors"))
	best, err := zoo.LoadCheckpoint(filepath.Join(cfg.Dir, "best"))
	require.NoError(t, err)
	require.NotEmpty(t, best.Training)
	_, err = Resume(context.Background(), best, set, cfg)
	require.EqualError(t, err, "train: checkpoint: it is for use, without what the optimiser remembers; LoadLast returns the one to resume")
}
