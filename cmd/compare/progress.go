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
	at   map[string]int // steps of each run, by folder
	last string         // what ended last
}

// newProgress shows runs of the given models, each of so many steps in all.
func newProgress(w io.Writer, models []string, steps, runs int) *progress {
	p := &progress{w: w, models: map[string]*line{}, runs: runs * len(models)}
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.bars = mpb.New(mpb.WithOutput(file), mpb.WithAutoRefresh())
	}
	for _, name := range models {
		l := &line{at: map[string]int{}}
		if p.bars != nil {
			l.bar = p.bars.AddBar(int64(steps),
				mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR)),
				mpb.AppendDecorators(decor.Percentage(decor.WCSyncSpace), decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace),
					decor.Any(func(decor.Statistics) string { return p.text(l) }, decor.WCSyncSpaceR)))
		}
		p.models[name] = l
	}
	return p
}

func (p *progress) text(l *line) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return " " + l.last
}

// step tells that a run has taken so many steps.
func (p *progress) step(j job, steps int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.move(j, steps)
}

func (p *progress) move(j job, steps int) {
	l := p.models[j.Model]
	if more := steps - l.at[j.Dir]; more > 0 {
		l.at[j.Dir] = steps
		if l.bar != nil {
			l.bar.IncrBy(more)
		}
	}
}

// skip tells that a run had ended before.
func (p *progress) skip(j job, o *outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended++
	p.move(j, o.steps())
	p.models[j.Model].last = "was there"
}

// done tells that a run has ended.
func (p *progress) done(j job, o *outcome, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended++
	what, of := fmt.Sprintf("seed %d", j.Seed), "test accuracy "
	if j.Fold > 0 {
		what, of = fmt.Sprintf("rate %g", j.Rate), fmt.Sprintf("accuracy on fold %d ", j.Fold)
	}
	score := fmt.Sprintf("%.4f", o.Test.Accuracy)
	if o.Diverged != "" {
		of, score = "", "diverged"
	}
	p.move(j, o.steps())
	p.models[j.Model].last = what + ": " + score // beside a bar there is little room
	if p.bars == nil {
		fmt.Fprintf(p.w, "%d of %d  %s  %s: %s%s, %s\n", p.ended, p.runs, j.Model, what, of, score, took.Round(time.Second))
	}
}

// close leaves the lines as they are.
func (p *progress) close() {
	if p.bars == nil {
		return
	}
	for _, l := range p.models {
		l.bar.Abort(false)
	}
	p.bars.Wait()
}
