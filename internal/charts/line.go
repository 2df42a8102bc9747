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

// plotters draws the line, cut where it is not drawable. A point that has no
// neighbour to draw a line to is a marker. Only what is inside the axes may reach
// the painter: it would follow a line to wherever it goes.
func (l Line) plotters(k look, x0, x1, y0, y1 float64) (drawn []plot.Plotter) {
	for _, run := range l.runs() {
		if !l.Marker && len(run) > 1 {
			for i, pt := range run {
				run[i] = plotter.XY{X: near(pt.X, x0, x1), Y: near(pt.Y, y0, y1)}
			}
			drawn = append(drawn, &plotter.Line{XYs: run, LineStyle: k.stroke()})
			continue
		}
		var inside plotter.XYs
		for _, pt := range run {
			if pt.X >= x0 && pt.X <= x1 && pt.Y >= y0 && pt.Y <= y1 {
				inside = append(inside, pt)
			}
		}
		if len(inside) > 0 {
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

// runs returns the stretches of the line in which everything can be drawn.
func (l Line) runs() (runs []plotter.XYs) {
	open := false
	for i := range l.X {
		ok := drawable(l.X[i]) && drawable(l.Y[i])
		if ok && !open {
			runs = append(runs, nil)
		}
		if ok {
			runs[len(runs)-1] = append(runs[len(runs)-1], plotter.XY{X: l.X[i], Y: l.Y[i]})
		}
		open = ok
	}
	return runs
}
