package charts

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const capWidth = 5 // of an error bar's ends, to either side

// intervals draws what Low and High of a line say: a band, or an error bar a
// marker.
type intervals struct {
	panel *Panel
	line  Line
	look  look
}

// interval returns the ends of the interval around point i of a line, and false
// when there is none. The low end is -Inf where a logarithmic axis can't show it.
func (p *Panel) interval(l Line, i int) (low, high float64, ok bool) {
	if l.Low == nil || !drawable(l.X[i]) || !drawable(l.Y[i]) || !drawable(l.High[i]) {
		return 0, 0, false
	}
	low, high = l.Low[i], l.High[i]
	return low, high, drawable(low) || p.LogY && math.IsInf(low, -1)
}

// Plot implements plot.Plotter.
func (v intervals) Plot(c draw.Canvas, p *plot.Plot) {
	var run []int // points of the band so far
	for i := range v.line.X {
		_, _, ok := v.panel.interval(v.line, i)
		switch {
		case ok && v.line.Marker:
			v.bar(c, p, i)
		case ok:
			run = append(run, i)
		default:
			v.band(c, p, run)
			run = nil
		}
	}
	v.band(c, p, run)
}

// band fills the area between the ends at points that follow one another. One
// point has no area, so it has an error bar.
func (v intervals) band(c draw.Canvas, p *plot.Plot, points []int) {
	if len(points) == 1 {
		v.bar(c, p, points[0])
	}
	if len(points) < 2 {
		return
	}
	x, y := p.Transforms(&c)
	area := make([]vg.Point, 2*len(points)) // along the low ends and back along the high
	for k, i := range points {
		low, high, _ := v.panel.interval(v.line, i)
		if math.IsInf(low, -1) {
			low = p.Y.Min
		}
		at := x(near(v.line.X[i], p.X.Min, p.X.Max))
		area[k] = vg.Point{X: at, Y: y(near(low, p.Y.Min, p.Y.Max))}
		area[len(area)-1-k] = vg.Point{X: at, Y: y(near(high, p.Y.Min, p.Y.Max))}
	}
	shade := v.look.colour
	shade.A = 0x30
	c.FillPolygon(shade, c.ClipPolygonXY(area))
}

// bar draws an error bar, without the part that the marker covers. An end that
// the axis cuts has no cap.
func (v intervals) bar(c draw.Canvas, p *plot.Plot, i int) {
	x, y := p.Transforms(&c)
	low, high, _ := v.panel.interval(v.line, i)
	if v.line.X[i] < p.X.Min || v.line.X[i] > p.X.Max || high < p.Y.Min || low > p.Y.Max {
		return
	}
	style := draw.LineStyle{Color: v.look.colour, Width: lineWidth}
	inside := func(value float64) float64 { return max(p.Y.Min, min(p.Y.Max, value)) }
	at, bottom, top := x(v.line.X[i]), y(inside(low)), y(inside(high))
	if inside(low) == low {
		c.StrokeLine2(style, at-capWidth, bottom, at+capWidth, bottom)
	}
	if inside(high) == high {
		c.StrokeLine2(style, at-capWidth, top, at+capWidth, top)
	}
	if value := v.line.Y[i]; inside(value) != value { // no marker
		c.StrokeLine2(style, at, bottom, at, top)
		return
	}
	middle := y(v.line.Y[i])
	if bottom < middle-markerRadius {
		c.StrokeLine2(style, at, bottom, at, middle-markerRadius)
	}
	if top > middle+markerRadius {
		c.StrokeLine2(style, at, middle+markerRadius, at, top)
	}
}

var _ plot.Plotter = intervals{}
