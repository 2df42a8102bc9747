package compare

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/charts"
	"github.com/tensorzoo/tensorzoo/internal/durable"
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

// spec is the point's model in a format.
func (p point) spec(format string) zoo.Spec {
	f, _ := decomp.ParseFormat(format, nil) // one of zoo.SuggestedFormats
	return zoo.Spec{
		Cell: "lstm", Format: f.(decomp.Ranked).WithRank(p.rank, p.modes), Classes: 11,
		InModes: slices.Repeat([]int{p.in}, p.modes), OutModes: slices.Repeat([]int{p.out}, p.modes),
	}
}

// Grown is what a model of some size costs.
type Grown struct {
	Size          float64
	StepMillis    float64    // of a training step, median
	ForwardMillis float64    // of its forward pass alone
	MulAdds       float64    // of its forward pass, as planned for the rows of a graph
	Product       Projection // x·W alone, a frame
	Bound         Projection // what the paper has for it, up to constants
}

// Growth is how costs grow with each size.
type Growth struct {
	By     Measuring
	Curves []Curve // size by size, each format by format
}

// Curve is how the costs of a format grow with a size.
type Curve struct {
	Sweep, Format string
	Points        []Grown
}

// MeasureGrowth measures LSTMs of each format while one size at a time grows: input, modes,
// rank, batch, steps and hidden, or those of them that are named. It writes growth.csv and a
// picture for each size to the folder dir. onPoint, if not nil, is called before the first
// and after each of the points of a size. It returns an *InputError for an unknown name, for
// what cannot be measured and for a folder that cannot be made. When ctx is done it returns
// its error, and dir keeps the pictures that were drawn.
func MeasureGrowth(ctx context.Context, dir string, by Measuring, onPoint func(size string, done, all int), sizes ...string) (*Growth, error) {
	var chosen []sweep
	for _, s := range sweeps {
		if len(sizes) == 0 || slices.Contains(sizes, s.name) {
			chosen = append(chosen, s)
		}
	}
	if len(sizes) > 0 && len(chosen) != len(sizes) {
		return nil, inputf("the sizes %q; want some of input, modes, rank, batch, steps and hidden, each once", sizes)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, &InputError{errors.Wrap(err, "compare")}
	}
	if onPoint == nil {
		onPoint = func(string, int, int) {}
	}
	g := &Growth{By: by}
	formats := zoo.SuggestedFormats()
	for _, s := range chosen {
		n, all := len(s.values), len(formats)*len(s.values)
		curves := make([]Curve, len(formats))
		for k := range all {
			onPoint(s.name, k, all)
			c := &curves[k/n]
			c.Sweep, c.Format = s.name, formats[k/n]
			point, err := s.measure(ctx, by, c.Format, s.values[k%n])
			if err != nil {
				return nil, err
			}
			c.Points = append(c.Points, point)
		}
		onPoint(s.name, all, all)
		if err := charts.Save(filepath.Join(dir, "growth-"+s.name+".png"), s.picture(curves)); err != nil {
			return nil, err
		}
		g.Curves = append(g.Curves, curves...)
	}
	path := filepath.Join(dir, "growth.csv")
	return g, errors.Wrap(durable.WriteFile(path, g.csv), "compare: "+path)
}

func (s sweep) measure(ctx context.Context, by Measuring, format string, v int) (g Grown, err error) {
	p := point{modes: 4, in: 16, out: 4, rank: 4, batch: by.Batch, steps: by.Steps}
	s.set(&p, v)
	by.Batch, by.Steps, by.Threads = p.batch, p.steps, min(by.Threads, p.batch)
	watch, err := newStopwatch(ctx, zoo.Entry{Spec: p.spec(format)}, by)
	if err != nil {
		return g, err
	}
	defer watch.Close()
	weights, err := p.spec(format).Weights()
	if err != nil {
		return g, err
	}
	g = Grown{
		Size: s.size(p), StepMillis: quantile(watch.steps(), 0.5), ForwardMillis: quantile(watch.forward(), 0.5),
		MulAdds: float64(watch.model.MulAddsPerFrame(by.clips(), p.steps)) * float64(p.batch*p.steps),
		Product: planned(weights[0].Matrix, by.clips()*p.steps), Bound: p.bound(format),
	}
	return g, watch.err
}

