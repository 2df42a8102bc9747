// Package charts draws curves, bars and confusion matrices as PNG or SVG files, with
// gonum's plots.
package charts

import (
	"math"

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

// Lengths in points. On a phone a panel is 358 px wide, and its text still 9 px high.
const (
	panelWidth  = 411
	panelHeight = 300 // without the legend
	dataWidth   = 320 // less than the data have
	margin      = 12
	titleHeight = 28
	lineHeight  = 18 // of a line of text
	tickLength  = 5
	textGap     = 4
)

// Draw draws the panels side by side, two in a row, and writes them to path as PNG or
// SVG, as its extension says. A panel of more than one line has a legend below. No reader
// ever sees half a file.
//
// It fails when there is no panel, when X and Y of a line, or Low and High, have
// different lengths, when Min is not clearly below Max or, on a logarithmic axis, too
// small, when the extension is another one, or when the file cannot be written.
func Draw(path string, panels ...Panel) error {
	if len(panels) == 0 {
		return errors.Errorf("charts: %s: no panels to draw", path)
	}
	legend := 0 // rows of the longest
	for _, p := range panels {
		if err := p.check(); err != nil {
			return errors.Wrapf(err, "charts: %s", path)
		}
		legend = max(legend, len(p.legendRows(dataWidth)))
	}
	tiles := draw.Tiles{
		Cols: min(2, len(panels)), Rows: (len(panels) + 1) / 2,
		PadTop: margin, PadBottom: margin, PadLeft: margin, PadRight: margin, PadX: 2 * margin, PadY: 2 * margin,
	}
	below := vg.Length(legend) * lineHeight
	pg, err := newPage(path, vg.Length(tiles.Cols)*(panelWidth+2*margin), vg.Length(tiles.Rows)*(panelHeight+below+2*margin))
	if err != nil {
		return err
	}
	looks := newLooks(panels)
	plots := make([][]*plot.Plot, tiles.Rows)
	for row := range plots {
		plots[row] = make([]*plot.Plot, tiles.Cols)
	}
	for i, p := range panels {
		p = p.logarithms()
		plots[i/tiles.Cols][i%tiles.Cols] = p.plot(looks)
	}
	// One size for all, so that panels can be compared.
	for i, p := range panels {
		row, column := i/tiles.Cols, i%tiles.Cols
		c := plot.Align(plots, tiles, pg.Canvas)[row][column]
		c = draw.Crop(c, 0, 0, below, -titleHeight)
		plots[row][column].Draw(c)
		frame := plots[row][column].DataCanvas(c).Rectangle
		heading := bold(style(titleSize, draw.XCenter, draw.YCenter))
		pg.text(p.Title, heading, (frame.Min.X+frame.Max.X)/2, frame.Max.Y+titleHeight/2, frame.Size().X)
		frame.Max.Y = c.Min.Y
		drawLegend(pg, frame, p.legendRows(dataWidth), looks)
	}
	return pg.save()
}

// check says what of p doesn't fit.
func (p *Panel) check() error {
	if p.Min != nil && !drawable(*p.Min) || p.Max != nil && !drawable(*p.Max) {
		return errors.Errorf("panel %q: Min and Max must be finite", p.Title)
	}
	if p.Min != nil && p.Max != nil && !apart(*p.Min, *p.Max) {
		return errors.Errorf("panel %q: Min %g is not below Max %g by enough for an axis", p.Title, *p.Min, *p.Max)
	}
	if p.LogY && (p.Min != nil && *p.Min < leastLog || p.Max != nil && *p.Max < leastLog) {
		return errors.Errorf("panel %q: Min and Max of a logarithmic axis must be at least %g", p.Title, leastLog)
	}
	for _, l := range p.Lines {
		if len(l.X) != len(l.Y) {
			return errors.Errorf("panel %q: line %q has %d X and %d Y", p.Title, l.Name, len(l.X), len(l.Y))
		}
		if (l.Low != nil || l.High != nil) && (len(l.Low) != len(l.X) || len(l.High) != len(l.X)) {
			return errors.Errorf("panel %q: line %q has %d X, %d Low and %d High", p.Title, l.Name, len(l.X), len(l.Low), len(l.High))
		}
	}
	return nil
}

// drawable reports whether v has a place on an axis. Beyond the limit the spacing of
// floats is too wide for ticks.
func drawable(v float64) bool { return math.Abs(v) < 1e30 }
