package compare

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/pkg/errors"
	"gonum.org/v1/gonum/stat"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/charts"
	"github.com/tensorzoo/tensorzoo/preprocess"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// Measuring says how costs are measured. All but WarmUp must be at least 1.
type Measuring struct {
	Batch   int // clips a step
	Steps   int // frames a clip
	Threads int // parts that a batch is divided into; GOMAXPROCS bounds the cores as well
	Runs    int // steps that are timed
	WarmUp  int // steps before that
}

// Check returns an *InputError for what cannot be measured.
func (m Measuring) Check() error {
	return cmp.Or(between("Measuring.Batch", m.Batch, 1, math.MaxInt32), between("Measuring.Steps", m.Steps, 1, train.MaxSteps),
		between("Measuring.Threads", m.Threads, 1, train.MaxThreads), between("Measuring.Runs", m.Runs, 1, 1e6), between("Measuring.WarmUp", m.WarmUp, 0, 1e6))
}

// Cost is what a model costs.
type Cost struct {
	Model         string  `json:"model"`
	Format        string  `json:"format"`
	Backend       string  `json:"backend"`
	Threads       int     `json:"threads"`
	Batch         int     `json:"batch"`
	Steps         int     `json:"steps"`
	StepMedian    float64 `json:"step_ms_median"` // forward, backward and Adam
	StepP10       float64 `json:"step_ms_p10"`
	StepP90       float64 `json:"step_ms_p90"`
	StepCPU       float64 `json:"step_cpu_ms"`       // processor time, the mean; 0 where the system does not say
	First         float64 `json:"first_step_ms"`     // the step that builds the graphs
	FirstCPU      float64 `json:"first_step_cpu_ms"` // its processor time
	Forward       float64 `json:"forward_ms_median"`
	Frame         float64 `json:"infer_frame_us_median"` // one clip, one frame, state carried; 0 for a model that reads backwards too
	InputToHidden int     `json:"params_input_to_hidden"`
	Params        int     `json:"params_total"`
	MulAdds       int     `json:"mul_adds_per_frame"`
	GFLOPS        float64 `json:"gflops"`      // of the forward pass
	PeakRSS       float64 `json:"peak_rss_mb"` // PeakMemory after the training steps
}

// Measure takes the time and memory of a model's steps on random data. It returns an
// *InputError for what cannot be measured, and the error of ctx when it is done.
func Measure(ctx context.Context, e zoo.Entry, by Measuring) (*Cost, error) {
	s, err := newStopwatch(ctx, e, by)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	d, err := zoo.Describe(zoo.Entry{Name: e.Name, Spec: s.model.Spec()})
	if err != nil {
		return nil, err
	}
	c := &Cost{
		Model: e.Name, Format: d.Format, Backend: backend.Name, Threads: by.Threads, Batch: by.Batch, Steps: by.Steps,
		InputToHidden: d.InputToHidden, Params: d.Model, MulAdds: s.model.MulAddsPerFrame(by.clips(), by.Steps),
	}
	c.First, c.FirstCPU = s.first()
	c.StepP10, c.StepMedian, c.StepP90 = s.steps()
	c.StepCPU = s.cpu
	c.PeakRSS = PeakMemory()
	_, c.Forward, _ = s.forward()
	c.GFLOPS = 2 * float64(c.MulAdds) * float64(by.Batch*by.Steps) / c.Forward / 1e6
	if !s.model.Spec().Bidirectional { // which needs whole clips
		c.Frame = 1000 * s.frame()
	}
	return c, s.err
}

// clips is the number of clips of the largest part of a batch.
func (m Measuring) clips() int { return (m.Batch + m.Threads - 1) / m.Threads }

// stopwatch times a model on random data, which are drawn once.
type stopwatch struct {
	Measuring
	*train.Stepper
	ctx    context.Context
	err    error   // the first
	cpu    float64 // ms of processor time of each of the runs that were timed last
	model  *zoo.Model
	x      []float32
	labels []int
}

