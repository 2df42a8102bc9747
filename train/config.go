package train

import (
	"cmp"
	"fmt"
	"math"
	"path"
	"runtime"
	"slices"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// MaxThreads bounds Config.Threads, each of which takes memory. MaxSteps bounds the steps of a sequence.
const (
	MaxThreads = 1024
	MaxSteps   = 1 << 16
	maxEpochs  = 1_000_000 // keeps the number of all steps within an int
)

// Config is the configuration of Run and Resume. Fields whose zero value is not valid say so.
type Config struct {
	Epochs int // passes over the training part, at least 1
	Batch  int // clips that go through the model at once, at least 1; all of them if there are fewer

	// Accumulate is the number of batches whose gradients are added up for one step, which is then the
	// step of one batch as large as all of them; 0 means 1.
	Accumulate int

	// Threads is the number of parts that each batch is divided into, which go through their own graphs
	// in parallel; 0 means runtime.GOMAXPROCS(0), and more than Batch means Batch. Other numbers round
	// differently: a run resumes with the number that it was started with, which its checkpoints keep.
	Threads int

	LearningRate float64   // above 0
	Schedule     Schedule  // how the learning rate changes; nil keeps it
	Optimizer    Optimizer // nil means Adam
	WeightDecay  float64   // of all weights but biases, see Optimizer; 0 means none
	ClassifierL2 float64   // times the classifier's squared weights, added to the minimised loss but not to the reported one
	MaxGradNorm  float64   // the largest global norm of the gradients; 0 means no limit

	// LabelSmoothing is the fraction of the target that all classes share, at least 0 and below 1. The
	// loss of a training epoch includes it, that of an evaluation does not.
	LabelSmoothing float64

	// Truncate cuts sequences into pieces of so many steps: the state goes on from one to the next, and no
	// gradient goes back (truncated backpropagation through time). 0 means no cuts. In Run, only a piece
	// with its states is in memory, and of a set that can read pieces no more of the clips; as the
	// loss is at a sequence's end, its last piece alone has gradients. A bidirectional model
	// reads sequences as a whole.
	Truncate int

	// Augment changes the training clips, anew in every epoch. The loss of a
	// training epoch is measured on the changed clips.
	Augment datasets.Augmentation

	// Patience ends the run when this many epochs in a row brought no lower loss, on the validation part
	// or, without one, in training; 0 never ends it.
	Patience int

	// Freeze lists path.Match patterns of parameters that keep their values,
	// such as "layer1.input.*" for the cores of the first layer.
	Freeze []string

	// Seed determines the order of clips and the augmentation. The model's own
	// seed determines its initial weights and dropout.
	Seed uint64

	// Dir is the folder for the checkpoints "last" and "best"; "" keeps none.
	// They are written after every epoch, when ctx is done and, if SaveEvery is
	// above 0, when that time has passed since the last save.
	Dir       string
	SaveEvery time.Duration

	// OnBuild is called before graphs are built, for the first step and where clips of another length
	// need others, and with done when they are. OnStep is called after every step; OnEpoch after every epoch with all epochs so far, and with the
	// earlier ones when a run resumes; OnSave after every checkpoint, with its folder. All may be nil.
	OnBuild func(done bool)
	OnStep  func(Progress)
	OnEpoch func([]Epoch)
	OnSave  func(dir string)
}

// Progress is how far a run has got.
type Progress struct {
	Epoch, Epochs int     // 1 to Epochs
	Step, Steps   int     // within the epoch, 1 to Steps
	Updates       int     // steps of all epochs
	LearningRate  float64 // of this step
	GradientNorm  float64 // before clipping
	Score                 // of the epoch so far, on the clips as they were trained on

	// StepScore is the score of this step alone, before it moved the weights.
	// Its Clips is 0 when all clips are damaged; such a step moves nothing.
	StepScore Score

	Trained  int           // clips since the start of this process
	Elapsed  time.Duration // since then
	Building time.Duration // that part of it in which graphs were built for training
}

// Epoch holds the measurements of one epoch.
type Epoch struct {
	Epoch        int     `json:"epoch"`         // from 1
	Updates      int     `json:"updates"`       // steps of all epochs up to its end
	LearningRate float64 `json:"learning_rate"` // of its last step
	Train        Score   `json:"train"`         // while it was trained on
	Validation   *Score  `json:"validation,omitempty"`
}

// watched is the loss that decides which epoch is the best.
func (e Epoch) watched() float64 {
	if e.Validation != nil {
		return e.Validation.Loss
	}
	return e.Train.Loss
}

// Result holds the measurements of a run.
type Result struct {
	Epochs     []Epoch
	Best       int           // number of the epoch whose weights the model has now, from 1
	Stopped    bool          // Patience ended the run
	Test       *Evaluation   // on the test part, with the best epoch's weights
	StepMillis float64       // median milliseconds of this process's last steps, excluding reading clips
	Training   time.Duration // of this process, excluding the test
}

// SettingError is the error for a field of a Config with a value that no run can have.
type SettingError struct {
	Field string
	Value any
	Want  string // what is accepted
}

// Error names the field, its value and what is accepted.
func (e *SettingError) Error() string {
	return fmt.Sprintf("train: %s is %v; want %s", e.Field, e.Value, e.Want)
}

// Check returns an error when the configuration is invalid for every model and
// set: a *SettingError for a number.
func (c Config) Check() error {
	_, err := c.withDefaults()
	return err
}

// Parse sets the optimiser, the schedule and the augmentation, which flags and files have as
// text. It returns the error of ParseOptimizer, ParseSchedule or datasets.ParseAugmentation
// with the name of the field.
func (c *Config) Parse(optimizer, schedule, augment string) (field string, err error) {
	if c.Optimizer, err = ParseOptimizer(optimizer); err != nil {
		return "Optimizer", err
	}
	if c.Schedule, err = ParseSchedule(schedule); err != nil {
		return "Schedule", err
	}
	c.Augment, err = datasets.ParseAugmentation(augment)
	return "Augment", err
}

// Fits returns the *InputError with which Run would refuse a model and a set, before it does
// anything.
func (c Config) Fits(m *zoo.Model, set datasets.Set) error {
	_, err := c.withDefaults()
	if err = cmp.Or(err, fits(m, set)); err == nil {
		_, err = c.trained(m.Params())
	}
	if err == nil {
		err = checkSteps(set, pieceOf(m, set, c.Truncate))
	}
	if err == nil && set.Clips(datasets.Train) == 0 {
		err = errors.Errorf("train: %s has no clips to train on", set.Name())
	}
	if err != nil {
		return &InputError{err}
	}
	return nil
}

// withDefaults checks the configuration and fills it in.
func (c Config) withDefaults() (Config, error) {
	c.Accumulate, c.Threads = cmp.Or(c.Accumulate, 1), cmp.Or(c.Threads, runtime.GOMAXPROCS(0))
	c.Optimizer, c.Schedule = cmp.Or[Optimizer](c.Optimizer, Adam{}), cmp.Or[Schedule](c.Schedule, constant{})
	for _, s := range []struct {
		field string
		value any
		ok    bool
		want  string
	}{
		{"Epochs", c.Epochs, c.Epochs >= 1 && c.Epochs <= maxEpochs, fmt.Sprintf("at least 1 and at most %d", maxEpochs)},
		{"Batch", c.Batch, c.Batch >= 1, "at least 1"},
		{"Batch", c.Batch, c.Batch <= math.MaxInt32, "fewer than 2^31"},
		{"Accumulate", c.Accumulate, c.Accumulate >= 1 && c.Accumulate <= math.MaxInt32/max(1, c.Batch), "at least 1, and fewer clips a step than 2^31"},
		{"Threads", c.Threads, c.Threads >= 1 && c.Threads <= MaxThreads, fmt.Sprintf("at least 1 and at most %d, or 0 for all cores", MaxThreads)},
		{"LearningRate", c.LearningRate, positive.ok(c.LearningRate), positive.want},
		{"WeightDecay", c.WeightDecay, orNone.ok(c.WeightDecay), orNone.want},
		{"ClassifierL2", c.ClassifierL2, orNone.ok(c.ClassifierL2), orNone.want},
		{"MaxGradNorm", c.MaxGradNorm, orNone.ok(c.MaxGradNorm), orNone.want},
		{"LabelSmoothing", c.LabelSmoothing, belowOne.ok(c.LabelSmoothing), belowOne.want},
		{"Augment", c.Augment, c.Augment.Valid(), "deviations from 0 to 2"},
		{"Truncate", c.Truncate, c.Truncate >= 0, "at least 1 step, or 0 for no cuts"},
		{"Patience", c.Patience, c.Patience >= 0, "at least 1, or 0 for none"},
		{"SaveEvery", c.SaveEvery, c.SaveEvery >= 0, "a positive time such as 10m, or 0 for every epoch"},
	} {
		if !s.ok {
			return c, &SettingError{s.field, s.value, s.want}
		}
	}
	for _, pattern := range c.Freeze {
		if _, err := path.Match(pattern, ""); err != nil {
			return c, &SettingError{"Freeze", pattern, "patterns of names, such as layer1.input.*"}
		}
	}
	c.Threads = min(c.Threads, c.Batch)
	var err error
	switch o := c.Optimizer.(type) {
	case Adam, AdamW, RMSProp, SGD:
		_, err = ParseOptimizer(o.String())
	}
	return c, cmp.Or(err, checkSchedule(c.Schedule))
}

// checkSchedule looks at the settings of the schedules of this package.
func checkSchedule(s Schedule) error {
	switch s := s.(type) {
	case StepDecay, Inverse, Cosine:
		_, err := ParseSchedule(s.String())
		return err
	case WarmUp:
		_, err := ParseSchedule(WarmUp{Epochs: s.Epochs}.String())
		return cmp.Or(err, checkSchedule(s.then()))
	}
	return nil
}

// trained returns the indexes of the parameters that Freeze leaves free.
func (c Config) trained(params []zoo.Tensor) ([]int, error) {
	match := func(pattern string, p zoo.Tensor) bool {
		ok, _ := path.Match(pattern, p.Name) // withDefaults has seen that it is a pattern
		return ok
	}
	for _, pattern := range c.Freeze {
		if !slices.ContainsFunc(params, func(p zoo.Tensor) bool { return match(pattern, p) }) {
			return nil, errors.Errorf("train: no parameter matches %q to freeze; the first is %s", pattern, params[0].Name)
		}
	}
	var free []int
	for k, p := range params {
		if !slices.ContainsFunc(c.Freeze, func(pattern string) bool { return match(pattern, p) }) {
			free = append(free, k)
		}
	}
	if len(free) == 0 {
		return nil, errors.Errorf("train: %q freezes every parameter; leave one to train", c.Freeze)
	}
	return free, nil
}

// FromRecipe returns a paper's protocol as a configuration; the recipe's dropout is
// the model's, see zoo.Options, and how clips are made the data set's. It returns an
// error for nil, which an entry without a paper has, and when a setting is invalid.
func FromRecipe(r *zoo.Recipe) (Config, error) {
	if r == nil {
		return Config{}, errors.New("train: the model has no recipe")
	}
	cfg := Config{
		Epochs: r.Epochs, Batch: r.Batch, LearningRate: r.LearningRate,
		WeightDecay: r.WeightDecay, ClassifierL2: r.ClassifierL2, MaxGradNorm: r.MaxGradNorm,
	}
	if _, err := cfg.Parse(r.Optimizer, r.Schedule, ""); err != nil {
		return cfg, err
	}
	return cfg, cfg.Check()
}
