package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/tensorzoo/tensorzoo/compare"
)

// progress shows how far each model is: a line each on a terminal, which change
// in place; elsewhere a line for each run that ends.
type progress struct {
	w    io.Writer
	bars *mpb.Progress // nil where there is no terminal
	of   map[string]*mpb.Bar
	last sync.Map         // what ended last of a model
	now  compare.Progress // the last one
}

// parts are what a bar divides a run into.
const parts = 10000

func newProgress(w io.Writer) *progress {
	p := &progress{w: w, of: map[string]*mpb.Bar{}}
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.bars = mpb.New(mpb.WithOutput(file), mpb.WithAutoRefresh())
	}
	return p
}

// show is told by one goroutine at a time. Drawing waits for none of them.
func (p *progress) show(now compare.Progress) {
	p.now = now
	said := ""
	if r := now.Run; r != nil {
		what, score := fmt.Sprintf("seed %d", r.Seed), fmt.Sprintf("accuracy %.4f", r.Test.Accuracy)
		if r.Fold > 0 {
			what = fmt.Sprintf("rate %g", r.Rate)
		}
		if r.Diverged != "" {
			score = "diverged"
		}
		if said = what + ": " + score; now.Found {
			said = "was there"
		} else if p.bars == nil {
			fmt.Fprintf(p.w, "%d of %d  %s  %s, %s\n", now.Ended, now.Runs, now.Model, said, now.Took.Round(time.Second))
		}
	}
	if p.bars == nil {
		return
	}
	b := p.of[now.Model]
	if b == nil {
		p.last.Store(now.Model, "")
		b = p.bars.AddBar(0, // else it would not take more
			mpb.PrependDecorators(decor.Name(now.Model, decor.WCSyncSpaceR)),
			mpb.AppendDecorators(decor.Percentage(decor.WCSyncSpace), decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace),
				decor.Any(func(decor.Statistics) string { said, _ := p.last.Load(now.Model); return fmt.Sprint(" ", said) }, decor.WCSyncSpaceR)))
		p.of[now.Model] = b
	}
	if said != "" {
		p.last.Store(now.Model, said)
	}
	b.SetTotal(int64(parts*now.ModelRuns), false)
	b.SetCurrent(int64(parts * now.Done))
}

// close leaves the lines as they are, or takes away those that are half drawn.
func (p *progress) close(away bool) {
	if p.bars == nil {
		return
	}
	for _, b := range p.of {
		b.Abort(away)
	}
	p.bars.Wait()
}
