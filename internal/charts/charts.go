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

func (all Panels) layOut() (width, height vg.Length, draw func(pg *page)) {
	below := vg.Length(0) // the room for the longest legend
	for _, p := range all {
		below = max(below, vg.Length(len(p.legendRows(dataWidth)))*lineHeight)
	}
	rows, cols := (len(all)+1)/2, min(2, len(all))
	return vg.Length(cols) * (panelWidth + 2*margin), vg.Length(rows) * (panelHeight + below + 2*margin), func(pg *page) { all.draw(pg, rows, cols, below) }
}

func (all Panels) draw(pg *page, rows, cols int, below vg.Length) {
	looks := newLooks(all)
	plots := make([]*plot.Plot, rows*cols)
	for i, p := range all {
		p = p.logarithms()
		plots[i] = p.plot(looks)
	}
	tiles := draw.Tiles{Cols: cols, Rows: rows, PadTop: margin, PadBottom: margin, PadLeft: margin, PadRight: margin, PadX: 2 * margin, PadY: 2 * margin}
	canvases := plot.Align(slices.Collect(slices.Chunk(plots, cols)), tiles, pg.Canvas) // one size for all, so that panels can be compared
	for i, p := range all {
		c := draw.Crop(canvases[i/cols][i%cols], 0, 0, below, -titleHeight)
		plots[i].Draw(c)
		frame := plots[i].DataCanvas(c).Rectangle
		pg.text(p.Title, heading(), (frame.Min.X+frame.Max.X)/2, frame.Max.Y+titleHeight/2, frame.Size().X)
		frame.Max.Y = c.Min.Y
		drawLegend(pg, frame, p.legendRows(dataWidth), looks)
	}
}

// drawable reports whether v has a place on an axis. Beyond the limit the spacing of
// floats is too wide for ticks.
func drawable(v float64) bool { return math.Abs(v) < 1e30 }

const (
	sampleWidth = 30 // of the piece of a line in front of its name
	entryGap    = 16
)

// legendRows breaks the lines of p into rows that fit into width.
func (p *Panel) legendRows(width vg.Length) (rows [][]Line) {
	if len(p.Lines) < 2 {
		return nil
	}
	left := vg.Length(-1)
	for _, l := range p.Lines {
		w := entryWidth(l, width)
		if w > left {
			rows = append(rows, nil)
			left = width
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], l)
		left -= w + entryGap
	}
	return rows
}

func entryWidth(l Line, limit vg.Length) vg.Length {
	s := style(tickSize, draw.XLeft, draw.YCenter)
	return min(limit, sampleWidth+textGap+s.Width(fit(l.Name, s, limit)))
}

// drawLegend draws rows from the top of frame down, each in the middle of it.
// gonum's own legend stacks its entries inside the data, where they cover lines.
func drawLegend(pg *page, frame vg.Rectangle, rows [][]Line, looks map[string]look) {
	limit, y := frame.Size().X, frame.Max.Y-lineHeight/2.0
	for _, row := range rows {
		width := vg.Length(entryGap * (len(row) - 1))
		for _, l := range row {
			width += entryWidth(l, limit)
		}
		x := frame.Min.X + (limit-width)/2
		for _, l := range row {
			k := looks[l.Name]
			if !l.Marker {
				pg.StrokeLine2(k.stroke(), x, y, x+sampleWidth, y)
			}
			if l.Marker || slices.ContainsFunc(l.runs(), l.isolated) {
				pg.DrawGlyph(k.glyph(), vg.Point{X: x + sampleWidth/2, Y: y})
			}
			pg.text(l.Name, style(tickSize, draw.XLeft, draw.YCenter), x+sampleWidth+textGap, y, limit-sampleWidth-textGap)
			x += entryWidth(l, limit) + entryGap
		}
		y -= lineHeight
	}
}
