package main

import (
	"cmp"
	_ "embed"
	"flag"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/compare"
	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/sets"
	"github.com/tensorzoo/tensorzoo/preprocess"
	"github.com/tensorzoo/tensorzoo/train"
)

func badf(format string, args ...any) error { return cmdline.Usagef("compare: "+format, args...) }

// blame makes a cmdline.Usage of an error of package compare that the user can put right,
// and has it name the flag that it is about, by the field that it names or the value that it
// quotes.
func (f *flags) blame(err error) error {
	var bad *train.SettingError
	switch {
	case errors.As(err, &bad) && bad.Field == "LearningRate":
		return badf("-rates has %v; want %s", bad.Value, bad.Want)
	case errors.As(err, &bad):
		return badf("-%s is %v; want %s", cmdline.Field(f.set, bad.Field), bad.Value, bad.Want)
	case !cmdline.IsUsage(err) && !errors.As(err, new(*compare.InputError)):
		return err
	}
	if fields.MatchString(err.Error()) {
		return cmdline.Usage{Err: errors.New(fields.ReplaceAllStringFunc(err.Error(), func(field string) string {
			return "-" + cmdline.Field(f.set, field[strings.Index(field, ".")+1:])
		}))}
	}
	return cmdline.Blame(f.set, err)
}

// fields are those that package compare names.
var fields = regexp.MustCompile(`\b(Comparison|Protocol|Measuring)\.[A-Z]\w*`)

// flags are what the command line says.
type flags struct {
	args []string
	set  *flag.FlagSet

	compare.Comparison // of -out
	measuring          compare.Measuring
	models, rates      string
	dropout            float64
	video              video.Options
	size               string
	growth             string
	quiet, cost, js    bool
}

// clips says how videos become clips, or which steps of features are taken, where the flags do; protocol.json keeps it.
type clips struct {
	Steps  int     `json:"steps"` // 0 for the default
	Sample string  `json:"sample"`
	Size   string  `json:"size"` // "" for what each model reads
	Grey   bool    `json:"grey"`
	MaxBad float64 `json:"max_bad"`
}

//go:embed help.txt
var help string

// reads are the flags of each job; the rest would be ignored without a word.
var reads = map[string][]string{
	"out":    strings.Fields("out models data split seeds epochs batch rates folds rounds optimizer schedule weight-decay clip label-smoothing dropout augment threads jobs quiet steps sample size grey cache cache-limit max-bad"),
	"cost":   strings.Fields("cost models batch steps runs warm-up threads json"),
	"growth": strings.Fields("growth batch steps runs warm-up threads"),
}

func newFlags() *flags {
	f := &flags{set: flag.NewFlagSet("compare", flag.ContinueOnError)}
	f.Protocol = compare.DefaultProtocol()
	set := f.set
	set.StringVar(&f.models, "models", "lstm,tt-lstm,tr-lstm,bt-lstm,ht-lstm", "`names` of models, with commas between, patterns such as 'tt-*', and files such as my.json with a spec of your own; "+cmdline.Other("train")+" -list has all")
	set.StringVar(&f.Dir, "out", "", "train and write the report to this `folder`")
	set.StringVar(&f.Data, "data", "actions", sets.Sets())
	set.StringVar(&f.Split, "split", "", sets.Splits())
	set.IntVar(&f.Seeds, "seeds", 5, "runs of each model, with the seeds from 1 on")
	set.StringVar(&f.rates, "rates", "3e-4,1e-3,3e-3,1e-2", "learning `rates` to choose from, model by model; a single one is taken without a choice")
	set.IntVar(&f.Folds, "folds", f.Folds, "parts that the training clips are cut into for the choice, by subject or group where the data have them")
	set.IntVar(&f.Rounds, "rounds", f.Rounds, "how many of these parts are held out, one after another, for each rate")
	cmdline.Training{
		Epochs: &f.Epochs, WeightDecay: &f.WeightDecay, MaxGradNorm: &f.MaxGradNorm, LabelSmoothing: &f.LabelSmoothing, Dropout: &f.dropout,
		Optimizer: &f.Optimizer, Schedule: &f.Schedule, Augment: &f.Augment,
	}.Flags(set)
	set.IntVar(&f.Jobs, "jobs", 0, "runs at the same time; 0 for as many as -threads leaves cores for. A dense model of 57,600 inputs takes 2.5 GB, and 1 GB more per further thread")
	set.IntVar(&f.Threads, "threads", 0, "processor cores of a run; 0 for one with -out, which several runs share better, and for all without")
	set.IntVar(&f.Batch, "batch", f.Batch, "clips a step")
	set.BoolVar(&f.quiet, "quiet", false, "no progress, the table alone")
	set.BoolVar(&f.cost, "cost", false, "measure time and memory of a training step")
	set.StringVar(&f.growth, "growth", "", "`folder` for pictures and a table of how a step's time grows with input, modes, rank, batch, steps and hidden size")
	sets.Flags(set, &f.video, &f.size)
	set.Lookup("steps").Usage = "with -cost and -growth: `frames` a clip (default 6); of videos and features: those that are taken of a clip, or all (default 6 of videos, all of features)"
	set.IntVar(&f.measuring.Runs, "runs", 20, "with -cost and -growth: steps that are timed, at least 20")
	set.IntVar(&f.measuring.WarmUp, "warm-up", 3, "with -cost and -growth: steps before that")
	set.BoolVar(&f.js, "json", false, "with -cost: one line of JSON a model instead of a table")
	return f
}

