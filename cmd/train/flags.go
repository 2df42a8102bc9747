package main

import (
	_ "embed"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/drawing"
	"github.com/tensorzoo/tensorzoo/internal/sets"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

func badf(format string, args ...any) error { return cmdline.Usagef("train: "+format, args...) }

// flags are what the command line and the configuration file say.
type flags struct {
	train.Config                           // its numbers; the rest is text
	optimizer, schedule, augment, freeze   string
	model, spec, data, split, normalise    string
	validation, dropout, stateDropout      float64
	video                                  video.Options
	decoding                               sets.Report
	gaps                                   string // what to say of classes that a part lacks
	protocol, size, sequence               string
	out, resume, eval, logits, config, svg string
	quiet, tensorboard, js                 bool
	list, long, describe, cost, suggest    bool
	wanted                                 zoo.SuggestOptions

	set       *flag.FlagSet
	cmd, file map[string]bool // flags given on the command line, and in the file of -config
	preset    string          // what -protocol made of the flags, in words
	trainedOn string          // the split of the run that -eval names, where the command line gives another
	ran       string          // the configuration of the run that -resume or -eval names, "" for none
}

//go:embed help.txt
var help string

const (
	autoOut = "runs/MODEL"
	noOut   = "none"
)

// actions are the flags that say what to do and not how to train: no
// configuration file keeps them.
var actions = []string{"config", "resume", "eval", "logits", "list", "long", "describe", "cost", "svg", "json", "suggest", "features", "hidden", "budget", "cell", "format"}

// changeable are the flags that may differ when a run is resumed.
var changeable = append([]string{"epochs", "out", "save-every", "quiet", "tensorboard", "cache", "cache-limit", "max-bad"}, actions...)

func newFlags() *flags {
	f := &flags{cmd: map[string]bool{}, file: map[string]bool{}}
	fs := flag.NewFlagSet("train", flag.ContinueOnError)
	f.set = fs
	fs.StringVar(&f.model, "model", "ht-lstm", "`name` of a model of the zoo; with -list a pattern")
	fs.StringVar(&f.spec, "spec", "", "JSON `file` with a model of your own, instead of -model")

	fs.StringVar(&f.data, "data", "actions", sets.Sets())
	fs.StringVar(&f.split, "split", "", sets.Splits()+", the second of five parts of all clips is tested, of whole groups where there are groups")
	fs.StringVar(&f.sequence, "sequence", "", "of mnist and fashion: `what` a clip is: rows, steps of 28 values (the default), bands:4, of 4 rows, pixels, 784 steps of one value, or digits:10, ten whole pictures of which one is a 0 or none")
	sets.Flags(fs, &f.video, &f.size)
	fs.StringVar(&f.normalise, "normalise", "auto", "`how` values are normalised: channel (each entry of a step's last axis apart), global, none, minus128, or auto, see docs/data.md")
	fs.Float64Var(&f.validation, "validation", 0, "`part` of the training clips, such as 0.1, that is not trained on and decides which epoch is the best; 0 lets the training loss decide")

	fs.StringVar(&f.protocol, "protocol", "", "`name` of a protocol that says how to train, where no flag does: paper, that of the papers' public code for the model; with -describe it is printed alone")
	f.Epochs, f.MaxGradNorm, f.optimizer, f.schedule = 8, 5, "adam", "constant"
	cmdline.Training{
		Epochs: &f.Epochs, WeightDecay: &f.WeightDecay, MaxGradNorm: &f.MaxGradNorm, LabelSmoothing: &f.LabelSmoothing, Dropout: &f.dropout,
		Optimizer: &f.optimizer, Schedule: &f.schedule, Augment: &f.augment,
	}.Flags(fs)
	fs.IntVar(&f.Batch, "batch", 16, "clips that go through the model at once; more than there are means all")
	fs.IntVar(&f.Truncate, "bptt", 0, "cut sequences into pieces of so many `steps`, two of which are in memory where the data allow it: the state goes on, and no gradient goes back; 0 for no cuts")
	fs.IntVar(&f.Accumulate, "accumulate", 1, "batches whose gradients make one step: batches of a size that memory has no room for")
	fs.Float64Var(&f.LearningRate, "lr", 2e-3, "learning rate")
	fs.Float64Var(&f.ClassifierL2, "classifier-l2", 0, "`factor` of the sum of the classifier's squared weights that is added to the loss")
	fs.Float64Var(&f.stateDropout, "recurrent-dropout", 0, "the same of a state alone (default that of -dropout)")
	fs.IntVar(&f.Patience, "patience", 0, "stop after this many epochs without a lower loss, in training or on the clips of -validation; 0 never does")
	fs.StringVar(&f.freeze, "freeze", "", "`patterns` of parameters to keep as they are, with commas, such as 'layer1.input.*'")
	fs.Uint64Var(&f.Seed, "seed", 1, "fixes initial weights, order of clips and dropout: two runs give the same bits")

	fs.StringVar(&f.out, "out", autoOut, "`folder` for checkpoints, curves and figures; the default takes runs/MODEL-2 and so on when that is there; none keeps nothing")
	fs.DurationVar(&f.SaveEvery, "save-every", 5*time.Minute, "`time` after which a checkpoint is written in the middle of an epoch; there is one after every epoch")
	fs.StringVar(&f.resume, "resume", "", "go on with the run in this `folder`, or without one in that of -out")
	fs.StringVar(&f.eval, "eval", "", "score the checkpoint in this `folder`, or the best of the run in it, or without one in that of -out")
	fs.StringVar(&f.logits, "logits", "", "write the logits of the test clips to this .npy `file`, (clips, classes); those of a damaged clip are NaN")
	fs.StringVar(&f.config, "config", "", "JSON `file` with flags, such as {\"model\": \"tt-gru\", \"epochs\": 20}; the command line comes first. Each run writes its own")
	fs.IntVar(&f.Threads, "threads", 0, "processor cores to use, each for a part of every batch; 0 for all. A run is resumed with as many")
	fs.BoolVar(&f.quiet, "quiet", false, "print the result alone")
	fs.BoolVar(&f.tensorboard, "tensorboard", false, "write event files for TensorBoard to the folder of -out")
	fs.BoolVar(&f.list, "list", false, "print the models of the zoo and stop")
	fs.BoolVar(&f.long, "long", false, "with -list: modes, ranks and multiply-adds too, in lines of more than 80 characters")
	fs.BoolVar(&f.describe, "describe", false, "print the model in figures and stop")
	fs.BoolVar(&f.cost, "cost", false, "with -describe: train for a few seconds on clips that are made up, -batch of -steps (default 6), and print where a step's time goes: products, elementwise work, moving")
	fs.StringVar(&f.svg, "svg", "", "with -describe: draw the tensor network of the weights to this .svg `file`")
	fs.BoolVar(&f.suggest, "suggest", false, "propose a model in every format for -features, -hidden and -budget, as specs for -spec, and stop")
	fs.IntVar(&f.wanted.Features, "features", 0, "with -suggest: values of a frame")
	fs.IntVar(&f.wanted.Hidden, "hidden", 256, "with -suggest: hidden units")
	fs.IntVar(&f.wanted.Budget, "budget", 2000, "with -suggest: the most input-to-hidden weights, of all gates together and without biases")
	fs.StringVar(&f.wanted.Cell, "cell", "lstm", "with -suggest: `cell`, "+strings.Join(cells.Names(), ", "))
	fs.StringVar(&f.wanted.Format, "format", "", "with -suggest: print only the spec of this `format`: "+strings.Join(zoo.SuggestedFormats(), ", "))
	fs.BoolVar(&f.js, "json", false, "print JSON: of -list, of -describe, of -suggest, of -eval, or of the result")
	return f
}

// parse reads the command line and the file it names. The bool says that help
// was asked for and given.
func parse(args []string, stdout io.Writer) (*flags, bool, error) {
	f := newFlags()
	args = joinOptional(args, "resume", "eval")
	if helped, err := cmdline.Parse(f.set, args, help, stdout); err != nil || helped {
		return nil, helped, err
	}
	if err := cmdline.CheckText(f.set); err != nil {
		return nil, false, badf("%v", err)
	}
	f.set.Visit(func(given *flag.Flag) { f.cmd[given.Name] = true })
	if rest := f.set.Args(); len(rest) > 0 {
		return nil, false, badf("there is no argument %q: everything is a flag, see -h", rest[0])
	}
	for _, read := range []func() error{f.readConfig, f.findFolders, f.readRun, f.applyProtocol} {
		if err := read(); err != nil {
			return nil, false, err
		}
	}
	if f.Threads == 0 { // the run's configuration has the number, which decides about the last bits
		f.Threads = runtime.GOMAXPROCS(0)
	}
	return f, false, f.check()
}

// joinOptional makes "-resume DIR" one argument, as package flag wants it of
// flags whose value may be left out.
func joinOptional(args []string, names ...string) (joined []string) {
	for k := 0; k < len(args); k++ {
		arg := args[k]
		if name := strings.TrimLeft(arg, "-"); name != arg && slices.Contains(names, name) {
			value := here
			if k+1 < len(args) && !strings.HasPrefix(args[k+1], "-") {
				k++
				value = args[k]
			}
			arg += "=" + value
		}
		joined = append(joined, arg)
	}
	return joined
}

// here stands for a folder that was left out.
const here = "\x00"

// findFolders gives -resume and -eval the folder of -out where they have none.
func (f *flags) findFolders() error {
	for name, dir := range map[string]*string{"resume": &f.resume, "eval": &f.eval} {
		switch {
		case *dir == here && (!f.given("out") || f.out == noOut):
			return badf("-%s of which run? Give its folder, as in -%s runs/ht-lstm", name, name)
		case *dir == here:
			*dir = f.out
		case *dir == "" && f.cmd[name]:
			return badf("-%s has an empty folder", name)
		}
	}
	switch {
	case f.resume == "":
		return nil
	case f.given("out") && filepath.Clean(f.out) != filepath.Clean(f.resume):
		return badf("-resume %s goes on in that folder; leave -out %s out", f.resume, f.out)
	}
	f.out = f.resume
	return nil
}

// given reports whether a flag stands on the command line or in a file.
func (f *flags) given(name string) bool { return cmdline.Given(f.set, name) }

// check returns an error for values that no run can have.
func (f *flags) check() error {
	for _, mistake := range []struct {
		made bool
		text string
	}{
		{f.spec != "" && f.cmd["model"] && f.cmd["spec"], fmt.Sprintf("give -model %s or -spec %s, not both", f.model, f.spec)},
		{f.list && f.describe, "-list prints models and -describe one of them; give -list -long for more about each, or -describe -model NAME"},
		{f.list && (f.spec != "" || f.resume != "" || f.eval != ""), "-list prints the zoo and stops; leave -spec, -resume and -eval out"},
		{f.suggest && (f.cmd["model"] || f.spec != "" || f.list || f.describe || f.resume != "" || f.eval != ""), "-suggest prints new specs; leave -model, -spec, -list, -describe, -resume and -eval out"},
		{f.long && !f.list, "-long is for -list; give that too"},
		{f.suggest && !f.given("features"), "-suggest needs the number of values of a frame, such as -features 57600"},
		{f.cmd["protocol"] && (f.list || f.suggest || f.eval != ""), "-protocol says how to train; leave it out with -list, -suggest and -eval"},
		{f.resume != "" && f.eval != "", "-resume trains and -eval does not; give one of them"},
		{f.eval != "" && (f.cmd["model"] || f.cmd["spec"] || f.cmd["normalise"] || f.cmd["size"] || f.cmd["grey"]), "-eval takes the model, its normalisation and its frames from the checkpoint; leave -model, -spec, -normalise, -size and -grey out"},
		{f.logits != "" && !cmdline.IsFolder(filepath.Dir(f.logits)), fmt.Sprintf("-logits %s: there is no folder %s", f.logits, filepath.Dir(f.logits))},
		{f.cost && (!f.describe || f.list), "-cost measures the model that -describe prints; give -describe -cost"},
		{f.cmd["svg"] && f.svg == "", "-svg has no file; want one such as network.svg"},
		{f.svg != "" && (!f.describe || f.list), fmt.Sprintf("-svg draws the model that -describe prints; give -describe -svg %s", f.svg)},
		{f.svg != "" && !cmdline.IsFolder(filepath.Dir(f.svg)), fmt.Sprintf("-svg %s: there is no folder %s", f.svg, filepath.Dir(f.svg))},
		{f.svg != "" && cmdline.IsFolder(f.svg), fmt.Sprintf("-svg %s is a folder; want a file such as network.svg", f.svg)},
		{f.Accumulate < 1, fmt.Sprintf("-accumulate is %d; want at least 1", f.Accumulate)}, // 0 is the default in the library
		{!(f.dropout >= 0 && f.dropout < 1), fmt.Sprintf("-dropout is %v; want at least 0 and below 1", f.dropout)},
		{!(f.stateDropout >= 0 && f.stateDropout < 1), fmt.Sprintf("-recurrent-dropout is %v; want at least 0 and below 1", f.stateDropout)},
		{!(f.validation >= 0 && f.validation < 1), fmt.Sprintf("-validation is %v; want at least 0 and below 1, such as 0.1", f.validation)},
		{f.out == "", "-out is empty; give a folder, or none"},
		{f.tensorboard && f.out == noOut, "-tensorboard writes to the folder of -out, which is none"},
	} {
		if mistake.made {
			return badf("%s", mistake.text)
		}
	}
	for _, name := range []string{"features", "hidden", "budget", "cell", "format"} {
		if f.given(name) && !f.suggest {
			return badf("-%s %s is for -suggest; give that too", name, f.set.Lookup(name).Value)
		}
	}
	if err := sets.Check(f.data, f.video, f.size, func(name string) bool { return f.cmd[name] && !(f.cost && name == "steps") }); err != nil {
		return badf("%v", err)
	}
	if f.svg != "" {
		if err := drawing.Check(f.svg); err != nil {
			return badf("-svg: %s", cmdline.Bare(err))
		}
	}
	if f.eval != "" { // the settings of training play no part
		return nil
	}
	_, err := f.trainConfig()
	return err
}

// trainConfig returns the settings of the loop, or an error that names the flag whose value no
// run can have.
func (f *flags) trainConfig() (cfg train.Config, err error) {
	cfg = f.Config
	if field, err := cfg.Parse(f.optimizer, f.schedule, f.augment); err != nil {
		return cfg, badf("-%s: %s", strings.ToLower(field), cmdline.Bare(err))
	}
	for pattern := range strings.SplitSeq(f.freeze, ",") {
		if pattern = strings.TrimSpace(pattern); pattern != "" {
			cfg.Freeze = append(cfg.Freeze, pattern)
		}
	}
	slices.Sort(cfg.Freeze)
	var number *train.SettingError
	switch err = cfg.Check(); {
	case errors.As(err, &number):
		return cfg, badf("-%s is %v; want %s", cmdline.Field(f.set, number.Field), number.Value, number.Want)
	case err != nil:
		return cfg, badf("%s", cmdline.Bare(err))
	}
	return cfg, nil
}
