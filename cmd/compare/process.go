package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
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
func (f *flags) work(ctx context.Context, in io.Reader, stdout io.Writer) (err error) {
	var j compare.Job
	if err := json.NewDecoder(in).Decode(&j); err != nil {
		return errors.Wrap(err, "compare: job")
	}
	out, last := json.NewEncoder(stdout), reply{Done: 1}
	if f.cost {
		last.Cost, err = compare.Measure(ctx, zoo.Entry{Name: j.Model, Spec: j.Spec}, f.measuring)
		err = f.blame(err)
	} else {
		last.Run, err = f.run(ctx, j, func(done float64) { out.Encode(reply{Done: done}) })
	}
	if err != nil {
		return err
	}
	return errors.Wrap(out.Encode(last), "compare")
}

// run makes a run in this process.
func (f *flags) run(ctx context.Context, j compare.Job, onStep func(done float64)) (*compare.Run, error) {
	d, err := zoo.Describe(zoo.Entry{Name: j.Model, Spec: j.Spec})
	if err != nil {
		return nil, err
	}
	set, err := f.open(ctx, j.Model, d.Features)
	if err != nil {
		return nil, err
	}
	defer set.Close()
	r, err := j.Train(ctx, set, onStep)
	switch {
	case errors.As(err, new(*compare.InputError)):
		return nil, cmdline.Usage{Err: err} // the process that asked names the flag
	case err != nil:
		return nil, err
	}
	r.PeakMB = compare.PeakMemory()
	return r, nil
}

// ask has a process of its own, with these flags, make a run or measure its model, so that its memory is its own.
func (f *flags) ask(ctx context.Context, j compare.Job, onStep func(done float64)) (last reply, err error) {
	program, err := os.Executable()
	if err != nil {
		return last, err
	}
	var job, said bytes.Buffer
	if err := json.NewEncoder(&job).Encode(j); err != nil {
		return last, err
	}
	cmd := exec.CommandContext(ctx, program, append([]string{forAnother}, f.args...)...)
	cmd.Stdin, cmd.Stderr = &job, &said
	// It saves the step under way. An interrupt at the terminal reaches it as well.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	out, err := cmd.StdoutPipe()
	if err = cmp.Or(err, cmd.Start()); err != nil {
		return last, err
	}
	for replies := json.NewDecoder(out); replies.Decode(&last) == nil; {
		onStep(last.Done)
	}
	err = cmd.Wait()
	text := string(bytes.TrimSpace(said.Bytes()))
	switch {
	case err == nil && last.Run == nil && last.Cost == nil:
		return last, errors.New("it ended well and printed no result")
	case err == nil:
		return last, nil
	case ctx.Err() != nil:
		return last, ctx.Err()
	case cmd.ProcessState.ExitCode() == 2 && text != "" && !strings.Contains(text, "\n"): // a panic has that code too, and many lines
		return last, cmdline.Usage{Err: errors.New(text)}
	}
	return last, errors.Errorf("%v: %s", err, cmp.Or(text, "it said nothing"))
}

// train makes a run in a process of its own.
func (f *flags) train(ctx context.Context, j compare.Job, onStep func(done float64)) (*compare.Run, error) {
	r, err := f.ask(ctx, j, onStep)
	if err == nil || ctx.Err() != nil || cmdline.IsUsage(err) {
		return r.Run, err
	}
	return nil, errors.Wrapf(err, "compare: the process that trains %s (learning rate %g, seed %d)", j.Model, j.Rate, j.Seed)
}
