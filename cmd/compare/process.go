package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/compare"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// reply is what a process prints that works for another: after each step of a run how far
// that is, at the end the result.
type reply struct {
	Done float64
	Run  *compare.Run  `json:",omitempty"`
	Cost *compare.Cost `json:",omitempty"`
}

// work makes the run that it reads, or measures its model.
func (f *flags) work(ctx context.Context, in io.Reader, stdout io.Writer) error {
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // as cmd/train
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(f.Threads))
	var j compare.Job
	if err := json.NewDecoder(in).Decode(&j); err != nil {
		return errors.Wrap(err, "compare: job")
	}
	out, last, e := json.NewEncoder(stdout), reply{Done: 1}, zoo.Entry{Name: j.Model, Spec: j.Spec}
	if f.cost {
		cost, err := compare.Measure(ctx, e, f.measuring)
		if err != nil {
			return f.blame(err)
		}
		last.Cost = cost
		return errors.Wrap(out.Encode(last), "compare")
	}
	d, err := zoo.Describe(e)
	if err != nil {
		return err
	}
	set, err := f.opener(nil)(ctx, j.Model, d.Features)
	if err != nil {
		return err
	}
	defer set.Close()
	last.Run, err = j.Train(ctx, set, func(done float64) { out.Encode(reply{Done: done}) })
	switch {
	case errors.As(err, new(*compare.InputError)):
		return cmdline.Usage{Err: err} // the process that asked names the flag
	case err != nil:
		return err
	}
	last.Run.PeakMB = compare.PeakMemory()
	return errors.Wrap(out.Encode(last), "compare")
}

// ask has a process of its own, with these flags, make a run or measure its model, so that
// its memory is its own.
func (f *flags) ask(ctx context.Context, j compare.Job, onStep func(done float64)) (last reply, err error) {
	program, err := os.Executable()
	if err != nil {
		return last, err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return last, err
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, program, append(slices.Clone(f.args), "-job")...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), &said
	// It saves the step under way. An interrupt at the terminal reaches it as well.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	out, err := cmd.StdoutPipe()
	if err != nil {
		return last, err
	}
	if err := cmd.Start(); err != nil {
		return last, err
	}
	for replies := json.NewDecoder(out); replies.Decode(&last) == nil; {
		if onStep != nil {
			onStep(last.Done)
		}
	}
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			return last, ctx.Err()
		}
		text := string(bytes.TrimSpace(said.Bytes()))
		// A panic has the exit code of a usage error, and many lines.
		if cmd.ProcessState.ExitCode() == 2 && text != "" && !strings.Contains(text, "\n") {
			return last, cmdline.Usage{Err: errors.New(text)}
		}
		return last, errors.Errorf("%v: %s", err, cmp.Or(text, "it said nothing"))
	}
	if last.Run == nil && last.Cost == nil {
		return last, errors.New("it ended well and printed no result")
	}
	return last, nil
}

// train makes a run in a process of its own.
func (f *flags) train(ctx context.Context, j compare.Job, onStep func(done float64)) (*compare.Run, error) {
	r, err := f.ask(ctx, j, onStep)
	if err == nil || ctx.Err() != nil || cmdline.IsUsage(err) {
		return r.Run, err
	}
	return nil, errors.Wrapf(err, "compare: the process that trains %s (learning rate %g, seed %d)", j.Model, j.Rate, j.Seed)
}
