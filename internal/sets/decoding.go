package sets

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/internal/numerals"
)

// Report shows what happens to videos in the background: on a terminal as a bar, which is
// that of the training from its first step on; elsewhere as a line now and then.
type Report struct {
	W     io.Writer
	Quiet bool // about what goes well

	mu       sync.Mutex
	began    time.Time
	said     time.Time
	now      video.Decoding
	bad      int
	bar      *progressbar.ProgressBar
	training bool // is what the bar is of
}

// sayDecoding is the time between two lines.
const sayDecoding = 10 * time.Second

// Watch makes a set that is opened with v report to d.
func (d *Report) Watch(v *video.Options) {
	d.mu.Lock()
	d.began, d.said = time.Now(), time.Now()
	d.mu.Unlock()
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
func (d *Report) line(format string, args ...any) {
	d.clear()
	fmt.Fprintln(d.W, names.Line(fmt.Sprintf(format, args...)))
}

// decoded is called for every clip.
func (d *Report) decoded(p video.Decoding) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = p
	file, ok := d.W.(*os.File)
	switch {
	case d.Quiet || d.training:
	case ok && term.IsTerminal(int(file.Fd())):
		d.show(file, p.Done, p.Clips, d.text())
	case time.Since(d.said) >= sayDecoding || p.Done == p.Clips:
		d.said = time.Now()
		d.line("%s", d.text())
	}
}

// text says how far decoding has got.
func (d *Report) text() string {
	p := d.now
	text := numerals.English.Sprintf("decoded %d of %d clips, %d frames, %d damaged", p.Done-p.Bad, p.Clips, p.Frames, p.Bad)
	if p.Done > 1 && p.Done < p.Clips {
		text += fmt.Sprintf(", %s left", d.left())
	}
	return text
}

// left is the time that decoding still takes.
func (d *Report) left() time.Duration {
	each := float64(time.Since(d.began)) / float64(max(1, d.now.Done))
	return time.Duration(each * float64(max(0, d.now.Clips-d.now.Done))).Round(time.Second)
}

// Say calls print with no bar in the way.
func (d *Report) Say(print func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clear()
	print()
}

// clear makes room for a line. A bar is drawn again when it next changes.
func (d *Report) clear() {
	if d.bar != nil {
		d.bar.Clear()
	}
}

// Building says on a terminal, in place of how far a training is, that its graphs are being built.
func (d *Report) Building(terminal *os.File) {
	const text = "building the graph"
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.bar != nil:
		d.bar.Describe(text)
	case d.now.Done == d.now.Clips: // or else the bar of what is being decoded is about to come
		d.show(terminal, 0, 1, text)
	}
}

// Step shows how far a training is on a terminal, and what is still being decoded.
func (d *Report) Step(terminal *os.File, updates, of int, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.training {
		d.clear()
		d.bar, d.training = nil, true
	}
	if p := d.now; p.Done < p.Clips {
		text += numerals.English.Sprintf(", decoded %d/%d, %s left", p.Done, p.Clips, d.left())
	}
	d.show(terminal, updates, of, text)
}

// show draws the bar behind a text, which is cut so that both have room on one line.
func (d *Report) show(terminal *os.File, at, of int, text string) {
	if d.bar == nil {
		d.bar = progressbar.NewOptions(of, progressbar.OptionSetWriter(terminal), progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false), progressbar.OptionThrottle(100*time.Millisecond))
	}
	const room = 20 // for the bar
	width, _, err := term.GetSize(int(terminal.Fd()))
	if err != nil {
		width = 80
	}
	d.bar.Describe(text[:min(len(text), max(width-room, 0))])
	d.bar.Set(at) // an error says that the bar is full already
}

// Damaged returns the number of clips that were left out.
func (d *Report) Damaged() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.bad
}
