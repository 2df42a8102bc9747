package zoo_test

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// predictorSpecs has every cell and format, one and two layers, all three kinds
// of recurrent weights.
func predictorSpecs() map[string]zoo.Spec {
	specs := map[string]zoo.Spec{}
	for _, cell := range []string{"lstm", "gru", "rnn"} {
		for _, f := range []decomp.Format{
			decomp.Dense{},
			decomp.TT{Ranks: []int{2}},
			decomp.TR{Ranks: []int{2}},
			decomp.BT{Ranks: []int{2}, Blocks: 2},
			decomp.HT{Leaf: []int{2}, Inner: []int{2}},
		} {
			s := zoo.Spec{Cell: cell, Format: f, InModes: []int{3, 4, 2}, OutModes: []int{2, 3, 2}, Classes: 3}
			name := cell + " " + f.Name()
			dense := f.Name() == "dense"
			specs[name] = s
			if !dense {
				s.Recurrent = f
				specs[name+" recurrent"] = s
			}
			s.Recurrent, s.Joint = nil, true
			specs[name+" joint"] = s
			s.Upper = []zoo.LayerSpec{{Format: decomp.TT{Ranks: []int{2}}, OutModes: []int{2, 2, 2}}}
			specs[name+" two joint layers"] = s
			s.Joint = false
			if !dense {
				s.Recurrent = f
			}
			specs[name+" two layers"] = s
			if cell == "gru" {
				s.CandidateBias = true
				specs[name+" candidate bias"] = s
			}
		}
	}
	return specs
}

// newModel has weights that are not zero, biases too.
func newModel(t testing.TB, s zoo.Spec) *zoo.Model {
	m, err := zoo.FromSpec(s, zoo.Options{Seed: 3})
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(1, 2))
	for _, p := range m.Params() {
		if p.IsBias() {
			for k := range p.Value.Data().([]float32) {
				p.Value.Data().([]float32)[k] += float32(rng.NormFloat64())
			}
		}
	}
	return m
}

func frames(n int) []float32 {
	rng := rand.New(rand.NewPCG(5, 6))
	x := make([]float32, n)
	for k := range x {
		x[k] = float32(rng.NormFloat64())
	}
	return x
}

// built are the logits of the graph that training has.
func built(t testing.TB, m *zoo.Model, x []float32, batch, steps int, lengths []int) []float32 {
	g := G.NewGraph()
	in, err := graph.Input(g, "x", tensor.Float32, tensor.Shape{batch, steps, m.Features()},
		tensor.New(tensor.WithShape(batch, steps, m.Features()), tensor.WithBacking(append([]float32{}, x...))))
	require.NoError(t, err)
	var opt zoo.BuildOptions
	if lengths != nil {
		values := make([]float32, batch)
		for b, n := range lengths {
			values[b] = float32(n)
		}
		opt.Lengths, err = graph.Input(g, "lengths", tensor.Float32, tensor.Shape{batch}, tensor.New(tensor.WithShape(batch), tensor.WithBacking(values)))
		require.NoError(t, err)
	}
	net, err := m.Build(g, in, opt)
	require.NoError(t, err)
	p, err := graph.Compile(G.Nodes{net.Logits}, nil, nil)
	require.NoError(t, err)
	defer p.Close()
	require.NoError(t, p.Run())
	return append([]float32{}, p.Value(net.Logits).Data().([]float32)...)
}

func near(t testing.TB, want, got []float32, what string) {
	t.Helper()
	require.Len(t, got, len(want))
	for k := range want {
		if d := math.Abs(float64(want[k] - got[k])); !(d <= 1e-6*max(1, math.Abs(float64(want[k])))) {
			t.Fatalf("%s: logit %d is %v; the graph's is %v", what, k, got[k], want[k])
		}
	}
}

// some are all of the cases with TENSORZOO_LONG=1, and otherwise one, drawn by name.
func some[T any](name string, cases ...T) []T {
	if os.Getenv("TENSORZOO_LONG") != "" {
		return cases
	}
	h := fnv.New32()
	h.Write([]byte(name))
	k := int(h.Sum32()>>8) % len(cases)
	return cases[k : k+1]
}

