package compare

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/numerals"
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
	return within("Measuring", []setting{{"Batch", m.Batch, 1, math.MaxInt32}, {"Steps", m.Steps, 1, train.MaxSteps}, {"Threads", m.Threads, 1, train.MaxThreads},
		{"Runs", m.Runs, 1, 1e6}, {"WarmUp", m.WarmUp, 0, 1e6}})
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
	steps := s.steps()
	c.PeakRSS = PeakMemory()
	c.StepMedian, c.StepP10, c.StepP90, c.Forward = quantile(steps, 0.5), quantile(steps, 0.1), quantile(steps, 0.9), quantile(s.forward(), 0.5)
	c.GFLOPS = 2 * float64(c.MulAdds) * float64(by.Batch*by.Steps) / c.Forward / 1e6
	if !s.model.Spec().Bidirectional { // which needs whole clips
		c.Frame = 1000 * quantile(s.frames(), 0.5)
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
	err    error // the first
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

func (s *stopwatch) steps() []float64 {
	return s.time(s.Runs, func() error { _, err := s.Step(s.x, nil, s.labels); return err })
}

func (s *stopwatch) forward() []float64 {
	return s.time(s.Runs, func() error { _, err := s.Logits(s.x, nil); return err })
}

func (s *stopwatch) frames() []float64 {
	p, err := s.model.Predictor(1)
	if err != nil {
		s.err = cmp.Or(s.err, err)
		return nil
	}
	defer p.Close()
	at, values := 0, s.model.Features()
	return s.time(5*s.Runs, func() error {
		_, err := p.Frame(s.x[at*values : (at+1)*values])
		at = (at + 1) % (s.Batch * s.Measuring.Steps)
		return err
	})
}

// time returns the sorted milliseconds of some runs after the warm-up, nil once there is
// an error.
func (s *stopwatch) time(runs int, f func() error) (ms []float64) {
	for k := range s.WarmUp + runs {
		began := time.Now()
		if s.err = cmp.Or(s.err, s.ctx.Err()); s.err == nil {
			s.err = f()
		}
		if s.err != nil {
			return nil
		}
		if k >= s.WarmUp {
			ms = append(ms, float64(time.Since(began).Nanoseconds())/1e6)
		}
	}
	slices.Sort(ms)
	return ms
}

func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

// PeakMemory is the largest resident memory of this process so far in MB of 2^20
// bytes, 0 where /proc does not say.
func PeakMemory() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kb, err := strconv.ParseFloat(string(fields[0]), 64)
	if err != nil {
		return 0
	}
	return kb / 1024
}

// CostTable returns a table of costs for a terminal, with ratios to the first dense model
// there is.
func CostTable(costs []*Cost) string {
	dense := slices.IndexFunc(costs, func(c *Cost) bool { return c.Format == "dense" })
	t := newTable(table.Row{"model", "step ms", "10-90 %", "forward ms", "frame µs", "step, dense/this", "input weights", "model", "mul-adds a frame", "GFLOP/s", "peak MB"},
		2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
	for _, c := range costs {
		ratio, frame := "-", "-"
		if dense >= 0 {
			ratio = fmt.Sprintf("%.1f", costs[dense].StepMedian/c.StepMedian)
		}
		if c.Frame > 0 {
			frame = fmt.Sprintf("%.0f", c.Frame)
		}
		t.add(c.Model, fmt.Sprintf("%.1f", c.StepMedian), fmt.Sprintf("%.1f-%.1f", c.StepP10, c.StepP90), fmt.Sprintf("%.1f", c.Forward),
			frame, ratio, numerals.Thousands(c.InputToHidden), numerals.Thousands(c.Params), numerals.Thousands(c.MulAdds),
			fmt.Sprintf("%.1f", c.GFLOPS), fmt.Sprintf("%.0f", c.PeakRSS))
	}
	return t.Render()
}
