package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/sets"
	"github.com/tensorzoo/tensorzoo/preprocess"
	"github.com/tensorzoo/tensorzoo/train"
)

// usage is an error in what the user asked for.
type usage struct{ error }

// Unwrap returns the wrapped error.
func (u usage) Unwrap() error { return u.error }

func badf(format string, args ...any) error {
	return usage{errors.Errorf("compare: "+format, args...)}
}

// blame names the flag whose value an error is about, where it quotes that.
func (f *flags) blame(err error) error {
	if text, ok := cmdline.Blame(f.set, err); ok {
		return badf("%s", text)
	}
	return err
}

// flags are what the command line says.
type flags struct {
	set *flag.FlagSet

	models  string
	threads int
	batch   int

	// The training comparison.
	out         string
	data, split string
	seeds       int
	epochs      int
	rates       string
	folds       int
	rounds      int
	jobs        int
	video       video.Options
	size        string
	optimizer   string
	schedule    string
	weightDecay float64
	clip        float64
	smoothing   float64
	dropout     float64
	augment     string
	quiet       bool

	// Costs and their growth.
	cost, js    bool
	growth      string
	steps       int // that of -steps, or 6
	runs, warms int

	// Children.
	one string
	job bool
}

const intro = `Compare sets models side by side.

  go run ./cmd/compare -models lstm,tt-lstm,ht-lstm -split few-subjects -seeds 5 -out report

trains every model with every seed under one protocol, each run in a process of its own, and writes report/index.html,
one page that needs no network, report.md, results.csv and plots. A learning rate is chosen for each model from those of
-rates, on a part of the training clips; the test clips have no part in it. Where the best is the least or the largest of
them, one beyond it is tried too. Stopped by Ctrl-C, the same command goes on where it stopped; more models or seeds are
added to what is there. Data are those of cmd/train: -data folder:clips compares on videos.

  go run ./cmd/compare -cost                                  what the five LSTMs of UCF11 cost: time, memory, ratios
  go run ./cmd/compare -cost -models 'tt-*,lstm' -threads 1   others, on one core
  go run ./cmd/compare -cost -models my.json,ht-lstm          a model of your own beside one of the zoo
  go run ./cmd/compare -cost -json                            one line of JSON a model
  go run ./cmd/compare -growth DIR                            how a step's time grows with each size, with pictures

measure the time of a training step (forward, backward and Adam on -batch clips of -steps frames), of its forward pass and
of one frame of a live sequence, and the memory of the process, on random data. GFLOP/s is the rate of the forward pass,
two operations a multiply-add of mul_adds_per_frame. OpenBLAS makes the products, or those for which it is faster, with

  CGO_LDFLAGS=-lopenblas go run -tags openblas ./cmd/compare ...

`

// What each job reads; the rest would be ignored without a word.
var (
	trainingFlags = []string{"out", "models", "data", "split", "seeds", "epochs", "batch", "rates", "folds", "rounds", "optimizer", "schedule", "weight-decay", "clip", "label-smoothing", "dropout", "augment", "threads", "jobs", "quiet", "steps", "sample", "size", "grey", "cache", "cache-limit", "max-bad"}
	costFlags     = []string{"cost", "models", "batch", "steps", "runs", "warm-up", "threads", "json"}
	growthFlags   = []string{"growth", "batch", "steps", "runs", "warm-up", "threads"}
)

