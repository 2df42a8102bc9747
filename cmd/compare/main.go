// Command compare compares models: what they learn, under one protocol, and what they
// cost.
//
//	go run ./cmd/compare -models lstm,ht-lstm -seeds 5 -out report
//	go run ./cmd/compare -cost
//	go run ./cmd/compare -cost -models ht-lstm,tt-lstm -threads 1 -json
//	go run ./cmd/compare -growth DIR
//
// See -h for all flags.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/compare"
	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/interrupt"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/internal/sets"
)

func main() {
	err := run(listen(os.Args[1:]), os.Args[1:], os.Stdout, os.Stderr)
	if err == nil {
		return
	}
	for text := range strings.SplitSeq(err.Error(), "\n") { // a panic in a child process has many lines
		fmt.Fprintln(os.Stderr, names.Line(text))
	}
	os.Exit(cmdline.ExitCode(err))
}

// forAnother stands before the flags of a process that works for another.
const forAnother = "-job"

// listen returns what ends when the process is asked to stop. One that works for another
// gets a terminal's signals twice, from there and from the other: it takes them as one,
// and saves its work.
func listen(args []string) context.Context {
	if len(args) == 0 || args[0] != forAnother {
		return interrupt.Context()
	}
	ctx, _ := signal.NotifyContext(context.Background(), interrupt.Signals()...)
	return ctx
}

// run does what the command line asks for.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	job := len(args) > 0 && args[0] == forAnother
	if job {
		args = args[1:]
	}
	f, helped, err := parse(args, stdout)
	if err != nil || helped {
		return err
	}
	if job || f.growth != "" { // models are run here
		defer debug.SetGCPercent(debug.SetGCPercent(20)) // as cmd/train
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(f.Threads))
	}
	switch {
	case job:
		return f.work(ctx, os.Stdin, stdout)
	case f.growth != "":
		return f.grow(ctx, stdout, stderr)
	case f.cost:
		return f.measure(ctx, stdout, stderr)
	}
	return f.compare(ctx, stdout, stderr)
}

// compare trains the models of the flags and writes the report.
func (f *flags) compare(ctx context.Context, stdout, stderr io.Writer) (err error) {
	c := f.Comparison
	if c.Models, err = f.entries(); err != nil {
		return err
	}
	if f.quiet {
		stderr = io.Discard
	}
	c.Open, c.Train = f.open, f.train
	c.Prepare = func(ctx context.Context) error {
		return f.decode(ctx, c.Models, &sets.Report{W: stderr, Quiet: f.quiet})
	}
	shown := newProgress(stderr)
	c.OnProgress = shown.show
	results, err := c.Run(ctx)
	shown.close(ctx.Err() != nil)
	var stopped cmdline.Interrupted
	if err != nil && ctx.Err() != nil && !errors.As(err, &stopped) {
		return cmdline.Interrupted(fmt.Sprintf("compare: stopped; %d of %d runs have ended and are kept in %s, those under way from their last checkpoint; go on with: %s",
			shown.now.Ended, shown.now.Runs, c.Dir, c.Command))
	}
	if err != nil {
		return f.blame(err)
	}
	if err := results.Save(c.Dir); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s\nthe report: %s/index.html, report.md, results.csv and plots\n", results.Text(), c.Dir)
	return errors.Wrap(err, "compare")
}

// measure prints what the models of the flags cost, each in a process of its own.
func (f *flags) measure(ctx context.Context, stdout, stderr io.Writer) error {
	models, err := f.entries()
	if err != nil {
		return err
	}
	var costs []*compare.Cost
	for k, e := range models {
		fmt.Fprintf(stderr, "%d of %d: %s\n", k+1, len(models), e.Name)
		r, err := f.ask(ctx, compare.Job{Model: e.Name, Spec: e.Spec}, func(float64) {})
		switch {
		case ctx.Err() != nil:
			return cmdline.Interrupted("compare: stopped; the costs of models that are not printed are not kept, measure them again")
		case err != nil:
			return errors.Wrapf(err, "compare: the process that measures %s", e.Name)
		}
		costs = append(costs, r.Cost)
		if f.js {
			if err := json.NewEncoder(stdout).Encode(r.Cost); err != nil {
				return errors.Wrap(err, "compare")
			}
		}
	}
	if !f.js {
		_, err = fmt.Fprintf(stdout, "backend %s, %d threads, %d clips of %d frames a step\n\n%s\n", backend.Name, f.Threads, f.Batch, f.measuring.Steps, compare.CostTable(costs))
	}
	return errors.Wrap(err, "compare")
}

// grow measures how costs grow, and prints the exponents.
func (f *flags) grow(ctx context.Context, stdout, stderr io.Writer) error {
	g, err := compare.MeasureGrowth(ctx, f.growth, f.measuring, func(size string, done, all int) {
		switch done {
		case 0:
			fmt.Fprintf(stderr, "%s: ", size)
		case all:
			fmt.Fprintln(stderr, ".")
		default:
			fmt.Fprint(stderr, ".")
		}
	})
	if ctx.Err() != nil {
		return cmdline.Interrupted("compare: stopped; " + f.growth + " keeps the pictures of the sizes that were done, growth.csv is not written")
	}
	if err != nil {
		return f.blame(err)
	}
	_, err = fmt.Fprintln(stdout, g.Text())
	return errors.Wrap(err, "compare")
}
