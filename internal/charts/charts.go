// Package charts draws curves, bars and confusion matrices as PNG or SVG files, with
// gonum's plots.
package charts

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Line is one line of a panel.
type Line struct {
	Name   string    // for the legend
	X, Y   []float64 // a NaN in Y leaves a gap
	Marker bool      // points instead of a line, e.g. one test score

	// Low and High are the ends of an interval around each Y, drawn as a band
	// behind all lines and as error bars of markers: as long as X, or nil for none.
	// They count for the y range. A NaN or an infinite value in them, or in Y,
	// leaves the interval of a point out. An end beyond the axis is cut there, and
	// so is a Low that a logarithmic axis can't show; an error bar has no cap then.
	Low, High []float64
}

// Panel is one coordinate system.
type Panel struct {
	Title, X, Y string   // labels
	Min, Max    *float64 // of the y axis; nil fits the data
	IntegerX    bool     // ticks at whole numbers only (epochs, steps); not with LogX
	LogX, LogY  bool     // logarithmic axes; what is below 1e-30 leaves a gap
	SideBySide  bool     // markers that would hide each other are moved along x, in their order
	Lines       []Line
}

// Panels are drawn side by side, two in a row. A panel of more than one line has a legend
// below. They cannot be drawn when there is none, when X and Y of a line, or Low and High,
// have different lengths, or when Min is not clearly below Max or, on a logarithmic axis,
// too small.
type Panels []Panel

func (all Panels) check() error {
	if len(all) == 0 {
		return errors.New("no panels to draw")
	}
	for _, p := range all {
		if err := p.check(); err != nil {
			return errors.Wrapf(err, "panel %q", p.Title)
		}
	}
	return nil
}

// check says what of p doesn't fit.
func (p *Panel) check() error {
	switch {
	case p.Min != nil && !drawable(*p.Min) || p.Max != nil && !drawable(*p.Max):
		return errors.New("Min and Max must be finite")
	case p.Min != nil && p.Max != nil && !apart(*p.Min, *p.Max):
		return errors.Errorf("Min %g is not below Max %g by enough for an axis", *p.Min, *p.Max)
	case p.LogY && (p.Min != nil && *p.Min < leastLog || p.Max != nil && *p.Max < leastLog):
		return errors.Errorf("Min and Max of a logarithmic axis must be at least %g", leastLog)
	}
	for _, l := range p.Lines {
		if len(l.X) != len(l.Y) {
			return errors.Errorf("line %q has %d X and %d Y", l.Name, len(l.X), len(l.Y))
		}
		if (l.Low != nil || l.High != nil) && (len(l.Low) != len(l.X) || len(l.High) != len(l.X)) {
			return errors.Errorf("line %q has %d X, %d Low and %d High", l.Name, len(l.X), len(l.Low), len(l.High))
		}
	}
	return nil
}

// drawable reports whether v has a place on an axis. Beyond the limit the spacing of
// floats is too wide for ticks.
func drawable(v float64) bool { return math.Abs(v) < 1e30 }

func (all Panels) layOut() (width, height vg.Length, paint func(c draw.Canvas)) {
	looks, cols := newLooks(all), min(2, len(all))
	var plots []*plot.Plot
	var legends []legend
	below := vg.Length(0) // the room for the longest legend
	for i, p := range all {
		p = p.onAxes()
		plots, legends = append(plots, p.plot(looks)), append(legends, p.legend(looks))
		below = max(below, vg.Length(legends[i].rows)*lineHeight)
	}
	if len(plots)%cols > 0 {
		plots = append(plots, nil)
	}
	rows := len(plots) / cols
	width, height = vg.Length(cols)*(panelWidth+2*margin), vg.Length(rows)*(panelHeight+below+2*margin)
	return width, height, func(c draw.Canvas) {
		above, below := vg.Length(margin+titleHeight), margin+below
		tiles := draw.Tiles{Cols: cols, Rows: rows, PadLeft: margin, PadRight: margin, PadX: 2 * margin,
			PadTop: above, PadBottom: below, PadY: above + below}
		canvases := plot.Align(slices.Collect(slices.Chunk(plots, cols)), tiles, c) // one size for all, so that panels can be compared
		for i, p := range all {
			c := canvases[i/cols][i%cols]
			plots[i].Draw(c)
			data := plots[i].DataCanvas(c)
			drawTitle(data, p.Title)
			legends[i].draw(c, data.Center().X)
		}
	}
}

const (
	sampleWidth = 30 // of the piece of a line in front of its name
	columnGap   = 16
)

// legend says what the lines of a panel are, below it: inside the data, where gonum has its
// own, it would cover lines.
type legend struct {
	columns []*plot.Legend
	rows    int
	width   vg.Length // of a column and the gap after it
}

func (p *Panel) legend(looks map[string]look) (out legend) {
	if len(p.Lines) < 2 {
		return out
	}
	s := style(tickSize, draw.XLeft, draw.YBottom)
	name := func(l Line) string { return fit(l.Name, s, panelWidth-sampleWidth-textGap) }
	for _, l := range p.Lines {
		out.width = max(out.width, sampleWidth+s.Width(" "+name(l))+columnGap)
	}
	out.rows = (len(p.Lines)-1)/max(1, int((panelWidth+columnGap)/out.width)) + 1
	for lines := range slices.Chunk(p.Lines, out.rows) {
		column := plot.NewLegend()
		column.TextStyle, column.Left, column.Top = s, true, true
		column.ThumbnailWidth, column.Padding = sampleWidth, lineHeight-s.Height("x")
		for _, l := range lines {
			column.Add(name(l), l.thumbnails(looks[l.Name])...)
		}
		out.columns = append(out.columns, &column)
	}
	return out
}

// draw draws the legend below c, around middle where it has room for that.
func (l legend) draw(c draw.Canvas, middle vg.Length) {
	width := l.width*vg.Length(len(l.columns)) - columnGap
	c.Max.Y = c.Min.Y - textGap
	c.Min.X = max(c.Min.X, min(middle-width/2, c.Max.X-width))
	for _, column := range l.columns {
		column.Draw(c)
		c.Min.X += l.width
	}
}
