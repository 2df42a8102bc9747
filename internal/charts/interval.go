package charts

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const capWidth = 5 // of an error bar's ends, to either side

// intervals draws what Low and High say: a band, or an error bar a marker.
type intervals struct {
	Line
	look look
}

// end returns where an end of the interval at point i is drawn, cut at the edges
// of the axis, and false when there is none.
func (l Line) end(ends []float64, i int, from, to float64) (float64, bool) {
	if ends == nil || math.IsNaN(ends[i]) || !drawable(l.X[i]) || !drawable(l.Y[i]) {
		return 0, false
	}
	return min(to, max(from, ends[i])), true
}

// Plot implements plot.Plotter.
func (v intervals) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var low, high []vg.Point // of the band so far
	band := func() {
		if len(low) > 1 {
			shade := v.look.colour
			shade.A = 0x30
			var path vg.Path
			path.Move(low[0])
			for _, pt := range low[1:] {
				path.Line(pt)
			}
			for k := len(high) - 1; k >= 0; k-- {
				path.Line(high[k])
			}
			path.Close()
			c.SetColor(shade)
			c.Fill(path)
		}
		low, high = nil, nil
	}
	for i := range v.X {
		from, ok := v.end(v.Low, i, p.Y.Min, p.Y.Max)
		to, also := v.end(v.High, i, p.Y.Min, p.Y.Max)
		if !ok || !also || v.X[i] < p.X.Min || v.X[i] > p.X.Max {
			band()
			continue
		}
		at, bottom, top := x(v.X[i]), y(from), y(to)
		if v.Marker {
			style := draw.LineStyle{Color: v.look.colour, Width: lineWidth}
			c.StrokeLine2(style, at, bottom, at, top)
			c.StrokeLine2(style, at-capWidth, bottom, at+capWidth, bottom)
			c.StrokeLine2(style, at-capWidth, top, at+capWidth, top)
			continue
		}
		low, high = append(low, vg.Point{X: at, Y: bottom}), append(high, vg.Point{X: at, Y: top})
	}
	band()
}

var _ plot.Plotter = intervals{}
