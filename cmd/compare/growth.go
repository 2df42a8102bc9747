package main

import (
	"context"
	"encoding/csv"
	stderrors "errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/charts"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// point is one LSTM of four modes, of 16 in and 4 out with rank 4, and its
// batch, but for the size that grows.
type point struct{ modes, in, out, rank, batch, steps int }

// sweep grows one size.
type sweep struct {
	name, axis string
	values     []int
	set        func(p *point, v int)
	size       func(p point) float64 // what the x axis shows
}

var sweeps = []sweep{
	{"input", "values a frame (four modes of 6 to 20)", []int{6, 8, 10, 12, 16, 20}, func(p *point, v int) { p.in = v }, func(p point) float64 { return power(p.in, p.modes) }},
	{"modes", "number of modes (of 65,536 values and 256 units)", []int{2, 4, 8}, func(p *point, v int) {
		p.modes, p.in, p.out = v, int(math.Round(math.Pow(65536, 1/float64(v)))), int(math.Round(math.Pow(256, 1/float64(v))))
	}, func(p point) float64 { return float64(p.modes) }},
	{"rank", "rank", []int{1, 2, 3, 4, 6, 8}, func(p *point, v int) { p.rank = v }, func(p point) float64 { return float64(p.rank) }},
	{"batch", "clips a step", []int{1, 2, 4, 8, 16, 32}, func(p *point, v int) { p.batch = v }, func(p point) float64 { return float64(p.batch) }},
	{"steps", "frames a clip", []int{1, 2, 4, 8, 16, 32}, func(p *point, v int) { p.steps = v }, func(p point) float64 { return float64(p.steps) }},
	{"hidden", "hidden units (four modes of 2 to 6)", []int{2, 3, 4, 5, 6}, func(p *point, v int) { p.out = v }, func(p point) float64 { return power(p.out, p.modes) }},
}

func power(base, exponent int) float64 { return math.Pow(float64(base), float64(exponent)) }

// format is the named one, which is registered, with the point's rank.
func (p point) format(name string) decomp.Format {
	f, _ := decomp.ParseFormat(name, nil)
	return f.(decomp.Ranked).WithRank(p.rank, p.modes)
}

// spec is the point's model in a format.
func (p point) spec(format string) zoo.Spec {
	return zoo.Spec{Cell: "lstm", Format: p.format(format), InModes: slices.Repeat([]int{p.in}, p.modes), OutModes: slices.Repeat([]int{p.out}, p.modes), Classes: 11}
}

// matrix is the point's input-to-hidden matrix in a format.
func (p point) matrix(format string) (*decomp.Matrix, error) {
	s := p.spec(format)
	s.OutModes[0] *= gates
	return s.Format.Matrix(s.InModes, s.OutModes)
}

// grown is what one point of a sweep costs in a format.
type grown struct {
	sweep, format   string
	size            float64
	ms              float64    // of a training step, median
	forwardMS       float64    // of its forward pass alone
	mulAdds         float64    // of its forward pass, as planned for the rows of a graph
	projected       projection // of x·W alone, a frame
	projectionBound projection
}

// growth measures the sweeps and writes growth.csv and a picture each to the
// folder.
func growth(ctx context.Context, f *flags, sweeps []sweep, stdout, stderr io.Writer) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(f.threads))
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // as cmd/train
	if err := os.MkdirAll(f.growth, 0o777); err != nil {
		return usage{errors.Wrap(err, "compare")}
	}
	var all []grown
	for _, s := range sweeps {
		fmt.Fprintf(stderr, "%s: ", s.name)
		for _, format := range zoo.SuggestedFormats() {
			for _, v := range s.values {
				if ctx.Err() != nil {
					return interrupted("compare: stopped; " + f.growth + " keeps the pictures of the sizes that were done, growth.csv is not written")
				}
				g, err := s.measure(f, format, v)
				if err != nil {
					return err
				}
				all = append(all, g)
				fmt.Fprint(stderr, ".")
			}
		}
		fmt.Fprintln(stderr)
		if err := draw(filepath.Join(f.growth, "growth-"+s.name+".png"), s, all); err != nil {
			return err
		}
	}
	if err := writeGrowth(filepath.Join(f.growth, "growth.csv"), all); err != nil {
		return err
	}
	return printGrowth(stdout, f, sweeps, all)
}

func (s sweep) measure(f *flags, format string, v int) (grown, error) {
	p := point{modes: 4, in: 16, out: 4, rank: 4, batch: f.batch, steps: f.steps}
	s.set(&p, v)
	none := 0.0
	m, err := zoo.FromSpec(p.spec(format), zoo.Options{Seed: 1, Dropout: &none})
	if err != nil {
		return grown{}, err
	}
	threads := min(f.threads, p.batch)
	st, err := train.NewStepper(m, p.steps, []int{m.Features()}, train.Config{Batch: p.batch, LearningRate: 1e-3, Threads: threads})
	if err != nil {
		return grown{}, err
	}
	defer st.Close()
	rng := rand.New(rand.NewPCG(1, 1))
	x := make([]float32, p.batch*p.steps*m.Features())
	for k := range x {
		x[k] = float32(rng.NormFloat64())
	}
	ms, err := timed(f.warms, f.runs, func() error { _, err := st.Step(x, nil, make([]int, p.batch)); return err })
	if err != nil {
		return grown{}, err
	}
	forward, err := timed(f.warms, f.runs, func() error { _, err := st.Logits(x, nil); return err })
	if err != nil {
		return grown{}, err
	}
	w, err := p.matrix(format)
	if err != nil {
		return grown{}, err
	}
	return grown{
		sweep: s.name, format: format, size: s.size(p), ms: quantile(ms, 0.5), forwardMS: quantile(forward, 0.5),
		mulAdds:   float64(m.MulAddsPerFrame(perGraph(p.batch, threads), p.steps)) * float64(p.batch*p.steps),
		projected: planned(w, perGraph(p.batch, threads)*p.steps), projectionBound: p.bound(format),
	}, nil
}