// The logits after each frame are those of Build's graph for the clip so far.
// TENSORZOO_LONG=1 tries both batches and looks after every frame.
func TestPredictorFrames(t *testing.T) {
	const steps = 4
	for name, s := range predictorSpecs() {
		compared := append(some(name, 1, 2, 3), steps)
		for _, batch := range some(name, 1, 3) {
			m := newModel(t, s)
			p, err := m.Predictor(batch)
			require.NoError(t, err, name)
			n := m.Features()
			x := frames(batch * steps * n)
			wanted := map[int][]float32{} // after each frame
			for round := range 2 {
				for k := 1; k <= steps; k++ {
					var frame, clips []float32
					for b := range batch {
						clip := x[b*steps*n:]
						frame = append(frame, clip[(k-1)*n:k*n]...)
						clips = append(clips, clip[:k*n]...)
					}
					got, err := p.Frame(frame)
					require.NoError(t, err)
					if !slices.Contains(compared, k) {
						continue
					}
					if round == 0 {
						wanted[k] = built(t, m, clips, batch, k, nil)
					}
					near(t, wanted[k], got, fmt.Sprintf("%s, batch %d, round %d, frame %d", name, batch, round, k))
				}
				p.Reset()
			}
			require.NoError(t, p.Close())
		}
	}
}

// Whole clips, longer and shorter than a block of steps, padding in them.
// TENSORZOO_LONG=1 tries both lengths in one direction and in two.
func TestPredictorClips(t *testing.T) {
	for name, s := range predictorSpecs() {
		for _, s.Bidirectional = range some(name, false, true) {
			m := newModel(t, s)
			p, err := m.Predictor(3)
			require.NoError(t, err, name)
			for _, lengths := range some(name+" steps", []int{3, 1, 2}, []int{2, 9, 8}) {
				steps := slices.Max(lengths)
				x := frames(3 * steps * m.Features())
				what := fmt.Sprintf("%s, bidirectional %t, %d steps", name, s.Bidirectional, steps)
				got, err := p.Clip(x, steps, nil)
				require.NoError(t, err)
				near(t, built(t, m, x, 3, steps, nil), got, what)
				want := built(t, m, x, 3, steps, lengths)
				for b, n := range lengths {
					for k := (b*steps + n) * m.Features(); k < (b+1)*steps*m.Features(); k++ {
						x[k] = float32(math.NaN())
					}
				}
				got, err = p.Clip(x, steps, lengths)
				require.NoError(t, err)
				near(t, want, got, what+" with lengths")
			}
			require.NoError(t, p.Close())
		}
	}
}

// A clip between two frames changes nothing, nor does training.
func TestPredictorKeepsItsState(t *testing.T) {
	m := newModel(t, tiny)
	a, err := m.Predictor(1)
	require.NoError(t, err)
	b, err := m.Predictor(1)
	require.NoError(t, err)
	x := frames(9 * m.Features())
	_, err = b.Frame(x[:m.Features()])
	require.NoError(t, err)
	first, err := a.Frame(x[:m.Features()])
	require.NoError(t, err)
	copied := append([]float32{}, first...)
	_, err = a.Clip(x, 9, nil)
	require.NoError(t, err)
	for _, p := range m.Params() {
		clear(p.Value.Data().([]float32))
	}
	want, err := b.Frame(x[m.Features() : 2*m.Features()])
	require.NoError(t, err)
	got, err := a.Frame(x[m.Features() : 2*m.Features()])
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.NotEqual(t, copied, got)
	require.Equal(t, copied, first, "what was returned is the caller's")
}

// Predictors of one model in parallel give the same bits.
func TestPredictorsInParallel(t *testing.T) {
	m := newModel(t, predictorSpecs()["gru ht two layers"])
	x := frames(20 * m.Features())
	var results [4][]float32
	var wait sync.WaitGroup
	for k := range results {
		wait.Go(func() {
			p, err := m.Predictor(1)
			if err != nil {
				return
			}
			defer p.Close()
			for f := range 20 {
				if results[k], err = p.Frame(x[f*m.Features() : (f+1)*m.Features()]); err != nil {
					return
				}
			}
		})
	}
	wait.Wait()
	near(t, built(t, m, x, 1, 20, nil), results[0], "parallel")
	for _, r := range results {
		require.Equal(t, results[0], r)
	}
}