// picture sets the time of a step beside its multiply-adds.
func (s sweep) picture(curves []Curve) charts.Picture {
	time := charts.Panel{Title: "time", X: s.axis, Y: "ms a training step", LogX: true, LogY: true}
	work := charts.Panel{Title: "multiply-adds", X: s.axis, Y: "millions, forward", LogX: true, LogY: true}
	for _, c := range curves {
		a, b := charts.Line{Name: c.Format}, charts.Line{Name: c.Format}
		for _, p := range c.Points {
			a.X, a.Y = append(a.X, p.Size), append(a.Y, p.StepMillis)
			b.X, b.Y = append(b.X, p.Size), append(b.Y, p.MulAdds/1e6)
		}
		time.Lines, work.Lines = append(time.Lines, a), append(work.Lines, b)
	}
	return charts.Panels{time, work}
}

func (g *Growth) csv(to io.Writer) error {
	_, err := fmt.Fprintln(to, newTable("growth.csv", g.Curves).RenderCSV())
	return err
}

// Text returns two tables for a terminal, of the exponents with which costs grow from
// the first size of each sweep to the last: of a whole training step its time, forward and
// the rest, and multiply-adds; and of x·W alone its weights and multiply-adds beside the
// paper's bounds.
func (g *Growth) Text() string {
	products := slices.DeleteFunc(slices.Clone(g.Curves), func(c Curve) bool { return c.Sweep == "batch" || c.Sweep == "steps" }) // no matrix depends on them
	return fmt.Sprintf(`backend %s, %d threads, LSTM with four modes of 16 in and 4 out, rank 4, %d clips of %d frames, but for what grows.
Figures are exponents from the first size to the last.

a training step: time of the step, of its forward pass and of the rest, multiply-adds forward
%s

x·W alone: weights and multiply-adds a frame, beside the bounds of arXiv 2005.04366
%s`, backend.Name, g.By.Threads, g.By.Batch, g.By.Steps, newTable("growth of steps", g.Curves).Render(), newTable("growth of products", products).Render())
}

// line leads from the first size of a curve to the last.
type line struct {
	Curve
	From, To Grown
}

func newLine(c Curve) *line { return &line{c, c.Points[0], c.Points[len(c.Points)-1]} }

// By returns the exponent with which a figure grows.
func (l *line) By(from, to float64) string {
	return fmt.Sprintf("%.2f", exponent(l.From.Size, l.To.Size, from, to))
}

func exponent(x0, x1, y0, y1 float64) float64 { return math.Log(y1/y0) / math.Log(x1/x0) }

// Projection is what x·W costs in a format: weights, and multiply-adds a frame.
type Projection struct{ Weights, Forward, Backward float64 }

// gates of an LSTM, which are folded into the first output mode.
const gates = 4

// bound is the complexity of x·W as the HT paper's table has it (Yin et al., arXiv
// 2005.04366), up to constants: of N values in and M out, d modes of at most n in
// and m out, and ranks of at most r. BT has one block here.
func (p point) bound(format string) Projection {
	d, n, m, r := float64(p.modes), float64(p.in), float64(gates*p.out), float64(p.rank)
	N, M := power(p.in, p.modes), gates*power(p.out, p.modes)
	switch format {
	case "tt":
		return Projection{d * m * n * r * r, d * m * r * r * N, d * d * m * math.Pow(r, 4) * N}
	case "tr":
		return Projection{d * m * n * r * r, d*math.Pow(r, 3)*N + d*math.Pow(r, 3)*M, d*d*math.Pow(r, 5)*N + n*d*d*math.Pow(r, 5)*M}
	case "bt":
		core := math.Pow(r, d)
		return Projection{d*m*n*r + core, d * m * core * N, d * d * m * core * N}
	case "ht":
		return Projection{d*m*n*r + d*math.Pow(r, 3), d*m*r*r*N + d*math.Pow(r, 3)*N, d*d*m*math.Pow(r, 5)*N + d*d*math.Pow(r, 6)*N}
	}
	return Projection{math.NaN(), math.NaN(), math.NaN()} // of a format that is not in the table
}

// planned is the projection as this program computes it, by the plan for so many frames
// and its gradients.
func planned(w *decomp.Matrix, frames int) Projection {
	plan := w.Plan(decomp.PlanOptions{Rows: frames})
	forward, _ := plan.MulAdds()
	return Projection{float64(w.Params()), float64(forward), float64(plan.GradientMulAdds(false))}
}
