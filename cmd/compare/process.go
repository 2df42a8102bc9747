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
	"strings"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/compare"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// task is what a process does for another: it measures a model's costs, or makes a run.
type task struct {
	Model   string
	Spec    zoo.Spec
	Measure *compare.Measuring
	Job     *compare.Job
	Source  source
}

// reply is what it prints: after each step of a run how far that is, at the end the result.
type reply struct {
	Done float64
	Run  *compare.Run  `json:",omitempty"`
	Cost *compare.Cost `json:",omitempty"`
}

// work does the task that it reads.
func work(ctx context.Context, in io.Reader, stdout io.Writer) (err error) {
	var t task
	if err := json.NewDecoder(in).Decode(&t); err != nil {
		return errors.Wrap(err, "compare: job")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // as cmd/train
	out, r := json.NewEncoder(stdout), reply{Done: 1}
	if t.Measure != nil {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(t.Measure.Threads))
		r.Cost, err = compare.Measure(ctx, zoo.Entry{Name: t.Model, Spec: t.Spec}, *t.Measure)
	} else {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(t.Job.Threads))
		r.Run, err = t.Source.run(ctx, *t.Job, func(done float64) { out.Encode(reply{Done: done}) })
	}
	if err != nil {
		return err
	}
	return errors.Wrap(out.Encode(r), "compare")
}

// run makes a run in this process.
func (s source) run(ctx context.Context, j compare.Job, onStep func(done float64)) (*compare.Run, error) {
	d, err := zoo.Describe(zoo.Entry{Name: j.Model, Spec: j.Spec})
	if err != nil {
		return nil, err
	}
	set, err := s.opener(nil)(ctx, j.Model, d.Features)
	if err != nil {
		return nil, err
	}
	defer set.Close()
	r, err := j.Train(ctx, set, onStep)
	if err == nil {
		r.PeakMB = compare.PeakMemory()
	}
	return r, err
}

// ask has a process of its own do a task, so that its memory is its own.
func ask(ctx context.Context, t task, onStep func(done float64)) (last reply, err error) {
	program, err := os.Executable()
	if err != nil {
		return last, err
	}
	text, err := json.Marshal(t)
	if err != nil {
		return last, err
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, program, "-job")
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
			return last, usage{errors.New(text)}
		}
		return last, errors.Errorf("%v: %s", err, cmp.Or(text, "it said nothing"))
	}
	if last.Run == nil && last.Cost == nil {
		return last, errors.New("it ended well and printed no result")
	}
	return last, nil
}

// train makes a run in a process of its own.
func (s source) train(ctx context.Context, j compare.Job, onStep func(done float64)) (*compare.Run, error) {
	r, err := ask(ctx, task{Job: &j, Source: s}, onStep)
	if err == nil || ctx.Err() != nil || isUsage(err) {
		return r.Run, err
	}
	return nil, errors.Wrapf(err, "compare: the process that trains %s (learning rate %g, seed %d)", j.Model, j.Rate, j.Seed)
}