// parse reads the flags; helped reports that it printed them instead.
func parse(args []string, stdout io.Writer) (f *flags, helped bool, err error) {
	f = newFlags()
	f.args = args
	if helped, err = cmdline.Parse(f.set, args, help, stdout); err != nil || helped {
		return f, helped, err
	}
	jobs := slices.DeleteFunc([]string{"out", "cost", "growth"}, func(job string) bool {
		v := f.set.Lookup(job).Value.String()
		return v == "" || v == "false"
	})
	var idle []string
	f.set.Visit(func(fl *flag.Flag) {
		if len(jobs) > 0 && !slices.Contains(reads[jobs[0]], fl.Name) {
			idle = append(idle, "-"+fl.Name)
		}
	})
	switch {
	case f.set.NArg() > 0:
		return f, false, badf("%q is no flag; see -h", f.set.Arg(0))
	case cmdline.CheckText(f.set) != nil:
		return f, false, badf("%v", cmdline.CheckText(f.set))
	case len(jobs) == 0:
		return f, false, badf("nothing to do; give -out, -cost or -growth, or -h for help")
	case len(jobs) > 1:
		return f, false, badf("-out, -cost and -growth are three jobs; give one of them")
	case len(idle) > 0:
		return f, false, badf("-%s does not read %s; leave it out", jobs[0], strings.Join(idle, ", "))
	}
	return f, false, f.complete()
}

// complete fills in what the flags leave open, and returns an error for values that no job can have.
func (f *flags) complete() error {
	if f.Threads == 0 && f.Dir != "" {
		f.Threads = 1
	}
	f.Threads = cmp.Or(f.Threads, runtime.GOMAXPROCS(0))
	f.Jobs = cmp.Or(f.Jobs, min(1024, max(1, runtime.GOMAXPROCS(0)/max(1, f.Threads))))
	f.measuring.Batch, f.measuring.Steps, f.measuring.Threads = f.Batch, f.video.Steps, f.Threads
	if f.measuring.Steps < 1 { // none given, or all
		f.measuring.Steps = 6
	}
	switch err := f.measuring.Check(); {
	case f.measuring.Runs < 20:
		return badf("-runs is %d; want at least 20 and at most 1000000", f.measuring.Runs)
	case err != nil:
		return f.blame(err)
	case f.Dir == "" && f.video.Steps == preprocess.AllSteps:
		return badf("-steps is all; want a number of frames, as the clips are made up")
	case f.Dir == "":
		return nil
	}
	if err := cmp.Or(sets.Check(f.Data, f.video, f.size, f.given), sets.Apart(f.Data, f.Dir)); err != nil {
		return badf("%v", err)
	}
	f.Command = f.command()
	if f.given("dropout") {
		f.Dropout = &f.dropout
	}
	if slices.ContainsFunc([]string{"steps", "sample", "size", "grey", "max-bad"}, f.given) {
		f.Clips = clips{f.video.Steps, f.video.Sample, f.size, f.video.Grey, f.video.MaxBad}
	}
	f.Rates = nil
	for text := range strings.SplitSeq(f.rates, ",") {
		rate, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil {
			return badf("-rates has %q; want positive numbers with commas between, such as 1e-3,3e-3", text)
		}
		f.Rates = append(f.Rates, rate)
	}
	return f.blame(f.Check())
}

// given reports whether a flag stands on the command line.
func (f *flags) given(name string) bool { return cmdline.Given(f.set, name) }

// command is the command line that makes the report again.
func (f *flags) command() string {
	line := cmdline.Program("compare")
	if rest, run := strings.CutPrefix(line, "go run "); run && strings.HasPrefix(backend.Name, "openblas") { // another one is refused
		line = "CGO_LDFLAGS=-lopenblas go run -tags openblas " + rest
	}
	f.set.Visit(func(fl *flag.Flag) {
		if fl.Name != "quiet" && fl.Name != "jobs" {
			line += fmt.Sprintf(" -%s %s", fl.Name, cmdline.Quote(fl.Value.String()))
		}
	})
	return line
}
