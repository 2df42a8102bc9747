package compare

import (
	"bytes"
	"context"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/google/pprof/profile"
	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/zoo"
)

// Shares says where the processor time of training steps goes, in parts of 1, to which the
// first five add up.
type Shares struct {
	Products    float64 `json:"products"`    // of matrices, with packing
	Elementwise float64 `json:"elementwise"` // gates, sums, losses, and their gradients
	Moving      float64 `json:"moving"`      // copies, other orders of axes, clearing
	Optimiser   float64 `json:"optimiser"`   // with adding up the gradients and their norm
	Other       float64 `json:"other"`       // the graph's own work, garbage collection

	Packing    float64 `json:"packing"`        // part of Products
	Samples    int     `json:"samples"`        // that these are counts of
	StepMedian float64 `json:"step_ms_median"` // of the steps that were sampled
}

// MeasureShares takes samples of what the processor does in a model's training steps on random
// data: of by.Runs steps or more, until they have taken least in all. A sample is taken every
// 10 ms of each core's time. It returns an *InputError for what cannot be measured, and the
// error of ctx when it is done.
func MeasureShares(ctx context.Context, e zoo.Entry, by Measuring, least time.Duration) (*Shares, error) {
	watch, err := newStopwatch(ctx, e, by)
	if err != nil {
		return nil, err
	}
	defer watch.Close()
	_, each, _ := watch.steps() // the graphs are built, the caches warm
	watch.WarmUp = 0
	if each > 0 {
		watch.Runs = max(watch.Runs, 1+int(float64(least.Milliseconds())/each))
	}
	var data bytes.Buffer
	if err := pprof.StartCPUProfile(&data); err != nil {
		return nil, errors.Wrap(err, "compare: to see where time goes")
	}
	_, median, _ := watch.steps()
	pprof.StopCPUProfile()
	if watch.err != nil {
		return nil, watch.err
	}
	p, err := profile.Parse(&data)
	if err != nil {
		return nil, errors.Wrap(err, "compare: to see where time goes")
	}
	s := sharesOf(p)
	if s.Samples == 0 {
		return nil, errors.New("compare: this system takes no samples of what the processor does")
	}
	s.StepMedian = median
	return s, nil
}

// sharesOf sorts the samples of a profile.
func sharesOf(p *profile.Profile) *Shares {
	s, sum := &Shares{}, map[work]int{}
	for _, sample := range p.Sample {
		var calls []string
		for _, l := range sample.Location {
			for _, line := range l.Line {
				calls = append(calls, line.Function.Name)
			}
		}
		count := int(sample.Value[0])
		sum[workOf(calls)] += count
		s.Samples += count
	}
	share := func(w work) float64 { return float64(sum[w]) / float64(max(1, s.Samples)) }
	s.Packing, s.Products = share(packing), share(packing)+share(products)
	s.Elementwise, s.Moving, s.Optimiser, s.Other = share(elementwise), share(moving), share(optimiser), share(other)
	return s
}

// work is what a function does.
type work int

const (
	other work = iota
	products
	packing
	elementwise
	moving
	optimiser
)

// does lists functions by how their names begin, without the module's own path. The first
// that fits counts.
var does = []struct {
	begins string
	work   work
}{
	{"internal/gemm.pack", packing},
	{"internal/gemm.transpose", packing},
	{"internal/gemm.Kernel.Pack", packing},
	{"internal/gemm.", products},
	{"internal/backend.", products},
	{"gonum.org/v1/gonum/blas", products},
	{"gonum.org/v1/gonum/internal/asm", products},
	{"gonum.org/v1/netlib", products},
	{"internal/vector.Adam", optimiser},
	{"internal/vector.adam", optimiser},
	{"internal/vector.Squares", optimiser},
	{"internal/vector.squares", optimiser},
	{"train.(*replicas).gradients", optimiser},
	{"train.(*learner).", optimiser},
	{"train.globalNorm", optimiser},
	{"train.scaleGradients", optimiser},
	{"train.Adam", optimiser},
	{"internal/ops.Permute", moving},
	{"internal/ops.permute", moving},
	{"internal/ops.packed", moving},
	{"internal/ops.fours", moving},
	{"internal/ops.CopyRows", moving},
	{"gorgonia.org/tensor.copy", moving},
	{"gorgonia.org/tensor/internal/storage.", moving},
	{"gorgonia.org/tensor.(*Dense).Clone", moving},
	{"gorgonia.org/tensor.StdEng.Transpose", moving},
	{"gorgonia.org/tensor.StdEng.transpose", moving},
	{"gorgonia.org/tensor.StdEng.denseTranspose", moving},
	{"gorgonia.org/gorgonia.ZeroValue", moving},
	{"graph.clearGradient", moving},
	{"internal/vector.", elementwise},
	{"cells.", elementwise},
	{"graph.(*Program).", other}, // gorgonia's machine
	{"graph.", elementwise},
	{"internal/ops.", elementwise},
	{"gorgonia.org/vecf32.", elementwise},
	{"gorgonia.org/tensor/internal/execution.", elementwise},
	{"gorgonia.org/tensor.StdEng.", elementwise},
}

// moves are functions of the runtime that move memory for whoever calls them.
var moves = []string{"runtime.memmove", "runtime.memclr", "runtime.typedslicecopy", "runtime.duffcopy", "runtime.duffzero"}

// workOf returns what the innermost of calls does that is known, the last call first. Memory
// that is moved on the way to a product is packing.
func workOf(calls []string) work {
	moved := false
	for _, name := range calls {
		for _, m := range moves {
			moved = moved || strings.HasPrefix(name, m)
		}
		name = strings.TrimPrefix(name, "github.com/tensorzoo/tensorzoo/")
		if w, known := workOfFunction(name); known {
			switch {
			case moved && w == products:
				return packing
			case moved && w != packing:
				return moving
			}
			return w
		}
	}
	if moved {
		return moving
	}
	return other
}

func workOfFunction(name string) (w work, known bool) {
	for _, d := range does {
		if strings.HasPrefix(name, d.begins) {
			return d.work, true
		}
	}
	return other, false
}
