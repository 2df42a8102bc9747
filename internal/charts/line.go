package charts

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	lineWidth    = 1.75
	bandWidth    = 6 // of a lone step
	markerRadius = 5
)

// look is how a line is told from others.
type look struct {
	colour  color.NRGBA
	dashes  []vg.Length
	corners int // of a marker; 0 is a ring
}

// newLooks gives each name of a line a look, the same in all panels.
func newLooks(panels []Panel) map[string]look {
	looks := make(map[string]look)
	for _, p := range panels {
		for _, l := range p.Lines {
			if _, ok := looks[l.Name]; ok {
				continue
			}
			n := len(looks)
			looks[l.Name] = look{palette[n%len(palette)], dashes[n%len(dashes)], []int{0, 4, 3}[n%3]}
		}
	}
	return looks
}

func (k look) stroke() draw.LineStyle {
	return draw.LineStyle{Color: k.colour, Width: lineWidth, Dashes: k.dashes}
}

// drawLines draws bands at the back and markers in front.
func (a *plotArea) drawLines(looks map[string]look) {
	for _, l := range a.lines {
		pale := looks[l.Name].colour
		pale.A = 0x30
		if l.Low != nil {
			for _, run := range runs(l.X, l.Low, l.High) {
				a.drawBand(l, run, pale)
			}
		}
	}
	for _, l := range a.lines {
		if l.Marker {
			continue
		}
		for _, run := range runs(l.X, l.Y) {
			a.drawRun(a.points(l.X, l.Y, run), looks[l.Name])
		}
	}
	for _, l := range a.lines {
		if !l.Marker {
			continue
		}
		for _, run := range runs(l.X, l.Y) {
			for _, pt := range a.points(l.X, l.Y, run) {
				if a.clip.Contains(pt) {
					drawMarker(a.Canvas, pt, looks[l.Name])
				}
			}
		}
	}
}

// runs returns the stretches, from and up to an index, in which all values can
// be drawn.
func runs(values ...[]float64) (found [][2]int) {
	open := false
	for i := range values[0] {
		ok := true
		for _, v := range values {
			ok = ok && drawable(v[i])
		}
		if ok && !open {
			found = append(found, [2]int{i, i})
		}
		if ok {
			found[len(found)-1][1] = i + 1
		}
		open = ok
	}
	return found
}

// points returns the places of a run of values on the page.
func (a *plotArea) points(x, y []float64, run [2]int) []vg.Point {
	pts := make([]vg.Point, 0, run[1]-run[0])
	for i := run[0]; i < run[1]; i++ {
		pts = append(pts, vg.Point{X: a.X(a.x.position(x[i])), Y: a.Y(a.y.position(y[i]))})
	}
	return pts
}

func (a *plotArea) drawBand(l Line, run [2]int, c color.Color) {
	outline := a.points(l.X, l.High, run)
	low := a.points(l.X, l.Low, run)
	for i := range low {
		outline = append(outline, low[len(low)-1-i])
	}
	if len(low) == 1 {
		outline[0].X -= bandWidth / 2
		outline[1].X -= bandWidth / 2
		outline = append(outline, outline[1].Add(vg.Point{X: bandWidth}), outline[0].Add(vg.Point{X: bandWidth}))
	}
	a.FillPolygon(c, a.clip.ClipPolygonXY(outline))
}

// hasLonePoint tells whether drawRun draws a marker.
func (l Line) hasLonePoint() bool {
	return slices.ContainsFunc(runs(l.X, l.Y), func(run [2]int) bool { return run[1]-run[0] == 1 })
}

// drawRun draws a line, or a marker where there is no other point to draw it to.
func (a *plotArea) drawRun(pts []vg.Point, k look) {
	if len(pts) > 1 {
		a.StrokeLines(k.stroke(), a.clip.ClipLinesXY(pts)...)
	} else if a.clip.Contains(pts[0]) {
		drawMarker(a.Canvas, pts[0], k)
	}
}

// drawMarker draws the outline of a shape, so that a line beneath stays seen.
func drawMarker(c draw.Canvas, at vg.Point, k look) {
	c.SetLineStyle(draw.LineStyle{Color: k.colour, Width: lineWidth})
	var shape vg.Path
	if k.corners == 0 {
		shape.Move(at.Add(vg.Point{X: markerRadius}))
		shape.Arc(at, markerRadius, 0, 2*math.Pi)
	}
	for i := range k.corners {
		sin, cos := math.Sincos(math.Pi/2 + 2*math.Pi*float64(i)/float64(k.corners))
		corner := at.Add(vg.Point{X: vg.Length(cos) * (markerRadius + 1), Y: vg.Length(sin) * (markerRadius + 1)})
		if i == 0 {
			shape.Move(corner)
		} else {
			shape.Line(corner)
		}
	}
	shape.Close()
	c.Stroke(shape)
}
