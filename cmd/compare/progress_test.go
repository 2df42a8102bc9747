package main

import (
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vbauerster/mpb/v8"

	"github.com/tensorzoo/tensorzoo/train"
)

// Bars are drawn while runs of several models report their steps: neither waits
// for the other for ever.
func TestProgressBars(t *testing.T) {
	const steps, runs = 3000, 3
	bars := mpb.New(mpb.WithOutput(io.Discard), mpb.WithAutoRefresh(), mpb.WithRefreshRate(time.Millisecond))
	models := []string{"a", "b", "c", "d"}
	p := progressOn(io.Discard, bars, models, steps*runs, runs)
	ended := make(chan bool)
	go func() {
		var wait sync.WaitGroup
		for _, model := range models {
			for run := range runs {
				wait.Go(func() {
					j := job{Model: model, Dir: fmt.Sprint(model, run)}
					o := &outcome{Epochs: []train.Epoch{{Updates: steps}}}
					if run == 0 {
						p.skip(j, o)
						return
					}
					for k := range steps {
						p.step(j, k)
					}
					p.done(j, o, time.Second)
				})
			}
		}
		wait.Wait()
		for _, l := range p.models {
			if l.bar.Current() != steps*runs {
				t.Errorf("a bar stands at %d of %d", l.bar.Current(), steps*runs)
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
	require.Equal(t, runs*len(models), p.ended)
}