// draw sets the time of a step beside its multiply-adds.
func draw(path string, s sweep, all []grown) error {
	time := charts.Panel{Title: "time", X: s.axis, Y: "ms a training step", LogX: true, LogY: true}
	work := charts.Panel{Title: "multiply-adds", X: s.axis, Y: "millions, forward", LogX: true, LogY: true}
	for _, format := range zoo.SuggestedFormats() {
		a, b := charts.Line{Name: format}, charts.Line{Name: format}
		for _, g := range all {
			if g.sweep == s.name && g.format == format {
				a.X, a.Y = append(a.X, g.size), append(a.Y, g.ms)
				b.X, b.Y = append(b.X, g.size), append(b.Y, g.mulAdds/1e6)
			}
		}
		time.Lines, work.Lines = append(time.Lines, a), append(work.Lines, b)
	}
	return charts.Draw(path, time, work)
}

func writeGrowth(path string, all []grown) error {
	file, err := os.Create(path)
	if err != nil {
		return errors.Wrap(err, "compare")
	}
	w := csv.NewWriter(file)
	w.Write([]string{"sweep", "format", "size", "step_ms_median", "forward_ms_median", "forward_mul_adds",
		"projection_weights", "projection_forward_mul_adds_per_frame", "projection_backward_mul_adds_per_frame"})
	for _, g := range all {
		w.Write([]string{g.sweep, g.format, number(g.size), milliseconds(g.ms), milliseconds(g.forwardMS), number(g.mulAdds),
			number(g.projected.space), number(g.projected.forward), number(g.projected.backward)})
	}
	w.Flush()
	return errors.Wrap(stderrors.Join(w.Error(), file.Close()), "compare: "+path)
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', 0, 64) }

func milliseconds(x float64) string { return strconv.FormatFloat(x, 'f', 3, 64) }

// printGrowth writes the exponents with which costs grow from the first size of
// each sweep to the last: of a whole training step its time, forward and the rest,
// and multiply-adds; and of x·W alone its weights and multiply-adds beside the
// paper's bounds.
func printGrowth(w io.Writer, f *flags, sweeps []sweep, all []grown) error {
	step := growthTable("what grows", "from - to", "format", "step, ms", "step", "forward", "rest", "multiply-adds")
	product := growthTable("what grows", "from - to", "format", "weights", "bound", "forward", "bound", "backward", "bound")
	for _, s := range sweeps {
		for _, format := range zoo.SuggestedFormats() {
			var line []grown
			for _, g := range all {
				if g.sweep == s.name && g.format == format {
					line = append(line, g)
				}
			}
			a, b := line[0], line[len(line)-1]
			by := func(of func(grown) float64) string {
				return fmt.Sprintf("%.2f", exponent(a.size, b.size, of(a), of(b)))
			}
			from := number(a.size) + " - " + number(b.size)
			step.AppendRow(table.Row{
				s.name, from, format, fmt.Sprintf("%.1f - %.1f", a.ms, b.ms),
				by(func(g grown) float64 { return g.ms }), by(func(g grown) float64 { return g.forwardMS }),
				by(func(g grown) float64 { return g.ms - g.forwardMS }), by(func(g grown) float64 { return g.mulAdds }),
			})
			if s.name == "batch" || s.name == "steps" { // no matrix depends on them
				continue
			}
			product.AppendRow(table.Row{
				s.name, from, format,
				by(func(g grown) float64 { return g.projected.space }), by(func(g grown) float64 { return g.projectionBound.space }),
				by(func(g grown) float64 { return g.projected.forward }), by(func(g grown) float64 { return g.projectionBound.forward }),
				by(func(g grown) float64 { return g.projected.backward }), by(func(g grown) float64 { return g.projectionBound.backward }),
			})
		}
	}
	_, err := fmt.Fprintf(w, `backend %s, %d threads, LSTM with four modes of 16 in and 4 out, rank 4, %d clips of %d frames, but for what grows.
Figures are exponents from the first size to the last.

a training step: time of the step, of its forward pass and of the rest, multiply-adds forward
%s

x·W alone: weights and multiply-adds a frame, beside the bounds of arXiv 2005.04366
%s
`, backend.Name, f.threads, f.batch, f.steps, step.Render(), product.Render())
	return errors.Wrap(err, "compare")
}

func growthTable(header ...any) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options.DrawBorder = false
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(header)
	return t
}

func exponent(x0, x1, y0, y1 float64) float64 { return math.Log(y1/y0) / math.Log(x1/x0) }
