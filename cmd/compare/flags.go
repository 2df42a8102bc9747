package main

import (
	"flag"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/zoo"
)

// usage is an error in what the user asked for.
type usage struct{ error }

// Unwrap gives the error itself.
func (u usage) Unwrap() error { return u.error }

func badf(format string, args ...any) error {
	return usage{errors.Errorf("compare: "+format, args...)}
}

type flags struct {
	cost, js            bool
	models, one         string
	growth              string
	threads, runs       int
	batch, steps, warms int
}

const intro = `Compare measures what models cost: the time of a training step, of its forward pass and of one frame of a live
sequence, and the memory of the process. Each model has a process of its own; the data are random.

  go run ./cmd/compare -cost                                  the five LSTMs of UCF11, with ratios to the dense one
  go run ./cmd/compare -cost -models 'tt-*,lstm' -threads 1   others, on one core
  go run ./cmd/compare -cost -json                            one line of JSON a model
  go run ./cmd/compare -growth DIR                            how a step's time grows with each size, with pictures

A step is forward, backward and Adam on -batch clips of -steps frames. GFLOP/s is the rate of the forward pass, two
operations a multiply-add of mul_adds_per_frame. OpenBLAS makes the products, or those for which it is faster, with

  CGO_LDFLAGS=-lopenblas go run -tags openblas ./cmd/compare ...

Flags:
`

// parse reads the flags; helped tells that it printed them instead.
func parse(args []string, stdout io.Writer) (f flags, helped bool, err error) {
	set := flag.NewFlagSet("compare", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.BoolVar(&f.cost, "cost", false, "measure time and memory")
	set.StringVar(&f.models, "models", "ht-lstm,tt-lstm,tr-lstm,bt-lstm,lstm", "`names` of models, with commas between, or patterns such as 'tt-*'; go run ./cmd/train -list has all")
	set.IntVar(&f.threads, "threads", runtime.GOMAXPROCS(0), "processor cores to use")
	set.IntVar(&f.batch, "batch", 16, "clips a step")
	set.IntVar(&f.steps, "steps", 6, "frames a clip")
	set.IntVar(&f.runs, "runs", 20, "steps that are timed, at least 20")
	set.IntVar(&f.warms, "warm-up", 3, "steps before that")
	set.BoolVar(&f.js, "json", false, "one line of JSON a model instead of a table")
	set.StringVar(&f.growth, "growth", "", "`folder` for pictures and a table of how a step's time grows with input, modes, rank, batch, steps and hidden size")
	set.StringVar(&f.one, "one", "", "") // the model of a child process
	err = set.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, intro)
		set.VisitAll(func(fl *flag.Flag) {
			if fl.Name == "one" {
				return
			}
			name, text := flag.UnquoteUsage(fl)
			fmt.Fprintf(stdout, "  -%s %s\n        %s", fl.Name, name, text)
			if fl.DefValue != "false" {
				fmt.Fprintf(stdout, " (default %s)", fl.DefValue)
			}
			fmt.Fprintln(stdout)
		})
		return f, true, nil
	}
	switch {
	case err != nil:
		return f, false, usage{errors.Wrap(err, "compare")}
	case set.NArg() > 0:
		return f, false, badf("%q is no flag; see -h", set.Arg(0))
	case !f.cost && f.growth == "" && f.one == "":
		return f, false, badf("nothing to do; give -cost or -growth, or -h for help")
	case f.cost && f.growth != "":
		return f, false, badf("-cost and -growth are two jobs; give one of them")
	case f.growth != "" && (f.js || given(set, "models")):
		return f, false, badf("-growth has models and files of its own; leave -json and -models out")
	}
	for _, c := range []struct {
		name         string
		value, least int
	}{{"threads", f.threads, 1}, {"batch", f.batch, 1}, {"steps", f.steps, 1}, {"runs", f.runs, 20}, {"warm-up", f.warms, 0}} {
		if c.value < c.least {
			return f, false, badf("-%s is %d; want at least %d", c.name, c.value, c.least)
		}
	}
	return f, false, nil
}

// given tells whether a flag stands on the command line.
func given(set *flag.FlagSet, name string) (found bool) {
	set.Visit(func(fl *flag.Flag) { found = found || fl.Name == name })
	return found
}

// names lists the models asked for, patterns spelled out.
func (f flags) names() ([]string, error) {
	var names []string
	for _, pattern := range strings.Split(f.models, ",") {
		pattern = strings.TrimSpace(pattern)
		if !strings.ContainsAny(pattern, "*?[") {
			if _, err := zoo.Find(pattern); err != nil {
				return nil, usage{err}
			}
			names = append(names, pattern)
			continue
		}
		entries, err := zoo.List(pattern)
		if err != nil {
			return nil, usage{err}
		}
		if len(entries) == 0 {
			return nil, badf("no model matches %q; go run ./cmd/train -list has all", pattern)
		}
		for _, e := range entries {
			names = append(names, e.Name)
		}
	}
	return names, nil
}