func newStopwatch(ctx context.Context, e zoo.Entry, by Measuring) (*stopwatch, error) {
	if err := by.Check(); err != nil {
		return nil, err
	}
	none := 0.0
	// The classifier of a spec that does not give classes costs next to nothing.
	m, err := zoo.FromSpec(e.Spec, zoo.Options{Classes: cmp.Or(e.Spec.Classes, 11), Seed: 1, Dropout: &none})
	if err != nil {
		return nil, err
	}
	if float64(by.Batch)*float64(by.Steps)*float64(m.Features()) > preprocess.MaxValues {
		return nil, inputf("%d clips of %d steps of %d values are more than %d values; give a smaller Measuring.Batch", by.Batch, by.Steps, m.Features(), preprocess.MaxValues)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	s := &stopwatch{Measuring: by, ctx: ctx, model: m, x: make([]float32, by.Batch*by.Steps*m.Features()), labels: make([]int, by.Batch)}
	for k := range s.x {
		s.x[k] = float32(rng.NormFloat64())
	}
	for k := range s.labels {
		s.labels[k] = rng.IntN(m.Classes())
	}
	s.Stepper, err = train.NewStepper(m, by.Steps, []int{m.Features()}, train.Config{Batch: by.Batch, LearningRate: 1e-3, Threads: by.Threads})
	return s, err
}

// first takes one step, which builds the graphs.
func (s *stopwatch) first() (ms, cpu float64) {
	alone := *s
	alone.WarmUp = 0
	_, ms, _ = alone.time(1, alone.step)
	s.err = alone.err
	return ms, alone.cpu
}

func (s *stopwatch) step() error { _, err := s.Step(s.x, nil, s.labels); return err }

func (s *stopwatch) steps() (p10, median, p90 float64) {
	return s.time(s.Runs, s.step)
}

func (s *stopwatch) forward() (p10, median, p90 float64) {
	return s.time(s.Runs, func() error { _, err := s.Logits(s.x, nil); return err })
}

func (s *stopwatch) frame() (median float64) {
	p, err := s.model.Predictor(1)
	if err != nil {
		s.err = cmp.Or(s.err, err)
		return 0
	}
	defer p.Close()
	at, values := 0, s.model.Features()
	_, median, _ = s.time(5*s.Runs, func() error {
		_, err := p.Frame(s.x[at*values : (at+1)*values])
		at = (at + 1) % (s.Batch * s.Measuring.Steps)
		return err
	})
	return median
}

// time returns quantiles of the milliseconds of some runs after the warm-up, 0 once there is an error.
func (s *stopwatch) time(runs int, f func() error) (p10, median, p90 float64) {
	var ms []float64
	var cpu time.Duration
	for k := range s.WarmUp + runs {
		if k == s.WarmUp {
			cpu = ProcessorTime()
		}
		began := time.Now()
		if s.err = cmp.Or(s.err, s.ctx.Err()); s.err == nil {
			s.err = f()
		}
		if s.err != nil {
			return 0, 0, 0
		}
		if k >= s.WarmUp {
			ms = append(ms, float64(time.Since(began).Nanoseconds())/1e6)
		}
	}
	s.cpu = float64((ProcessorTime() - cpu).Nanoseconds()) / 1e6 / float64(runs)
	slices.Sort(ms)
	of := func(part float64) float64 { return stat.Quantile(part, stat.Empirical, ms, nil) }
	return of(0.1), of(0.5), of(0.9)
}

// PeakMemory is the largest resident memory of this process so far in MB of 2^20 bytes, 0 where /proc does not say.
func PeakMemory() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	var kb float64
	fmt.Sscan(string(rest), &kb) // or it stays 0
	return kb / 1024
}

// CostTable returns a table of costs for a terminal, with ratios to the first dense model there is.
func CostTable(costs []*Cost) string { return newTable("measured", costs).Render() }

// point is one LSTM of four modes, of 16 in and 4 out with rank 4, and its batch, but for the size that grows.
type point struct{ modes, in, out, rank, batch, steps int }

// sweep grows one size.
type sweep struct {
	name, axis string
	ofModes    bool // a value is the size of each mode, and the x axis shows their product
	values     []int
	set        func(p *point, v int)
}