func newFlags() *flags {
	f := &flags{set: flag.NewFlagSet("compare", flag.ContinueOnError)}
	set := f.set
	set.SetOutput(io.Discard)
	set.StringVar(&f.models, "models", "lstm,tt-lstm,tr-lstm,bt-lstm,ht-lstm", "`names` of models, with commas between, patterns such as 'tt-*', and files such as my.json with a spec of your own; "+cmdline.Other("train")+" -list has all")
	set.StringVar(&f.out, "out", "", "train and write the report to this `folder`")
	set.StringVar(&f.data, "data", "actions", sets.Sets())
	set.StringVar(&f.split, "split", "", sets.Splits())
	set.IntVar(&f.seeds, "seeds", 5, "runs of each model, with the seeds from 1 on")
	set.IntVar(&f.epochs, "epochs", 24, "passes over the training clips, of every run")
	set.StringVar(&f.rates, "rates", "3e-4,1e-3,3e-3,1e-2", "learning `rates` to choose from, model by model; a single one is taken without a choice")
	set.IntVar(&f.folds, "folds", 4, "parts that the training clips are cut into for the choice, by subject or group where the data have them")
	set.IntVar(&f.rounds, "rounds", 1, "how many of these parts are held out, one after another, for each rate")
	set.StringVar(&f.optimizer, "optimizer", "adam", "`rule`: adam, adamw, rmsprop, or sgd, with settings as in sgd:0.5")
	set.StringVar(&f.schedule, "schedule", "cosine", "`how` the learning rate changes: constant, step:30:0.2, inverse:1e-4, cosine, or one of them after epochs of warm-up, as in warmup:2,cosine")
	set.Float64Var(&f.weightDecay, "weight-decay", 0, "decay of all weights but biases")
	set.Float64Var(&f.clip, "clip", 5, "largest global norm of the gradients; 0 for any")
	set.Float64Var(&f.smoothing, "label-smoothing", 0, "part of the target that all classes share")
	set.Float64Var(&f.dropout, "dropout", 0, "probability of dropping an input or a state in training (default that of each model)")
	set.StringVar(&f.augment, "augment", "", "`how` training clips are changed at random, such as brightness:0.3,colour:0.2")
	set.IntVar(&f.jobs, "jobs", 0, "runs at the same time; 0 for as many as -threads leaves cores for. A dense model of 57,600 inputs takes 2.5 GB, and 1 GB more per further thread")
	set.IntVar(&f.threads, "threads", 0, "processor cores of a run; 0 for one with -out, which several runs share better, and for all without")
	set.IntVar(&f.batch, "batch", 16, "clips a step")
	set.BoolVar(&f.quiet, "quiet", false, "no progress, the table alone")
	set.BoolVar(&f.cost, "cost", false, "measure time and memory of a training step")
	set.StringVar(&f.growth, "growth", "", "`folder` for pictures and a table of how a step's time grows with input, modes, rank, batch, steps and hidden size")
	sets.Flags(set, &f.video, &f.size)
	set.Lookup("steps").Usage = "with -cost and -growth: `frames` a clip (default 6); of videos and features: those that are taken of a clip, or all (default 6 of videos, all of features)"
	set.IntVar(&f.runs, "runs", 20, "with -cost and -growth: steps that are timed, at least 20")
	set.IntVar(&f.warms, "warm-up", 3, "with -cost and -growth: steps before that")
	set.BoolVar(&f.js, "json", false, "with -cost: one line of JSON a model instead of a table")
	set.StringVar(&f.one, "one", "", "")  // the model of a child process that measures costs
	set.BoolVar(&f.job, "job", false, "") // a child process that trains
	return f
}

// parse reads the flags; helped reports that it printed them instead.
func parse(args []string, stdout io.Writer) (f *flags, helped bool, err error) {
	f = newFlags()
	err = f.set.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		f.help(stdout)
		return f, true, nil
	}
	switch {
	case err != nil:
		return f, false, badf("%s", cmdline.Explain(f.set, err))
	case f.set.NArg() > 0:
		return f, false, badf("%q is no flag; see -h", f.set.Arg(0))
	case cmdline.CheckText(f.set) != nil:
		return f, false, badf("%v", cmdline.CheckText(f.set))
	case f.job:
		return f, false, nil
	case !f.cost && f.growth == "" && f.one == "" && f.out == "":
		return f, false, badf("nothing to do; give -out, -cost or -growth, or -h for help")
	case f.cost && f.growth != "" || f.out != "" && (f.cost || f.growth != ""):
		return f, false, badf("-out, -cost and -growth are three jobs; give one of them")
	}
	if f.one == "" {
		job, reads := "out", trainingFlags
		if f.cost {
			job, reads = "cost", costFlags
		} else if f.growth != "" {
			job, reads = "growth", growthFlags
		}
		var idle []string
		f.set.Visit(func(fl *flag.Flag) {
			if !slices.Contains(reads, fl.Name) {
				idle = append(idle, "-"+fl.Name)
			}
		})
		if len(idle) > 0 {
			return f, false, badf("-%s does not read %s; leave it out", job, strings.Join(idle, ", "))
		}
	}
	return f, false, f.check()
}

func (f *flags) help(w io.Writer) {
	fmt.Fprint(w, strings.ReplaceAll(intro, "go run ./cmd/compare", cmdline.Program("compare"))+"Flags:\n")
	f.set.VisitAll(func(fl *flag.Flag) {
		if fl.Usage == "" {
			return
		}
		name, text := flag.UnquoteUsage(fl)
		fmt.Fprintf(w, "  -%s %s\n        %s", fl.Name, name, text)
		if fl.DefValue != "false" && fl.DefValue != "" && fl.DefValue != "0" {
			fmt.Fprintf(w, " (default %s)", fl.DefValue)
		}
		fmt.Fprintln(w)
	})
}

