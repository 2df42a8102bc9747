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
var palette = []color.NRGBA{ // blue, vermilion, bluish green, reddish purple, orange, sky blue, black
	{0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff},
	{0xe6, 0x9f, 0x00, 0xff}, {0x56, 0xb4, 0xe9, 0xff}, {0x00, 0x00, 0x00, 0xff},
}

// dashes distinguish lines without any colour.
var dashes = [][]vg.Length{nil, {7, 3}, {2, 2}, {9, 3, 2, 3}, {14, 3}}

// look is what distinguishes a line, or its markers, from others.
type look struct {
	line   draw.LineStyle
	marker draw.GlyphStyle
}

// newLooks gives each name of a line a look, the same in all panels.
func newLooks(panels []Panel) map[string]look {
	looks := make(map[string]look)
	shapes := []draw.GlyphDrawer{outline(24), outline(4), outline(3)}
	for _, p := range panels {
		for _, l := range p.Lines {
			if _, ok := looks[l.Name]; !ok {
				n := len(looks)
				colour := palette[n%len(palette)]
				looks[l.Name] = look{
					draw.LineStyle{Color: colour, Width: lineWidth, Dashes: dashes[n%len(dashes)]},
					draw.GlyphStyle{Color: colour, Radius: markerRadius, Shape: shapes[n%len(shapes)]},
				}
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

// isolated reports whether a run is drawn as markers: a point that has no neighbour to draw a line to is one.
func (l Line) isolated(run []int) bool { return l.Marker || len(run) == 1 }

// plotters returns what draws the line, and what draws its intervals behind it: a band, or
// an error bar for each marker. gonum cuts both at the ends of an axis.
func (l Line) plotters(k look, y0, y1 float64) (behind, drawn []plot.Plotter) {
	// What is far beyond the ends of the axis is brought nearer: nobody sees that, and
	// with huge coordinates gonum's clipping is wrong.
	far := 1e5 * (y1 - y0)
	near := func(i int, y float64) plotter.XY { return plotter.XY{X: l.X[i], Y: max(y0-far, min(y1+far, y))} }
	for _, run := range l.runs(l.interval) {
		bars := &plotter.YErrorBars{LineStyle: draw.LineStyle{Color: k.line.Color, Width: lineWidth}, CapWidth: capWidth}
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
		shade := k.line.Color.(color.NRGBA)
		shade.A = 0x30
		behind = append(behind, &plotter.Polygon{XYs: []plotter.XYs{append(lows, highs...)}, Color: shade})
	}
	for _, run := range l.runs(l.point) {
		var points plotter.XYs
		for _, i := range run {
			points = append(points, near(i, l.Y[i]))
		}
		if l.isolated(run) {
			drawn = append(drawn, &plotter.Scatter{XYs: points, GlyphStyle: k.marker})
		} else {
			drawn = append(drawn, &plotter.Line{XYs: points, LineStyle: k.line})
		}
	}
	return behind, drawn
}

// thumbnails draw the line in a legend.
func (l Line) thumbnails(k look) (drawn []plot.Thumbnailer) {
	if !l.Marker {
		drawn = append(drawn, &plotter.Line{LineStyle: k.line})
	}
	if l.Marker || slices.ContainsFunc(l.runs(l.point), l.isolated) {
		drawn = append(drawn, &plotter.Scatter{GlyphStyle: k.marker})
	}
	return drawn
}
