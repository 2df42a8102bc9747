package compare

import (
	"context"
	"testing"
	"time"

	"github.com/google/pprof/profile"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/zoo"
)

// Samples are sorted by their innermost call that is known.
func TestSharesOf(t *testing.T) {
	const own = "github.com/tensorzoo/tensorzoo/"
	p := &profile.Profile{}
	add := func(count int64, calls ...string) {
		s := &profile.Sample{Value: []int64{count, count * 10}}
		for _, name := range calls {
			s.Location = append(s.Location, &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: name}}}})
		}
		p.Sample = append(p.Sample, s)
	}
	add(40, own+"internal/gemm.tile16", own+"internal/gemm.Kernel.Multiply", own+"cells.(*sweep[...]).run", "gorgonia.org/gorgonia.(*execOp).exec")
	add(2, own+"internal/gemm.transpose8", own+"internal/gemm.pack", own+"internal/gemm.Kernel.Multiply")
	add(4, "runtime.memmove", own+"internal/gemm.pack", own+"internal/gemm.Kernel.Multiply")
	add(4, "runtime.cgocall", "gonum.org/v1/netlib/blas/netlib.Implementation.Sgemm")
	add(10, own+"internal/vector.tanh256", own+"internal/vector.apply", own+"cells.lstmRow[...]")
	add(5, "gorgonia.org/vecf32.Add", "gorgonia.org/tensor.StdEng.Add")
	add(8, "runtime.memmove", own+"cells.(*sweep[...]).run")
	add(7, own+"internal/ops.fours[...]", own+"internal/ops.permutePart[...]", own+"internal/ops.Permute[...]")
	add(9, own+"internal/vector.adam256", own+"internal/vector.Adam", own+"train.(*learner).move")
	add(3, own+"internal/vector.squares256", own+"internal/vector.Squares", own+"train.globalNorm")
	add(4, "runtime.gcDrain", "runtime.gcBgMarkWorker")
	add(2, "gorgonia.org/gorgonia.(*execOp).exec", "gorgonia.org/gorgonia.(*tapeMachine).Run", own+"graph.(*Program).Run")
	add(2, "runtime.memclrNoHeapPointers", "runtime.mallocgc", "gorgonia.org/gorgonia.(*tapeMachine).runall")

	s := sharesOf(p)
	require.Equal(t, Shares{Products: 0.5, Elementwise: 0.15, Moving: 0.17, Optimiser: 0.12, Other: 0.06, Packing: 0.06, Samples: 100}, *s)
	require.Equal(t, 0, sharesOf(&profile.Profile{}).Samples)
}

func TestMeasureShares(t *testing.T) {
	e, err := zoo.Find("ht-lstm")
	require.NoError(t, err)
	by := Measuring{Batch: 2, Steps: 2, Threads: 1, Runs: 1, WarmUp: 1}
	s, err := MeasureShares(context.Background(), e, by, 300*time.Millisecond)
	require.NoError(t, err)
	require.Positive(t, s.Samples)
	require.InDelta(t, 1, s.Products+s.Elementwise+s.Moving+s.Optimiser+s.Other, 1e-9)
	require.Positive(t, s.Products)
	require.Positive(t, s.StepMedian)

	ended, end := context.WithCancel(context.Background())
	end()
	_, err = MeasureShares(ended, e, by, 0)
	require.ErrorIs(t, err, context.Canceled)
	_, err = MeasureShares(context.Background(), e, Measuring{}, 0)
	require.ErrorAs(t, err, new(*InputError))
}
