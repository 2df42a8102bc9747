package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/compare"
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/gemm"
	"github.com/tensorzoo/tensorzoo/internal/vector"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// job is a training step to measure.
type job struct {
	Spec   zoo.Spec
	By     compare.Measuring
	Shares bool // where its time goes, and not how long it is
}

type reply struct {
	Base   float64 // MB of the process before
	Cost   *compare.Cost
	Shares *compare.Shares
}

func (j job) do(ctx context.Context) (r *reply, err error) {
	r = &reply{Base: compare.PeakMemory()}
	if j.Shares {
		r.Shares, err = compare.MeasureShares(ctx, zoo.Entry{Spec: j.Spec}, j.By, 5*time.Second)
	} else {
		r.Cost, err = compare.Measure(ctx, zoo.Entry{Spec: j.Spec}, j.By)
	}
	return r, err
}

// table measures its rows; markdown.go writes them.
type table struct {
	name    string
	measure func(m *machine) ([]row, error)
}

var tables = []*table{
	{"steps", zooSteps},
	{"recurrences", recurrences},
	{"shares", shares},
	{"products", products},
	{"adam", adam},
}

const batch = 16

// zooModels are those of UCF11's shapes.
func (m *machine) zooModels() []string {
	if m.brief {
		return []string{"ht-lstm"}
	}
	return []string{"tt-lstm", "tr-lstm", "bt-lstm", "ht-lstm", "lstm"}
}

func (m *machine) threads() []int {
	if m.brief {
		return []int{1}
	}
	return []int{1, 2}
}

