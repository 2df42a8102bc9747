package charts

import (
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// plot returns p as gonum draws it, without its title.
func (p *Panel) plot(looks map[string]look) *plot.Plot {
	out := plot.New()
	out.TextHandler = sans
	for _, a := range []struct {
		axis   *plot.Axis
		label  string
		log    bool
		length vg.Length
	}{{&out.X, p.X, p.LogX, dataWidth}, {&out.Y, p.Y, p.LogY, 0}} {
		a.axis.Label.TextStyle = style(labelSize, draw.XCenter, draw.YBottom)
		a.axis.Label.Text = fit(a.label, a.axis.Label.TextStyle, panelHeight-2*titleHeight)
		a.axis.Label.Padding = textGap
		a.axis.Tick.Label.Font, a.axis.Tick.Label.Handler, a.axis.Tick.Label.Color = style(tickSize, 0, 0).Font, sans, ink
		a.axis.Tick.Length = tickLength
		a.axis.Tick.Marker = ticker(a.log, 0, a.length)
		a.axis.Padding = 0
		a.axis.LineStyle.Color, a.axis.Tick.LineStyle.Color = ink, ink
	}
	p.setRanges(out)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = faint, faint
	out.Add(grid)
	x0, x1, y0, y1 := out.X.Min, out.X.Max, out.Y.Min, out.Y.Max
	lines := p.Lines
	if p.SideBySide {
		lines = sideBySide(lines, x0, x1)
	}
	for _, l := range lines {
		if l.Low != nil {
			out.Add(intervals{p, l, looks[l.Name]})
		}
	}
	for _, markers := range []bool{false, true} { // markers in front
		for _, l := range lines {
			if l.Marker == markers {
				out.Add(l.plotters(looks[l.Name], x0, x1, y0, y1)...)
			}
		}
	}
	out.X.Min, out.X.Max, out.Y.Min, out.Y.Max = x0, x1, y0, y1 // Add fits them to the data
	return out
}

// setRanges fits the axes to the lines, Min and Max.
func (p *Panel) setRanges(out *plot.Plot) {
	var xs, ys []float64
	for _, l := range p.Lines {
		for k := range l.X {
			if drawable(l.X[k]) && drawable(l.Y[k]) {
				xs, ys = append(xs, l.X[k]), append(ys, l.Y[k])
				if low, high, ok := p.interval(l, k); ok {
					ys = append(ys, high)
					if drawable(low) {
						ys = append(ys, low)
					}
				}
			}
		}
	}
	out.Y.Min, out.Y.Max = span(ys, p.Min, p.Max)
	out.X.Min, out.X.Max = span(xs, nil, nil)
	if p.IntegerX && !p.LogX {
		out.X.Tick.Marker = ticker(false, 1, dataWidth)
		if len(xs) > 0 { // no tick before the first epoch, and room around a single one
			first, last := slices.Min(xs), slices.Max(xs)
			room := max(0.5, 1e-6*math.Abs(first), 1e-6*math.Abs(last)) // seen as a difference in float64
			out.X.Min, out.X.Max = first-room, last+room
		}
	}
}

// span returns the ends of an axis: a little more than the values, unless low
// and high say, and never nothing.
func span(values []float64, low, high *float64) (from, to float64) {
	if len(values) == 0 {
		values = []float64{0, 1}
	}
	from, to = slices.Min(values), slices.Max(values)
	least := max(math.Abs(from), math.Abs(to)) * 1e-6
	margin := (to - from) * 0.04
	if margin <= least {
		margin = max(0.1*math.Abs(to), 1e-9)
	}
	from, to = from-margin, to+margin
	if low != nil {
		from = *low
	}
	if high != nil {
		to = *high
	}
	if least = max(0.1*math.Abs(from), 0.1*math.Abs(to), 1e-9); !apart(from, to) && low == nil {
		from = to - least
	} else if !apart(from, to) {
		to = from + least
	}
	return from, to
}

// apart reports whether an axis from a to b has room for ticks: float64 tells
// their places apart, and the distance between two is not 0.
func apart(a, b float64) bool {
	return b-a > max(1e-9*math.Abs(a), 1e-9*math.Abs(b), 1e-100)
}
