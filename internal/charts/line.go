package charts

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	lineWidth    = 1.75
	markerRadius = 5
	capWidth     = 5 // of an error bar's ends, to either side
)

// look is what distinguishes a line from others.
type look struct {
	colour color.NRGBA
	dashes []vg.Length
	shape  draw.GlyphDrawer // of a marker
}

// newLooks gives each name of a line a look, the same in all panels.
func newLooks(panels []Panel) map[string]look {
	looks := make(map[string]look)
	shapes := []draw.GlyphDrawer{outline(24), outline(4), outline(3)}
	for _, p := range panels {
		for _, l := range p.Lines {
			if _, ok := looks[l.Name]; !ok {
				n := len(looks)
				looks[l.Name] = look{palette[n%len(palette)], dashes[n%len(dashes)], shapes[n%len(shapes)]}
			}
		}
	}
	return looks
}

// outline is a regular polygon of that many corners, hollow, so that a marker
// beneath stays seen. gonum's own outlines are too thin for that.
type outline int

func (n outline) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	c.SetLineStyle(draw.LineStyle{Color: style.Color, Width: lineWidth})
	var shape vg.Path
	for i := range int(n) {
		sin, cos := math.Sincos(math.Pi/2 + 2*math.Pi*float64(i)/float64(n))
		corner := at.Add(vg.Point{X: vg.Length(cos) * style.Radius, Y: vg.Length(sin) * style.Radius})
		if i == 0 {
			shape.Move(corner)
		} else {
			shape.Line(corner)
		}
	}
	shape.Close()
	c.Stroke(shape)
}

func (k look) stroke() draw.LineStyle {
	return draw.LineStyle{Color: k.colour, Width: lineWidth, Dashes: k.dashes}
}

func (k look) glyph() draw.GlyphStyle {
	return draw.GlyphStyle{Color: k.colour, Radius: markerRadius, Shape: k.shape}
}

// stretches returns the runs of points, of n, that follow one another and are all ok.
func stretches(n int, ok func(i int) bool) (runs [][]int) {
	for i := range n {
		if !ok(i) {
			continue
		}
		if i == 0 || !ok(i-1) {
			runs = append(runs, nil)
		}
		runs[len(runs)-1] = append(runs[len(runs)-1], i)
	}
	return runs
}

// point reports whether point i can be drawn.
func (l Line) point(i int) bool { return drawable(l.X[i]) && drawable(l.Y[i]) }

// runs returns the stretches of the line in which everything can be drawn.
func (l Line) runs() [][]int { return stretches(len(l.X), l.point) }

// isolated reports whether a run is drawn as markers: a point that has no neighbour to
// draw a line to is one.
func (l Line) isolated(run []int) bool { return l.Marker || len(run) == 1 }

// plotters draws the line, cut where it is not drawable. Only what is inside the axes may
// reach the painter: it would follow a line to wherever it goes.
func (l Line) plotters(k look, x0, x1, y0, y1 float64) (drawn []plot.Plotter) {
	for _, run := range l.runs() {
		var line, inside plotter.XYs
		for _, i := range run {
			x, y := l.X[i], l.Y[i]
			line = append(line, plotter.XY{X: near(x, x0, x1), Y: near(y, y0, y1)})
			if x >= x0 && x <= x1 && y >= y0 && y <= y1 {
				inside = append(inside, plotter.XY{X: x, Y: y})
			}
		}
		if !l.isolated(run) {
			drawn = append(drawn, &plotter.Line{XYs: line, LineStyle: k.stroke()})
		} else if len(inside) > 0 {
			drawn = append(drawn, &plotter.Scatter{XYs: inside, GlyphStyle: k.glyph()})
		}
	}
	return drawn
}

// near brings v, when it is far beyond the ends of an axis, nearer: nobody sees
// that, and with huge coordinates gonum's clipping is wrong.
func near(v, from, to float64) float64 {
	far := 1e5 * (to - from)
	return max(from-far, min(to+far, v))
}

// interval reports whether there is an interval around point i. Its low end is -Inf where
// a logarithmic axis can't show it, as Panel.logarithms leaves it.
func (l Line) interval(i int, logY bool) bool {
	return l.Low != nil && l.point(i) && drawable(l.High[i]) && (drawable(l.Low[i]) || logY && math.IsInf(l.Low[i], -1))
}

// intervals draws what Low and High of a line say: a band, or an error bar a marker. One
// point has no area, so it has an error bar.
type intervals struct {
	Line
	look
	logY bool
}

// Plot implements plot.Plotter.
func (v intervals) Plot(c draw.Canvas, p *plot.Plot) {
	for _, run := range stretches(len(v.X), func(i int) bool { return v.interval(i, v.logY) }) {
		if !v.isolated(run) {
			v.band(c, p, run)
			continue
		}
		for _, i := range run {
			v.bar(c, p, i)
		}
	}
}

// band fills the area between the ends at points that follow one another.
func (v intervals) band(c draw.Canvas, p *plot.Plot, points []int) {
	x, y := p.Transforms(&c)
	area := make([]vg.Point, 2*len(points)) // along the low ends and back along the high
	for k, i := range points {
		at, low := x(near(v.X[i], p.X.Min, p.X.Max)), v.Low[i]
		if math.IsInf(low, -1) {
			low = p.Y.Min
		}
		area[k] = vg.Point{X: at, Y: y(near(low, p.Y.Min, p.Y.Max))}
		area[len(area)-1-k] = vg.Point{X: at, Y: y(near(v.High[i], p.Y.Min, p.Y.Max))}
	}
	shade := v.colour
	shade.A = 0x30
	c.FillPolygon(shade, c.ClipPolygonXY(area))
}

// bar draws an error bar, without the part that the marker covers. An end that
// the axis cuts has no cap.
func (v intervals) bar(c draw.Canvas, p *plot.Plot, i int) {
	x, y := p.Transforms(&c)
	low, value, high := v.Low[i], v.Y[i], v.High[i]
	if v.X[i] < p.X.Min || v.X[i] > p.X.Max || high < p.Y.Min || low > p.Y.Max {
		return
	}
	style := draw.LineStyle{Color: v.colour, Width: lineWidth}
	inside := func(value float64) float64 { return max(p.Y.Min, min(p.Y.Max, value)) }
	at, bottom, top := x(v.X[i]), y(inside(low)), y(inside(high))
	if inside(low) == low {
		c.StrokeLine2(style, at-capWidth, bottom, at+capWidth, bottom)
	}
	if inside(high) == high {
		c.StrokeLine2(style, at-capWidth, top, at+capWidth, top)
	}
	below, above := y(value)-markerRadius, y(value)+markerRadius
	if inside(value) != value { // no marker
		below, above = top, top
	}
	if bottom < below {
		c.StrokeLine2(style, at, bottom, at, below)
	}
	if top > above {
		c.StrokeLine2(style, at, above, at, top)
	}
}
