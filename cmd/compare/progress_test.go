package main

import (
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vbauerster/mpb/v8"

	"github.com/tensorzoo/tensorzoo/compare"
)

// Bars are drawn while runs of several models report their steps: neither waits
// for the other for ever.
func TestProgressBars(t *testing.T) {
	const steps, runs = 3000, 3
	bars := mpb.New(mpb.WithOutput(io.Discard), mpb.WithAutoRefresh(), mpb.WithRefreshRate(time.Millisecond))
	models := []string{"a", "b", "c", "d"}
	p := newProgress(io.Discard)
	p.bars = bars
	for _, model := range models {
		p.show(compare.Progress{Model: model, ModelRuns: runs})
	}
	ended := make(chan bool)
	go func() {
		var wait sync.WaitGroup
		var one sync.Mutex // as compare.Comparison promises
		for _, model := range models {
			for run := range runs {
				wait.Go(func() {
					for k := range steps {
						one.Lock()
						now := compare.Progress{Model: model, Done: float64(run*steps+k+1) / steps, ModelRuns: runs, Ended: p.now.Ended}
						if k == steps-1 {
							now.Run, now.Found = &compare.Run{Seed: uint64(run + 1)}, run == 0
							now.Ended++
						}
						p.show(now)
						one.Unlock()
					}
				})
			}
		}
		wait.Wait()
		for _, model := range models {
			p.show(compare.Progress{Model: model, Done: runs, ModelRuns: runs, Ended: p.now.Ended})
			if at := p.of[model].Current(); at != runs*parts {
				t.Errorf("a bar stands at %d of %d", at, runs*parts)
			}
		}
		p.close(false)
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("the bars and the runs wait for each other")
	}
	require.Equal(t, runs*len(models), p.now.Ended)
}
