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

// Report shows what happens to videos in the background: on a terminal as a bar
// until training has one, which then shows it too; elsewhere as a line now and
// then.
type Report struct {
	W     io.Writer
	Quiet bool // about what goes well

	mu    sync.Mutex
	began time.Time
	said  time.Time
	now   video.Decoding
	bad   int
	bar   *progressbar.ProgressBar // while told is nil
	told  *progressbar.ProgressBar // the bar of the training, which says the rest
}

// sayDecoding is the time between two lines.
const sayDecoding = 10 * time.Second

// Watch makes a set that is opened with v report to d.
func (d *Report) Watch(v *video.Options) {
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
	if d.began.IsZero() {
		d.began = time.Now()
		d.said = d.began
	}
	d.now = p
	file, ok := d.W.(*os.File)
	switch {
	case d.Quiet || d.told != nil:
	case ok && term.IsTerminal(int(file.Fd())):
		if d.bar == nil {
			d.bar = progressbar.NewOptions(p.Clips, progressbar.OptionSetWriter(d.W), progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish(),
				progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false), progressbar.OptionThrottle(100*time.Millisecond))
		}
		d.bar.Describe(d.text())
		d.bar.Set(p.Done) // an error says that the bar is full already
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
	for _, bar := range []*progressbar.ProgressBar{d.bar, d.told} {
		if bar != nil {
			bar.Clear()
		}
	}
}

// Tell removes the bar and returns what the bar of the training shows instead:
// "" when nothing is being decoded.
func (d *Report) Tell(training *progressbar.ProgressBar) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bar != nil {
		d.bar.Clear()
		d.bar = nil
	}
	d.told = training
	if p := d.now; p.Done < p.Clips {
		return numerals.English.Sprintf(", decoded %d/%d, %s left", p.Done, p.Clips, d.left())
	}
	return ""
}

// Damaged returns the number of clips that were left out.
func (d *Report) Damaged() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.bad
}
