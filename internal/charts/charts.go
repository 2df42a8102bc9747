// Package charts draws the pictures of a training run: curves and confusion
// matrices, as PNG or SVG files.
package charts

import (
	"math"

	"github.com/pkg/errors"
	"gonum.org/v1/plot/vg"
)

// Line is one line of a panel.
type Line struct {
	Name string    // for the legend
	X, Y []float64 // a NaN in Y leaves a gap
	// Low and High, when given, are the edges of a pale band around the line.
	Low, High []float64
	Marker    bool // points instead of a line, e.g. one test score
}

// Panel is one coordinate system.
type Panel struct {
	Title, X, Y string   // labels
	Min, Max    *float64 // of the y axis; nil fits the data
	IntegerX    bool     // ticks at whole numbers only (epochs, steps)
	Lines       []Line
}

// Draw draws the panels side by side, two in a row, and writes them to path,
// whose ending says whether it becomes a PNG or an SVG file. A panel of more
// than one line has a legend below. Nobody ever sees half a file.
//
// It fails when there is no panel, when X, Y, Low and High of a line have
// different lengths, when Min is not below Max, when the ending is another one,
// or when the file cannot be written.
func Draw(path string, panels ...Panel) error {
	if len(panels) == 0 {
		return errors.Errorf("charts: %s: no panels to draw", path)
	}
	for _, p := range panels {
		if err := p.check(); err != nil {
			return errors.Wrapf(err, "charts: %s", path)
		}
	}
	columns := min(2, len(panels))
	rows := (len(panels) + columns - 1) / columns
	legend, left := 0, vg.Length(0)
	for i := range panels {
		legend = max(legend, len(panels[i].legendRows(panelWidth)))
		_, y := panels[i].axes()
		left = max(left, labelWidth(y))
	}
	// One height and one left edge for all, so that panels can be compared.
	height := panelHeight + vg.Length(legend)*lineHeight
	pg, err := newPage(path,
		vg.Length(columns)*(panelWidth+2*margin), vg.Length(rows)*(height+2*margin))
	if err != nil {
		return err
	}
	looks := newLooks(panels)
	for i := range panels {
		p := &panels[i]
		corner := vg.Point{
			X: vg.Length(i%columns)*(panelWidth+2*margin) + margin,
			Y: pg.Max.Y - vg.Length(i/columns)*(height+2*margin) - margin,
		}
		frame := vg.Rectangle{
			Min: corner.Sub(vg.Point{Y: panelHeight}),
			Max: corner.Add(vg.Point{X: panelWidth}),
		}
		p.draw(pg, frame, left, looks)
		below := vg.Rectangle{Min: corner.Sub(vg.Point{Y: height}), Max: vg.Point{X: frame.Max.X, Y: frame.Min.Y}}
		drawLegend(pg, below, p.legendRows(panelWidth), looks)
	}
	return pg.save()
}

// check says what of p doesn't fit.
func (p *Panel) check() error {
	if p.Min != nil && !drawable(*p.Min) || p.Max != nil && !drawable(*p.Max) {
		return errors.Errorf("panel %q: Min and Max must be finite", p.Title)
	}
	if p.Min != nil && p.Max != nil && *p.Min >= *p.Max {
		return errors.Errorf("panel %q: Min %g is not below Max %g", p.Title, *p.Min, *p.Max)
	}
	for _, l := range p.Lines {
		if len(l.X) != len(l.Y) {
			return errors.Errorf("panel %q: line %q has %d X and %d Y", p.Title, l.Name, len(l.X), len(l.Y))
		}
		if len(l.Low) != len(l.High) || l.Low != nil && len(l.Low) != len(l.Y) {
			return errors.Errorf("panel %q: line %q has %d Y, %d Low and %d High", p.Title, l.Name, len(l.Y), len(l.Low), len(l.High))
		}
	}
	return nil
}

// drawable tells whether v has a place on an axis. The limit keeps the length
// of an axis finite too.
func drawable(v float64) bool { return math.Abs(v) < 1e300 }
