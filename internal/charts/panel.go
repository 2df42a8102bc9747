package charts

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Lengths of a panel in points.
const (
	panelWidth  = 480
	panelHeight = 330 // without the legend
	margin      = 12
	titleHeight = 28
	lineHeight  = 18 // of a line of text
	tickLength  = 5
	textGap     = 4
)

// plotArea is a panel laid out on a page: its axes and where its lines go.
type plotArea struct {
	draw.Canvas             // of the lines
	clip        draw.Canvas // a hair larger: a value at an end of an axis is inside
	x, y        axis
	lines       []Line
}

// axes fits the axes of p to its lines.
func (p *Panel) axes() (x, y axis) {
	xs, ys := noSpan, noSpan
	for _, l := range p.Lines {
		for i := range l.X {
			if !drawable(l.X[i]) {
				continue
			}
			xs.add(l.X[i])
			ys.add(l.Y[i])
			if l.Low != nil {
				ys.add(l.Low[i])
				ys.add(l.High[i])
			}
		}
	}
	if p.IntegerX {
		return stepAxis(xs), valueAxis(ys, p.Min, p.Max)
	}
	return valueAxis(xs, nil, nil), valueAxis(ys, p.Min, p.Max)
}

// labelWidth is the room that the labels left of the y axis need.
func labelWidth(y axis) vg.Length {
	s := style(tickSize, draw.XRight, draw.YCenter)
	var width vg.Length
	for _, t := range y.ticks {
		width = max(width, s.Width(t.label))
	}
	return width + tickLength + 2*textGap
}

// draw draws p in frame, with left points for the labels of the y axis.
func (p *Panel) draw(pg *page, frame vg.Rectangle, left vg.Length, looks map[string]look) {
	a := plotArea{Canvas: pg.Canvas, lines: p.Lines}
	a.x, a.y = p.axes()
	a.Rectangle = vg.Rectangle{
		Min: vg.Point{X: frame.Min.X + lineHeight + left, Y: frame.Min.Y + 2*lineHeight + tickLength},
		Max: vg.Point{X: frame.Max.X, Y: frame.Max.Y - titleHeight},
	}
	a.clip = draw.Crop(a.Canvas, -0.1, 0.1, -0.1, 0.1)
	centre := a.Center()
	width, height := a.Size().X, a.Size().Y
	pg.text(p.Title, bold(style(titleSize, draw.XCenter, draw.YCenter)), centre.X, frame.Max.Y-titleHeight/2, width)
	pg.text(p.X, style(labelSize, draw.XCenter, draw.YCenter), centre.X, frame.Min.Y+lineHeight/2, width)
	pg.text(p.Y, upwards(style(labelSize, draw.XCenter, draw.YCenter)), frame.Min.X+lineHeight/2, centre.Y, height)
	a.drawAxes(pg)
	a.drawLines(looks)
}

// drawAxes draws a grid, the two axes, and their ticks with labels.
func (a *plotArea) drawAxes(pg *page) {
	line := func(x0, y0, x1, y1 vg.Length, c color.Color) {
		pg.StrokeLine2(draw.LineStyle{Color: c, Width: 0.75}, x0, y0, x1, y1)
	}
	labels := style(tickSize, draw.XCenter, draw.YCenter)
	for _, t := range a.x.ticks {
		x := a.X(a.x.position(t.value))
		line(x, a.Min.Y, x, a.Max.Y, faint)
		line(x, a.Min.Y, x, a.Min.Y-tickLength, ink)
		pg.text(t.label, labels, x, a.Min.Y-tickLength-lineHeight/2, panelWidth)
	}
	labels.XAlign = draw.XRight
	for _, t := range a.y.ticks {
		y := a.Y(a.y.position(t.value))
		line(a.Min.X, y, a.Max.X, y, faint)
		line(a.Min.X, y, a.Min.X-tickLength, y, ink)
		pg.text(t.label, labels, a.Min.X-tickLength-textGap, y, panelWidth)
	}
	line(a.Min.X, a.Min.Y, a.Max.X, a.Min.Y, ink)
	line(a.Min.X, a.Min.Y, a.Min.X, a.Max.Y, ink)
}
