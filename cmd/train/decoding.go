package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/names"
)

// decoding reports what happens to videos in the background: on a terminal as a bar
// until training has one, which then tells it too; elsewhere as a line now and then.
type decoding struct {
	w     io.Writer
	quiet bool // about what goes well

	mu    sync.Mutex
	began time.Time
	said  time.Time
	now   datasets.Decoding
	bad   int
	bar   *progressbar.ProgressBar // while told is nil
	told  *progressbar.ProgressBar // the bar of the training, which says the rest
}

// sayDecoding is the time between two lines.
const sayDecoding = 10 * time.Second

// watch makes the options of a set report.
func (d *decoding) watch(v *datasets.Video) {
	v.OnBad = func(path string, err error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.bad++
		d.line("left out: %s: %v", path, err)
	}
	v.OnUncached = func(err error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.line("%v (training goes on; clips that are not in the cache are decoded each time)", err)
	}
	v.OnDecoded = d.decoded
}

// line prints a line above a bar.
func (d *decoding) line(format string, args ...any) {
	d.clear()
	fmt.Fprintln(d.w, names.Line(fmt.Sprintf(format, args...)))
}

// decoded is told of every clip.
func (d *decoding) decoded(p datasets.Decoding) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.began.IsZero() {
		d.began = time.Now()
		d.said = d.began
	}
	d.now = p
	file, ok := d.w.(*os.File)
	switch {
	case d.quiet || d.told != nil:
	case ok && term.IsTerminal(int(file.Fd())):
		if d.bar == nil {
			d.bar = progressbar.NewOptions(p.Clips, progressbar.OptionSetWriter(d.w), progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish(),
				progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false), progressbar.OptionThrottle(100*time.Millisecond))
		}
		d.bar.Describe(d.text())
		d.bar.Set(p.Done) // an error says that the bar is full already
	case time.Since(d.said) >= sayDecoding || p.Done == p.Clips:
		d.said = time.Now()
		d.line("%s", d.text())
	}
}

// text tells how far decoding is.
func (d *decoding) text() string {
	p := d.now
	text := fmt.Sprintf("decoded %s of %s clips, %s frames, %d damaged", thousands(p.Done-p.Bad), thousands(p.Clips), thousands(p.Frames), p.Bad)
	if p.Done > 1 && p.Done < p.Clips {
		text += fmt.Sprintf(", %s left", d.left())
	}
	return text
}

// left is the time that decoding still takes.
func (d *decoding) left() time.Duration {
	each := float64(time.Since(d.began)) / float64(max(1, d.now.Done))
	return time.Duration(each * float64(max(0, d.now.Clips-d.now.Done))).Round(time.Second)
}

// say prints with no bar in the way.
func (d *decoding) say(print func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clear()
	print()
}

// clear makes room for a line. A bar is drawn again when it next changes.
func (d *decoding) clear() {
	for _, bar := range []*progressbar.ProgressBar{d.bar, d.told} {
		if bar != nil {
			bar.Clear()
		}
	}
}

// tell takes the bar away, and returns what that of the training says instead: ""
// when nothing is being decoded.
func (d *decoding) tell(training *progressbar.ProgressBar) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bar != nil {
		d.bar.Clear()
		d.bar = nil
	}
	d.told = training
	if p := d.now; p.Done < p.Clips {
		return fmt.Sprintf(", decoded %s/%s, %s left", thousands(p.Done), thousands(p.Clips), d.left())
	}
	return ""
}

// damaged is the number of clips that were left out.
func (d *decoding) damaged() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.bad
}
