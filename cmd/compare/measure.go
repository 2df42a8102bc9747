package main

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/preprocess"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// cost is what a model costs.
type cost struct {
	Model         string  `json:"model"`
	Format        string  `json:"format"`
	Backend       string  `json:"backend"`
	Threads       int     `json:"threads"`
	Batch         int     `json:"batch"`
	Steps         int     `json:"steps"`
	StepMedian    float64 `json:"step_ms_median"`
	StepP10       float64 `json:"step_ms_p10"`
	StepP90       float64 `json:"step_ms_p90"`
	Forward       float64 `json:"forward_ms_median"`
	Frame         float64 `json:"infer_frame_us_median"` // one clip, one frame, state carried; 0 for a model that reads backwards too
	InputToHidden int     `json:"params_input_to_hidden"`
	Params        int     `json:"params_total"`
	MulAdds       int     `json:"mul_adds_per_frame"`
	GFLOPS        float64 `json:"gflops"`      // of the forward pass
	PeakRSS       float64 `json:"peak_rss_mb"` // after the training steps; 0 where the system does not say
}

// measure is what a child process does. The random data are drawn once.
func measure(f *flags) (*cost, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(f.threads))
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // as cmd/train
	none := 0.0
	f.models = f.one
	all, err := f.entries()
	if err != nil {
		return nil, err
	}
	e := all[0]
	// The classifier of a spec that does not give classes costs next to nothing.
	m, err := zoo.FromSpec(e.Spec, zoo.Options{Classes: cmp.Or(e.Spec.Classes, 11), Seed: 1, Dropout: &none})
	if err != nil {
		return nil, err
	}
	d, err := zoo.Describe(zoo.Entry{Name: e.Name, Spec: m.Spec()})
	if err != nil {
		return nil, err
	}
	c := &cost{
		Model: e.Name, Format: d.Format, Backend: backend.Name, Threads: f.threads, Batch: f.batch, Steps: f.steps,
		InputToHidden: d.InputToHidden, Params: d.Model, MulAdds: m.MulAddsPerFrame(perGraph(f.batch, f.threads), f.steps),
	}
	if float64(f.batch)*float64(f.steps)*float64(m.Features()) > preprocess.MaxValues {
		return nil, badf("%d clips of %d steps of %d values are more than %d values; give a smaller -batch", f.batch, f.steps, m.Features(), preprocess.MaxValues)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	x := make([]float32, f.batch*f.steps*m.Features())
	for k := range x {
		x[k] = float32(rng.NormFloat64())
	}
	labels := make([]int, f.batch)
	for k := range labels {
		labels[k] = rng.IntN(m.Classes())
	}
	s, err := train.NewStepper(m, f.steps, []int{m.Features()}, train.Config{Batch: f.batch, LearningRate: 1e-3, Threads: f.threads})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	steps, err := timed(f.warms, f.runs, func() error { _, err := s.Step(x, nil, labels); return err })
	if err != nil {
		return nil, err
	}
	c.StepMedian, c.StepP10, c.StepP90 = quantile(steps, 0.5), quantile(steps, 0.1), quantile(steps, 0.9)
	c.PeakRSS = peakRSS()
	forward, err := timed(f.warms, f.runs, func() error { _, err := s.Logits(x, nil); return err })
	if err != nil {
		return nil, err
	}
	c.Forward = quantile(forward, 0.5)
	c.GFLOPS = 2 * float64(c.MulAdds) * float64(f.batch*f.steps) / c.Forward / 1e6
	if m.Spec().Bidirectional { // needs whole clips
		return c, nil
	}
	p, err := m.Predictor(1)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	at := 0
	frames, err := timed(f.warms, 5*f.runs, func() error {
		_, err := p.Frame(x[at*m.Features() : (at+1)*m.Features()])
		at = (at + 1) % (f.batch * f.steps)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.Frame = 1000 * quantile(frames, 0.5)
	return c, nil
}

// perGraph is the number of clips of the largest part of a batch.
func perGraph(batch, threads int) int { return (batch + threads - 1) / threads }

// timed returns the sorted milliseconds of some runs after others.
func timed(warm, runs int, f func() error) ([]float64, error) {
	var ms []float64
	for k := range warm + runs {
		began := time.Now()
		if err := f(); err != nil {
			return nil, err
		}
		if k >= warm {
			ms = append(ms, float64(time.Since(began).Nanoseconds())/1e6)
		}
	}
	slices.Sort(ms)
	return ms, nil
}

func quantile(sorted []float64, q float64) float64 { return sorted[int(q*float64(len(sorted)-1)+0.5)] }

// peakRSS is the largest resident memory of this process so far in MB of 2^20
// bytes, 0 where /proc does not say.
func peakRSS() float64 {
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
