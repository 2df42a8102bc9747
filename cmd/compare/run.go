package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/pkg/errors"
)

// run does what the command line asks for. Errors of type usage are the user's
// to fix.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f, helped, err := parse(args, stdout)
	if err != nil || helped {
		return err
	}
	if f.job {
		return runJob(ctx, os.Stdin, stdout)
	}
	if f.one != "" {
		c, err := measure(f)
		if err != nil {
			return err
		}
		return json.NewEncoder(stdout).Encode(c)
	}
	if f.growth != "" {
		return growth(ctx, f, sweeps, stdout, stderr)
	}
	if f.out != "" {
		return f.compare(ctx, stdout, stderr)
	}
	models, err := f.entries()
	if err != nil {
		return err
	}
	var costs []*cost
	for k, e := range models {
		fmt.Fprintf(stderr, "%d of %d: %s\n", k+1, len(models), e.Name)
		c, err := child(ctx, f.named(e), args, stderr)
		if err != nil {
			return err
		}
		costs = append(costs, c)
		if f.js {
			if err := json.NewEncoder(stdout).Encode(c); err != nil {
				return errors.Wrap(err, "compare")
			}
		}
	}
	if f.js {
		return nil
	}
	return printTable(stdout, f, costs)
}

// interrupted is the error of work that the user stopped.
type interrupted string

func (e interrupted) Error() string { return string(e) }
func (e interrupted) Unwrap() error { return context.Canceled }

// child measures one model in a process of its own, so that its memory is its
// own.
func child(ctx context.Context, name string, args []string, stderr io.Writer) (*cost, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, errors.Wrap(err, "compare")
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, program, append(slices.Clone(args), "-one", name)...)
	cmd.Stdout, cmd.Stderr = &out, stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, interrupted("compare: stopped; the costs of models that are not printed are not kept, measure them again")
		}
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == 2 {
			return nil, badf("%s is not measured, for the reason above", name) // which it printed
		}
		return nil, errors.Wrapf(err, "compare: the process that measures %s", name)
	}
	c := new(cost)
	return c, errors.Wrapf(json.Unmarshal(out.Bytes(), c), "compare: what the process that measures %s printed", name)
}

// printTable writes the costs, with ratios to the first dense model there is.
func printTable(w io.Writer, f *flags, costs []*cost) error {
	var dense *cost
	for _, c := range costs {
		if dense == nil && c.Format == "dense" {
			dense = c
		}
	}
	t := newTable(table.Row{"model", "step ms", "10-90 %", "forward ms", "frame µs", "step, dense/this", "input weights", "model", "mul-adds a frame", "GFLOP/s", "peak MB"},
		2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
	for _, c := range costs {
		ratio := "-"
		if dense != nil {
			ratio = fmt.Sprintf("%.1f", dense.StepMedian/c.StepMedian)
		}
		frame := "-"
		if c.Frame > 0 {
			frame = fmt.Sprintf("%.0f", c.Frame)
		}
		t.add(c.Model, fmt.Sprintf("%.1f", c.StepMedian), fmt.Sprintf("%.1f-%.1f", c.StepP10, c.StepP90), fmt.Sprintf("%.1f", c.Forward),
			frame, ratio, grouped.Sprint(c.InputToHidden), grouped.Sprint(c.Params), grouped.Sprint(c.MulAdds), fmt.Sprintf("%.1f", c.GFLOPS), fmt.Sprintf("%.0f", c.PeakRSS))
	}
	_, err := fmt.Fprintf(w, "backend %s, %d threads, %d clips of %d frames a step\n\n%s\n", costs[0].Backend, f.threads, f.batch, f.steps, t.Render())
	return errors.Wrap(err, "compare")
}
