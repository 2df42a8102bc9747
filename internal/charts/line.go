package charts

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	lineWidth    = 1.75
	markerRadius = 5
	capWidth     = 10 // of an error bar's ends
)

// palette is that of Okabe and Ito ("Color Universal Design", 2008), which
// people of any colour vision tell apart, without its yellow, too pale for a
// line on white.
var palette = []color.NRGBA{
	{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}, // blue
	{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff}, // vermilion
	{R: 0x00, G: 0x9e, B: 0x73, A: 0xff}, // bluish green
	{R: 0xcc, G: 0x79, B: 0xa7, A: 0xff}, // reddish purple
	{R: 0xe6, G: 0x9f, B: 0x00, A: 0xff}, // orange
	{R: 0x56, G: 0xb4, B: 0xe9, A: 0xff}, // sky blue
	{R: 0x00, G: 0x00, B: 0x00, A: 0xff}, // black
}

// dashes distinguish lines without any colour.
var dashes = [][]vg.Length{nil, {7, 3}, {2, 2}, {9, 3, 2, 3}, {14, 3}}

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
	var corners []vg.Point
	for i := range int(n) + 2 { // the last side joins the first
		sin, cos := math.Sincos(math.Pi/2 + 2*math.Pi*float64(i)/float64(n))
		corners = append(corners, at.Add(vg.Point{X: vg.Length(cos), Y: vg.Length(sin)}.Scale(style.Radius)))
	}
	c.StrokeLines(draw.LineStyle{Color: style.Color, Width: lineWidth}, corners)
}

func (k look) stroke() draw.LineStyle {
	return draw.LineStyle{Color: k.colour, Width: lineWidth, Dashes: k.dashes}
}

func (k look) glyph() draw.GlyphStyle {
	return draw.GlyphStyle{Color: k.colour, Radius: markerRadius, Shape: k.shape}
}

// runs returns the stretches of points that follow one another and are all ok.
func (l Line) runs(ok func(i int) bool) (runs [][]int) {
	for i := range l.X {
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

// point reports whether point i can be drawn, interval whether something around it can.
func (l Line) point(i int) bool { return !math.IsNaN(l.X[i] + l.Y[i]) }

func (l Line) interval(i int) bool {
	return l.Low != nil && l.point(i) && !math.IsNaN(l.Low[i]+l.High[i])
}

// isolated reports whether a run is drawn as markers: a point that has no neighbour to
// draw a line to is one.
func (l Line) isolated(run []int) bool { return l.Marker || len(run) == 1 }

// plotters returns what draws the line, and what draws its intervals behind it: a band, or
// an error bar for each marker. gonum cuts both at the ends of an axis.
func (l Line) plotters(k look, y0, y1 float64) (behind, drawn []plot.Plotter) {
	// What is far beyond the ends of the axis is brought nearer: nobody sees that, and
	// with huge coordinates gonum's clipping is wrong.
	far := 1e5 * (y1 - y0)
	near := func(i int, y float64) plotter.XY { return plotter.XY{X: l.X[i], Y: max(y0-far, min(y1+far, y))} }
	for _, run := range l.runs(l.interval) {
		bars := &plotter.YErrorBars{LineStyle: draw.LineStyle{Color: k.colour, Width: lineWidth}, CapWidth: capWidth}
		var lows, highs plotter.XYs
		for _, i := range run {
			low, at, high := near(i, l.Low[i]), near(i, l.Y[i]), near(i, l.High[i])
			bars.XYs, bars.YErrors = append(bars.XYs, at), append(bars.YErrors, struct{ Low, High float64 }{at.Y - low.Y, high.Y - at.Y})
			if math.IsInf(l.Low[i], -1) { // a band ends at the axis there, with no cliff before
				low.Y = y0
			}
			lows, highs = append(lows, low), append(highs, high)
		}
		if l.isolated(run) {
			behind = append(behind, bars)
			if l.Marker { // which stays hollow; single points of lines may be on one another's bars
				hole := draw.GlyphStyle{Color: color.White, Radius: markerRadius, Shape: draw.CircleGlyph{}}
				behind = append(behind, &plotter.Scatter{XYs: bars.XYs, GlyphStyle: hole})
			}
			continue
		}
		slices.Reverse(highs)
		shade := k.colour
		shade.A = 0x30
		behind = append(behind, &plotter.Polygon{XYs: []plotter.XYs{append(lows, highs...)}, Color: shade})
	}
	for _, run := range l.runs(l.point) {
		var points plotter.XYs
		for _, i := range run {
			points = append(points, near(i, l.Y[i]))
		}
		if l.isolated(run) {
			drawn = append(drawn, &plotter.Scatter{XYs: points, GlyphStyle: k.glyph()})
		} else {
			drawn = append(drawn, &plotter.Line{XYs: points, LineStyle: k.stroke()})
		}
	}
	return behind, drawn
}

// thumbnails draw the line in a legend.
func (l Line) thumbnails(k look) (drawn []plot.Thumbnailer) {
	if !l.Marker {
		drawn = append(drawn, &plotter.Line{LineStyle: k.stroke()})
	}
	if l.Marker || slices.ContainsFunc(l.runs(l.point), l.isolated) {
		drawn = append(drawn, &plotter.Scatter{GlyphStyle: k.glyph()})
	}
	return drawn
}