// check returns an error for values that no job can have, and fills in threads.
func (f *flags) check() error {
	if f.threads == 0 {
		f.threads = runtime.GOMAXPROCS(0)
		if f.out != "" {
			f.threads = 1
		}
	}
	if f.steps = f.video.Steps; f.steps < 1 { // none given, or all
		f.steps = 6
	}
	if f.jobs == 0 {
		f.jobs = max(1, runtime.GOMAXPROCS(0)/max(1, f.threads))
	}
	for _, c := range []struct {
		name               string
		value, least, most int
	}{
		{"threads", f.threads, 1, train.MaxThreads}, {"batch", f.batch, 1, math.MaxInt32}, {"runs", f.runs, 20, 1e6}, {"warm-up", f.warms, 0, 1e6},
		{"seeds", f.seeds, 1, 1000}, {"folds", f.folds, 2, 1000}, {"rounds", f.rounds, 1, 1000}, {"jobs", f.jobs, 1, 1024}, {"steps", f.steps, 1, train.MaxSteps},
	} {
		if c.value < c.least || c.value > c.most {
			return badf("-%s is %d; want at least %d and at most %d", c.name, c.value, c.least, c.most)
		}
	}
	switch {
	case f.rounds > f.folds:
		return badf("-rounds is %d and -folds %d; there are no more parts to hold out", f.rounds, f.folds)
	case f.out == "" && f.video.Steps == preprocess.AllSteps:
		return badf("-steps is all; want a number of frames, as the clips are made up")
	case !(f.dropout >= 0 && f.dropout < 1):
		return badf("-dropout is %v; want at least 0 and below 1", f.dropout)
	}
	if f.out != "" {
		if err := sets.Check(f.data, f.video, f.size, f.given); err != nil {
			return badf("%v", err)
		}
		if err := sets.Apart(f.data, f.out); err != nil {
			return badf("%v", err)
		}
	}
	if _, err := train.ParseOptimizer(f.optimizer); err != nil {
		return badf("-optimizer: %s", cmdline.Bare(err))
	}
	if _, err := datasets.ParseAugmentation(f.augment); err != nil {
		return badf("-augment: %s", cmdline.Bare(err))
	}
	if _, err := train.ParseSchedule(f.schedule); err != nil {
		return badf("-schedule: %s", cmdline.Bare(err))
	}
	p, err := f.protocol()
	if err != nil {
		return err
	}
	for _, rate := range p.Rates {
		if err := f.checkRun(p, rate); err != nil {
			return err
		}
	}
	return nil
}

// checkRun returns an error about the flag of a setting that no run can have.
func (f *flags) checkRun(p protocol, rate float64) error {
	err := p.checkRate(rate)
	var bad *train.SettingError
	switch {
	case !errors.As(err, &bad):
		return err
	case bad.Field == "LearningRate":
		return badf("-rates has %v; want %s", bad.Value, bad.Want)
	}
	return badf("-%s is %v; want %s", cmdline.Field(f.set, bad.Field), bad.Value, bad.Want)
}

// given reports whether a flag stands on the command line.
func (f *flags) given(name string) (found bool) {
	f.set.Visit(func(fl *flag.Flag) { found = found || fl.Name == name })
	return found
}

// command is the command line that makes the report again.
func (f *flags) command() string {
	var b strings.Builder
	program := cmdline.Program("compare")
	if rest, run := strings.CutPrefix(program, "go run "); run && strings.HasPrefix(backend.Name, "openblas") { // another one is refused
		program = "CGO_LDFLAGS=-lopenblas go run -tags openblas " + rest
	}
	b.WriteString(program)
	f.set.Visit(func(fl *flag.Flag) {
		if fl.Name == "quiet" || fl.Name == "jobs" {
			return
		}
		fmt.Fprintf(&b, " -%s %s", fl.Name, cmdline.Quote(fl.Value.String()))
	})
	return b.String()
}

// protocol is what the flags say of every run.
func (f *flags) protocol() (protocol, error) {
	p := protocol{
		Data: f.data, Split: f.split, Epochs: f.epochs, Batch: f.batch, Folds: f.folds, Rounds: f.rounds, Schedule: f.schedule, Optimizer: f.optimizer,
		WeightDecay: f.weightDecay, Clip: f.clip, LabelSmoothing: f.smoothing, Augment: f.augment, Threads: f.threads, Backend: backend.Name,
	}
	if f.given("dropout") {
		p.Dropout = &f.dropout
	}
	if slices.ContainsFunc([]string{"steps", "sample", "size", "grey", "max-bad"}, f.given) {
		p.Clips = &clips{Steps: f.video.Steps, Sample: f.video.Sample, Size: f.size, Grey: f.video.Grey, MaxBad: f.video.MaxBad}
	}
	for text := range strings.SplitSeq(f.rates, ",") {
		rate, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil {
			return p, badf("-rates has %q; want positive numbers with commas between, such as 1e-3,3e-3", text)
		}
		if slices.Contains(p.Rates, rate) {
			return p, badf("-rates has %g twice", rate)
		}
		p.Rates = append(p.Rates, rate)
	}
	return p, nil
}
