package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// progress shows how far each model is: a line each on a terminal, which change
// in place; elsewhere a line for each run that ends.
type progress struct {
	w    io.Writer
	bars *mpb.Progress // nil where there is no terminal

	mu     sync.Mutex
	models map[string]*line
	runs   int // of all models
	ended  int
}

// line is how far a model is.
type line struct {
	bar  *mpb.Bar
	all  int64                  // steps
	at   map[string]int         // steps of each run, by folder
	last atomic.Pointer[string] // what ended last; drawing it must not wait for mu
}

// newProgress shows runs of the given models, each of so many steps in all.
func newProgress(w io.Writer, models []string, steps, runs int) *progress {
	var bars *mpb.Progress
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		bars = mpb.New(mpb.WithOutput(file), mpb.WithAutoRefresh())
	}
	return progressOn(w, bars, models, steps, runs)
}

// progressOn shows bars, or lines on w where there are none.
func progressOn(w io.Writer, bars *mpb.Progress, models []string, steps, runs int) *progress {
	p := &progress{w: w, bars: bars, models: map[string]*line{}, runs: runs * len(models)}
	for _, name := range models {
		l := &line{at: map[string]int{}, all: int64(steps)}
		l.say("")
		if p.bars != nil {
			l.bar = p.bars.AddBar(0, // else it would not take more
				mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR)),
				mpb.AppendDecorators(decor.Percentage(decor.WCSyncSpace), decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace),
					decor.Any(func(decor.Statistics) string { return " " + *l.last.Load() }, decor.WCSyncSpaceR)))
			l.bar.SetTotal(l.all, false)
		}
		p.models[name] = l
	}
	return p
}

func (l *line) say(text string) { l.last.Store(&text) }

// step records that a run has taken that many steps.
func (p *progress) step(j job, steps int) {
	l := p.models[j.Model]
	p.mu.Lock()
	more := max(0, steps-l.at[j.Dir])
	l.at[j.Dir] += more
	p.mu.Unlock()
	if l.bar != nil {
		l.bar.IncrBy(more) // waits for what is being drawn
	}
}

// more records that a model needs more steps, in more runs.
func (p *progress) more(model string, steps, runs int) {
	l := p.models[model]
	p.mu.Lock()
	p.runs += runs
	l.all += int64(steps)
	all := l.all
	p.mu.Unlock()
	if l.bar != nil {
		l.bar.SetTotal(all, false)
	}
}

// skip records that a run had already ended.
func (p *progress) skip(j job, o *outcome) {
	p.step(j, o.steps())
	p.models[j.Model].say("was there")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended++
}

// done records that a run has ended.
func (p *progress) done(j job, o *outcome, took time.Duration) {
	what, of := fmt.Sprintf("seed %d", j.Seed), "test accuracy "
	if j.Fold > 0 {
		what, of = fmt.Sprintf("rate %g", j.Rate), fmt.Sprintf("accuracy on fold %d ", j.Fold)
	}
	score := fmt.Sprintf("%.4f", o.Test.Accuracy)
	if o.Diverged != "" {
		of, score = "", "diverged"
	}
	p.step(j, o.steps())
	p.models[j.Model].say(what + ": " + score) // beside a bar there is little room
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended++
	if p.bars == nil {
		fmt.Fprintf(p.w, "%d of %d  %s  %s: %s%s, %s\n", p.ended, p.runs, j.Model, what, of, score, took.Round(time.Second))
	}
}

// close leaves the lines as they are, or takes away those that are half drawn.
func (p *progress) close(away bool) {
	if p.bars == nil {
		return
	}
	for _, l := range p.models {
		l.bar.Abort(away)
	}
	p.bars.Wait()
}