func TestPredictorErrors(t *testing.T) {
	m := newModel(t, tiny) // 6 features
	_, err := m.Predictor(0)
	require.EqualError(t, err, "zoo: predictor: cells: a batch of 0 sequences; want at least 1")
	_, err = m.Predictor(math.MaxInt)
	require.EqualError(t, err, fmt.Sprintf("zoo: predictor: cells: a batch of %d sequences with 16 values a step; want at most %d sequences", math.MaxInt, min(1<<31, math.MaxInt/8)/8/16))
	p, err := m.Predictor(2)
	require.NoError(t, err)
	_, err = p.Frame(make([]float32, 13))
	require.EqualError(t, err, "zoo: frame: cells: a step has 13 values; want 12, 2 sequences of 6")
	for text, call := range map[string]func() ([]float32, error){
		"zoo: clip: cells: sequences of 3 steps have 35 values; want 2 sequences of steps of 6": func() ([]float32, error) { return p.Clip(make([]float32, 35), 3, nil) },
		"zoo: clip: cells: sequences of 0 steps have 0 values; want 2 sequences of steps of 6":  func() ([]float32, error) { return p.Clip(nil, 0, nil) },
		"zoo: clip: cells: 1 lengths; want 2, one a sequence":                                   func() ([]float32, error) { return p.Clip(make([]float32, 36), 3, []int{3}) },
		"zoo: clip: cells: sequence 2 has length 4; want 1 to 3":                                func() ([]float32, error) { return p.Clip(make([]float32, 36), 3, []int{3, 4}) },
		"zoo: clip: cells: sequence 1 has length 0; want 1 to 3":                                func() ([]float32, error) { return p.Clip(make([]float32, 36), 3, []int{0, 3}) },
	} {
		_, err := call()
		require.EqualError(t, err, text)
	}
	require.NoError(t, p.Close())
	require.NoError(t, p.Close())
	_, err = p.Frame(make([]float32, 12))
	require.EqualError(t, err, "zoo: Frame of a predictor that is closed")
	_, err = p.Clip(make([]float32, 36), 3, nil)
	require.EqualError(t, err, "zoo: Clip of a predictor that is closed")

	both := tiny
	both.Bidirectional = true
	p, err = newModel(t, both).Predictor(1)
	require.NoError(t, err)
	_, err = p.Frame(make([]float32, 6))
	require.EqualError(t, err, "zoo: frame: cells: layer1 is bidirectional and reads a sequence from its end too; it runs on whole sequences only, with Sequence")

	double, err := zoo.FromSpec(tiny, zoo.Options{Dtype: tensor.Float64})
	require.NoError(t, err)
	_, err = double.Predictor(1)
	require.EqualError(t, err, "zoo: a predictor runs models of float32, this one is float64; leave Options.Dtype out")
}

// A predictor that runs for days: no memory and no goroutine stays behind.
// TENSORZOO_LONG=1 runs 100,000 frames.
func TestPredictorDoesNotGrow(t *testing.T) {
	n := 2_000
	if os.Getenv("TENSORZOO_LONG") != "" {
		n = 100_000
	}
	m := newModel(t, predictorSpecs()["lstm ht"])
	p, err := m.Predictor(1)
	require.NoError(t, err)
	x := frames(m.Features())
	run := func(n int) (heap uint64, goroutines int) {
		for range n {
			_, err := p.Frame(x)
			require.NoError(t, err)
		}
		// Twice: what finalizers free goes in the second.
		runtime.GC()
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapInuse, runtime.NumGoroutine()
	}
	before, routines := run(n / 10)
	after, now := run(n)
	t.Logf("%d frames: heap in use %d before, %d after; %d allocations a frame", n, before, after, int(testing.AllocsPerRun(100, func() { p.Frame(x) })))
	require.LessOrEqual(t, after, before+256<<10, "bytes of heap in use") // spans, which tests before this one left half empty
	require.LessOrEqual(t, now, routines)
	require.NoError(t, p.Close())
}

// BenchmarkFrame is a frame of 57,600 values.
func BenchmarkFrame(b *testing.B) {
	for _, name := range []string{"ht-lstm", "tt-lstm", "tr-lstm", "bt-lstm", "lstm"} {
		b.Run(name, func(b *testing.B) {
			p, x := predictor(b, name)
			b.ReportAllocs()
			for b.Loop() {
				_, err := p.Frame(x[:57600])
				require.NoError(b, err)
			}
		})
	}
}

// BenchmarkClip is a clip of 16 such frames.
func BenchmarkClip(b *testing.B) {
	for _, name := range []string{"ht-lstm", "tt-lstm", "tr-lstm", "bt-lstm", "lstm"} {
		b.Run(name, func(b *testing.B) {
			p, x := predictor(b, name)
			b.ReportAllocs()
			for b.Loop() {
				_, err := p.Clip(x, 16, nil)
				require.NoError(b, err)
			}
		})
	}
}

func predictor(b *testing.B, name string) (*zoo.Predictor, []float32) {
	m, err := zoo.New(name, zoo.Options{Classes: 11})
	require.NoError(b, err)
	p, err := m.Predictor(1)
	require.NoError(b, err)
	x := frames(16 * m.Features())
	for _, call := range []func() ([]float32, error){
		func() ([]float32, error) { return p.Frame(x[:m.Features()]) },
		func() ([]float32, error) { return p.Clip(x, 16, nil) },
	} {
		_, err := call()
		require.NoError(b, err)
	}
	return p, x
}