// zooSteps measures a training step of 6 frames of each model.
func zooSteps(m *machine) (rows []row, err error) {
	for _, name := range m.zooModels() {
		e, err := zoo.Find(name)
		if err != nil {
			return nil, err
		}
		for _, threads := range m.threads() {
			runs := 20
			if name == "lstm" { // of 59 million weights
				runs = 5
			}
			r, err := m.step(name, job{Spec: e.Spec, By: compare.Measuring{Batch: batch, Steps: 6, Threads: threads, Runs: runs, WarmUp: 3}})
			if err != nil {
				return nil, err
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// recurrences measures a training step of dense cells over sequences of more and more steps.
func recurrences(m *machine) (rows []row, err error) {
	units, lengths := []int{64, 128, 256}, []int{6, 100, 400, 784, 1500}
	if m.brief {
		units, lengths = units[:1], lengths[:2]
	}
	for _, cell := range []string{"lstm", "gru"} {
		for _, hidden := range units {
			for _, threads := range m.threads() {
				for _, steps := range lengths {
					by := compare.Measuring{Batch: batch, Steps: steps, Threads: threads, Runs: 5, WarmUp: 1}
					switch {
					case steps < 100:
						by.Runs = 50
					case steps >= 400:
						by.Runs = 3
					}
					spec := zoo.Spec{Cell: cell, InModes: []int{8}, OutModes: []int{hidden}, Classes: 10}
					r, err := m.step(fmt.Sprintf("%s %d", cell, hidden), job{Spec: spec, By: by})
					if err != nil {
						return nil, err
					}
					rows = append(rows, r)
				}
			}
		}
	}
	return rows, nil
}

// step measures a step of ours and of the peer, in turn.
func (m *machine) step(name string, j job) (row, error) {
	r := row{Name: name, Threads: j.By.Threads, Steps: j.By.Steps}
	var ours, theirs []map[string]float64
	for range m.pairs {
		a, err := m.ask(j)
		if err != nil {
			return r, err
		}
		c := a.Cost
		ours = append(ours, map[string]float64{"first": c.FirstCPU / 1000, "step": c.StepMedian, "cpu": c.StepCPU, "peak": c.PeakRSS, "base": a.Base})
		if len(m.peer) > 0 {
			b, err := m.askPeer(j)
			if err != nil { // what was measured before it is not lost for that
				m.say("%s, %d steps, %d threads: no figures of the peer: %v", name, r.Steps, r.Threads, err)
				continue
			}
			theirs, r.How = append(theirs, b.Values), b.How
		}
	}
	r.Values, r.Peer = medians(ours), medians(theirs)
	m.say("%s, %d steps, %d threads: %.1f ms", name, r.Steps, r.Threads, r.Values["step"])
	return r, nil
}

// medians returns the median of each figure.
func medians(all []map[string]float64) map[string]float64 {
	if len(all) == 0 {
		return nil
	}
	m := map[string]float64{}
	for key := range all[0] {
		var values []float64
		for _, each := range all {
			values = append(values, each[key])
		}
		slices.Sort(values)
		m[key] = values[len(values)/2]
	}
	return m
}

// peerJob is what a peer reads: a network of cores, or none for a dense matrix.
type peerJob struct {
	Cell     string   `json:"cell"`
	Features int      `json:"features"`
	Hidden   int      `json:"hidden"`
	Classes  int      `json:"classes"`
	Batch    int      `json:"batch"`
	Steps    int      `json:"steps"`
	Threads  int      `json:"threads"`
	Runs     int      `json:"runs"`
	WarmUp   int      `json:"warm_up"`
	Inputs   []leg    `json:"inputs"`
	Outputs  []leg    `json:"outputs"` // with the gates in the first
	Terms    [][]core `json:"terms"`
}

type leg struct {
	Name string `json:"name"`
	Size int    `json:"size"`
}

type core []leg

// peerReply is its answer.
type peerReply struct {
	Is     string             `json:"is"`  // such as PyTorch 2.15
	How    string             `json:"how"` // of several ways the fastest
	Values map[string]float64 `json:"values"`
}

func (m *machine) askPeer(j job) (r *peerReply, err error) {
	weights, err := j.Spec.Weights()
	if err != nil {
		return nil, err
	}
	w := weights[0].Matrix
	p := peerJob{
		Cell: j.Spec.Cell, Features: w.Rows(), Classes: j.Spec.Classes, Batch: j.By.Batch, Steps: j.By.Steps, Threads: j.By.Threads, Runs: j.By.Runs, WarmUp: j.By.WarmUp,
		Inputs: legs(w.In), Outputs: legs(w.Out), Hidden: 1,
	}
	for _, size := range j.Spec.OutModes {
		p.Hidden *= size
	}
	if w.Format != (decomp.Dense{}).Name() { // nn.LSTM or nn.GRU where it is
		for _, term := range w.Terms {
			var cores []core
			for _, c := range term {
				cores = append(cores, legs(c.Legs))
			}
			p.Terms = append(p.Terms, cores)
		}
	}
	r = &peerReply{}
	if err = m.command(m.peer, p, r); err == nil {
		m.peerIs = r.Is
	}
	return r, err
}

func legs(of []decomp.Leg) (all []leg) {
	for _, l := range of {
		all = append(all, leg{l.Name, l.Size})
	}
	return all
}

// shares measures where the time of a step goes, on one thread.
func shares(m *machine) (rows []row, err error) {
	models := m.zooModels()
	for _, name := range models {
		e, err := zoo.Find(name)
		if err != nil {
			return nil, err
		}
		by := compare.Measuring{Batch: batch, Steps: 6, Threads: 1, Runs: 5, WarmUp: 2}
		r, err := m.ask(job{Spec: e.Spec, By: by, Shares: true})
		if err != nil {
			return nil, err
		}
		s := r.Shares
		rows = append(rows, row{Name: name, Threads: 1, Steps: 6, Values: map[string]float64{
			"products": s.Products, "packing": s.Packing, "elementwise": s.Elementwise, "moving": s.Moving, "optimiser": s.Optimiser, "other": s.Other,
		}})
		m.say("%s: products are %.0f %%", name, 100*s.Products)
	}
	return rows, nil
}

// rate calls f again and again for at least a fifth of a second, three times, and returns how
// many calls the best of them made in a second of processor time, which others do not take part in.
func rate(f func()) (best float64) {
	f()
	clock := compare.ProcessorTime
	if began := time.Now(); clock() == 0 {
		clock = func() time.Duration { return time.Since(began) }
	}
	for range 3 {
		calls, began := 0, clock()
		for clock()-began < 200*time.Millisecond {
			f()
			calls++
		}
		best = max(best, float64(calls)/(clock()-began).Seconds())
	}
	return best
}

// shapes are products that the zoo's models are made of: result rows and columns, and the
// length of the sums.
var shapes = []struct {
	name           string
	rows, cols, of int
	transA, transB bool
}{
	{"operands in the first cache", 24, 32, 128, false, false},
	{"square", 1024, 1024, 1024, false, false},
	{"TT, forward", 15360, 64, 360, false, false},
	{"TT, gradient", 360, 64, 15360, true, false},
	{"HT, forward", 7680, 80, 720, false, false},
	{"HT, gradient", 720, 80, 7680, true, false},
	{"TR, forward", 3840, 25, 1440, false, false},
	{"BT, first core", 16, 360, 20, false, false},
	{"h·U", 16, 1024, 256, false, false},
	{"h·U, gradient", 16, 256, 1024, false, true},
	{"dense, forward", 96, 1024, 57600, false, false},
	{"dense, gradient", 57600, 1024, 96, true, false},
}

// products measures GFLOP/s of the product of matrices, on one thread, and GB/s of copying.
func products(m *machine) (rows []row, err error) {
	kernel := gemm.AVX2
	for _, k := range []gemm.Kernel{gemm.AVX512, gemm.NEON} {
		if k.Available() {
			kernel = k
		}
	}
	if !kernel.Available() {
		return nil, errors.New("this processor has no kernel of ours")
	}
	chosen := shapes
	if m.brief {
		chosen = shapes[:3]
	}
	for _, s := range chosen {
		a, b, c := numbers(s.rows*s.of), numbers(s.of*s.cols), make([]float32, s.rows*s.cols)
		lda, ldb := s.of, s.cols
		if s.transA {
			lda = s.rows
		}
		if s.transB {
			ldb = s.of
		}
		calls := rate(func() {
			kernel.Multiply(s.transA, s.transB, s.rows, s.cols, s.of, a, lda, b, ldb, false, c, s.cols)
		})
		name := s.name
		if s.rows > 24 || s.cols > 32 {
			name += fmt.Sprintf(": %d x %d x %d", s.rows, s.cols, s.of)
		}
		r := row{Name: name, Values: map[string]float64{"rate": 2e-9 * calls * float64(s.rows) * float64(s.cols) * float64(s.of)}}
		m.say("%s: %.1f GFLOP/s", r.Name, r.Values["rate"])
		rows = append(rows, r)
		if m.ctx.Err() != nil {
			return nil, m.ctx.Err()
		}
	}
	x, y := numbers(1<<25), numbers(1<<25)
	rows = append(rows, row{Name: copying, Values: map[string]float64{"rate": 8e-9 * float64(len(x)) * rate(func() { copy(x, y) })}})
	return rows, nil
}

const copying = "copying memory, GB/s"

// numbers returns values of which none is 0.
func numbers(n int) []float32 {
	x := make([]float32, n)
	for k := range x {
		x[k] = float32(k%7) - 3.5
	}
	return x
}

// adam measures what the optimiser takes a weight, beyond all caches.
func adam(m *machine) (rows []row, err error) {
	n := 1 << 24
	if m.brief {
		n = 1 << 20
	}
	r := &vector.AdamRates{B1: 0.9, NotB1: 0.1, B2: 0.999, NotB2: 0.001, Rate: 0.002, Scale: 1.5, Epsilon: 1e-8, Clip: 1}
	add := func(what string, apart int, f func(x [4][]float32)) {
		var x [4][]float32
		for k := range x {
			x[k] = vector.Apart(n, k*apart)
		}
		copy(x[1], numbers(n))
		v := 1e9 / float64(n) / rate(func() { f(x) })
		rows = append(rows, row{Name: what, Values: map[string]float64{"ns": v}})
		m.say("%s: %.2f ns a weight", what, v)
	}
	move := func(x [4][]float32) { vector.Adam(x[0], x[1], x[2], x[3], r) }
	norm := func(x [4][]float32) { vector.Squares(x[1]) }
	add("norm", 1, norm)
	add("Adam", 1, move)
	add("Adam, arrays at one place of a page", 0, move)
	add("norm and Adam", 1, func(x [4][]float32) { norm(x); move(x) })
	return rows, nil
}