var sweeps = []sweep{
	{"input", "values a frame (four modes of 6 to 20)", true, []int{6, 8, 10, 12, 16, 20}, func(p *point, v int) { p.in = v }},
	{"modes", "number of modes (of 65,536 values and 256 units)", false, []int{2, 4, 8}, func(p *point, v int) {
		p.modes, p.in, p.out = v, int(math.Round(math.Pow(65536, 1/float64(v)))), int(math.Round(math.Pow(256, 1/float64(v))))
	}},
	{"rank", "rank", false, []int{1, 2, 3, 4, 6, 8}, func(p *point, v int) { p.rank = v }},
	{"batch", "clips a step", false, []int{1, 2, 4, 8, 16, 32}, func(p *point, v int) { p.batch = v }},
	{"steps", "frames a clip", false, []int{1, 2, 4, 8, 16, 32}, func(p *point, v int) { p.steps = v }},
	{"hidden", "hidden units (four modes of 2 to 6)", true, []int{2, 3, 4, 5, 6}, func(p *point, v int) { p.out = v }},
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
	chosen := slices.DeleteFunc(slices.Clone(sweeps), func(s sweep) bool { return len(sizes) > 0 && !slices.Contains(sizes, s.name) })
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
		var curves []Curve
		all := len(formats) * len(s.values)
		for k, format := range formats {
			c := Curve{Sweep: s.name, Format: format}
			for _, v := range s.values {
				onPoint(s.name, k*len(s.values)+len(c.Points), all)
				point, err := s.measure(ctx, by, format, v)
				if err != nil {
					return nil, err
				}
				c.Points = append(c.Points, point)
			}
			curves = append(curves, c)
		}
		onPoint(s.name, all, all)
		if err := charts.Save(filepath.Join(dir, "growth-"+s.name+".png"), s.picture(curves)); err != nil {
			return nil, err
		}
		g.Curves = append(g.Curves, curves...)
	}
	path := filepath.Join(dir, "growth.csv")
	return g, errors.Wrap(write(path, []byte(newTable("growth.csv", g.Curves).RenderCSV())), "compare: "+path)
}

func (s sweep) measure(ctx context.Context, by Measuring, format string, v int) (g Grown, err error) {
	p := point{modes: 4, in: 16, out: 4, rank: 4, batch: by.Batch, steps: by.Steps}
	s.set(&p, v)
	by.Batch, by.Steps, by.Threads = p.batch, p.steps, min(by.Threads, p.batch)
	weights, err := p.spec(format).Weights()
	if err != nil {
		return g, err
	}
	watch, err := newStopwatch(ctx, zoo.Entry{Spec: p.spec(format)}, by)
	if err != nil {
		return g, err
	}
	defer watch.Close()
	g = Grown{
		Size: float64(v), MulAdds: float64(watch.model.MulAddsPerFrame(by.clips(), p.steps)) * float64(p.batch*p.steps),
		Product: planned(weights[0].Matrix, by.clips()*p.steps), Bound: p.bound(format),
	}
	if s.ofModes {
		g.Size = power(v, p.modes)
	}
	_, g.StepMillis, _ = watch.steps()
	_, g.ForwardMillis, _ = watch.forward()
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

// Text returns two tables for a terminal, of the exponents with which costs grow from the
// first size of each sweep to the last: those of a training step, and those of x·W alone.
func (g *Growth) Text() string {
	products := slices.DeleteFunc(slices.Clone(g.Curves), func(c Curve) bool { return c.Sweep == "batch" || c.Sweep == "steps" }) // no matrix depends on them
	return said("growth of steps", g) + "\n" + newTable("growth of steps", g.Curves).Render() +
		"\n\n" + said("growth of products", g) + "\n" + newTable("growth of products", products).Render()
}

// grew returns the exponent with which a figure grows from the first size to the last.
func (c Curve) grew(from, to float64) string {
	return fmt.Sprintf("%.2f", math.Log(to/from)/math.Log(c.Points[len(c.Points)-1].Size/c.Points[0].Size))
}

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

// planned is the projection as this program computes it, by the plan for so many frames and its gradients.
func planned(w *decomp.Matrix, frames int) Projection {
	plan := w.Plan(decomp.PlanOptions{Rows: frames})
	forward, _ := plan.MulAdds()
	return Projection{float64(w.Params()), float64(forward), float64(plan.GradientMulAdds(false))}
}
