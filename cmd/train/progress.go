package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/tensorzoo/tensorzoo/internal/sets"
	"github.com/tensorzoo/tensorzoo/train"
)

// progress shows how far a run is: a line an epoch and, under it on a terminal,
// a bar; elsewhere a further line now and then during a long epoch.
type progress struct {
	w        io.Writer
	terminal *os.File // nil when w is none
	now      train.Progress
	steps    int // of this process
	said     time.Time
	slow     *time.Timer // until it is said, where there is no terminal, that graphs are being built
	decoding *sets.Report
}

// sayEvery is the time between two lines where there is no terminal, and sayBuilding
// that after which the building of graphs is one.
const (
	sayEvery    = 30 * time.Second
	sayBuilding = 5 * time.Second
)

func newProgress(w io.Writer, d *sets.Report) *progress {
	p := &progress{w: w, said: time.Now(), decoding: d}
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.terminal = file
	}
	return p
}

// build is called before graphs are built, and when they are.
func (p *progress) build(done bool) {
	switch {
	case done && p.slow != nil:
		p.slow.Stop()
		return
	case done:
		return
	case p.terminal != nil:
		p.decoding.Building(p.terminal)
		return
	}
	p.slow = time.AfterFunc(sayBuilding, func() {
		p.decoding.Say(func() { fmt.Fprintln(p.w, "building the graph") })
	})
}

// step is called after every step.
func (p *progress) step(s train.Progress) {
	p.now = s
	p.steps++
	if s.StepScore.Clips == 0 {
		p.decoding.Say(func() {
			fmt.Fprintf(p.w, "epoch %d, step %d: all its clips are damaged, it moves nothing\n", s.Epoch, s.Step)
		})
	}
	if p.terminal == nil {
		if time.Since(p.said) >= sayEvery && s.Step < s.Steps {
			fmt.Fprintf(p.w, "%s  step %d/%d  %s\n", p.head(s.Epoch, s.Score, s.LearningRate), s.Step, s.Steps, p.tail())
			p.said = time.Now()
		}
		return
	}
	p.decoding.Step(p.terminal, s.Updates, s.Epochs*s.Steps, fmt.Sprintf("%d/%d loss %.4f acc %.3f lr %.3g, %s", s.Epoch, s.Epochs, s.Loss, s.Accuracy, s.LearningRate, p.left()))
}

// epoch is called after every epoch, and at the start of a resumed run.
func (p *progress) epoch(epochs []train.Epoch) {
	if len(epochs) == 0 || p.now.Updates == 0 {
		return
	}
	e := epochs[len(epochs)-1]
	line := p.head(e.Epoch, e.Train, e.LearningRate)
	if v := e.Validation; v != nil {
		line += fmt.Sprintf("  validation loss %.4f  accuracy %.3f", v.Loss, v.Accuracy)
	}
	p.decoding.Say(func() { fmt.Fprintf(p.w, "%s  %s\n", line, p.tail()) })
	p.said = time.Now()
}

func (p *progress) head(epoch int, s train.Score, rate float64) string {
	return fmt.Sprintf("epoch %*d/%d  loss %.4f  accuracy %.3f  lr %.3g", len(fmt.Sprint(p.now.Epochs)), epoch, p.now.Epochs, s.Loss, s.Accuracy, rate)
}

// tail returns the time passed and what a bar would show.
func (p *progress) tail() string {
	passed := p.now.Elapsed.Round(time.Second).String()
	if p.terminal != nil {
		return passed
	}
	return passed + ", " + p.left()
}

// left returns speed and time left, at the rate of this process's steps. The building of
// graphs is in neither.
func (p *progress) left() string {
	s := p.now
	stepping := s.Elapsed - s.Building
	text := fmt.Sprintf("%.0f clips/s", float64(s.Trained)/stepping.Seconds())
	if left := s.Epochs*s.Steps - s.Updates; left > 0 {
		each := stepping / time.Duration(p.steps)
		text += ", " + (each * time.Duration(left)).Round(time.Second).String() + " left"
	}
	return text
}
