package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
)

// usage is an error in what the user asked for.
type usage struct{ error }

// Unwrap gives the error itself.
func (u usage) Unwrap() error { return u.error }

// flags are what the command line says.
type flags struct {
	model, spec, data, split string
	epochs, batch            int
	lr, dropout, clip        float64
	seed                     uint64
	list, describe, json     bool
	modelGiven, dropoutGiven bool
}

const intro = `Train fits a recurrent classifier, whose input weights are a tensor network, to a data set.

  go run ./cmd/train -model ht-lstm              train on the embedded clips
  go run ./cmd/train -model tt-gru -epochs 20    another cell and format, for longer
  go run ./cmd/train -spec my.json               a model of your own, see docs/spec.md
  go run ./cmd/train -list                       the models there are
  go run ./cmd/train -list -model '*-gru*'       some of them
  go run ./cmd/train -describe -model bt-lstm    one of them in figures

Flags:
`

// parse reads the command line. The bool says that help was asked for and given.
func parse(args []string, stdout io.Writer) (*flags, bool, error) {
	f := &flags{}
	fs := flag.NewFlagSet("train", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&f.model, "model", "ht-lstm", "`name` of a model of the zoo; with -list a pattern")
	fs.StringVar(&f.spec, "spec", "", "JSON `file` with a model of your own, instead of -model")
	fs.StringVar(&f.data, "data", "actions", "data `set`: "+strings.Join(datasets.Names(), ", "))
	fs.StringVar(&f.split, "split", "", "`name` of the split into training and test clips; of actions: "+strings.Join(datasets.Splits("actions"), ", ")+" (the first is the default)")
	fs.IntVar(&f.epochs, "epochs", 8, "passes over the training clips")
	fs.IntVar(&f.batch, "batch", 16, "clips a step")
	fs.Float64Var(&f.lr, "lr", 2e-3, "learning rate of Adam")
	fs.Float64Var(&f.dropout, "dropout", 0, "probability of dropping an input or a state in training; the papers take 0.25 (default that of the model)")
	fs.Float64Var(&f.clip, "clip", 5, "largest global norm of the gradients; 0 for any")
	fs.Uint64Var(&f.seed, "seed", 1, "fixes initial weights, order of clips and dropout: two runs give the same bits")
	fs.BoolVar(&f.list, "list", false, "print the models of the zoo and stop")
	fs.BoolVar(&f.describe, "describe", false, "print the model in figures and stop")
	fs.BoolVar(&f.json, "json", false, "print JSON: of -list, of -describe, or of the result")
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		fs.SetOutput(stdout)
		fmt.Fprint(stdout, intro)
		fs.PrintDefaults()
		return nil, true, nil
	} else if err != nil {
		return nil, false, usage{errors.Errorf("train: %v%s", err, suggest(fs, err))}
	}
	fs.Visit(func(given *flag.Flag) {
		f.modelGiven = f.modelGiven || given.Name == "model"
		f.dropoutGiven = f.dropoutGiven || given.Name == "dropout"
	})
	return f, false, f.check(fs.Args())
}

// check returns an error for values that no run can have.
func (f *flags) check(rest []string) error {
	bad := func(format string, args ...any) error { return usage{errors.Errorf("train: "+format, args...)} }
	switch {
	case len(rest) > 0:
		return bad("there is no argument %q: everything is a flag, see -h", rest[0])
	case f.spec != "" && f.modelGiven:
		return bad("give -model %s or -spec %s, not both", f.model, f.spec)
	case f.spec != "" && f.list:
		return bad("-list prints the zoo; use -describe -spec %s for a model of your own", f.spec)
	case f.epochs < 1:
		return bad("-epochs is %d; want at least 1", f.epochs)
	case f.batch < 1:
		return bad("-batch is %d; want at least 1", f.batch)
	case !(f.lr > 0) || math.IsInf(f.lr, 0):
		return bad("-lr is %v; want a positive number such as 2e-3", f.lr)
	case !(f.dropout >= 0 && f.dropout < 1):
		return bad("-dropout is %v; want at least 0 and below 1", f.dropout)
	case !(f.clip >= 0):
		return bad("-clip is %v; want a positive number, or 0 for no clipping", f.clip)
	}
	return nil
}

// suggest completes the error about an unknown flag.
func suggest(fs *flag.FlagSet, err error) string {
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return ""
	}
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return didyoumean.Hint(name, names)
}
