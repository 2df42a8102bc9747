package charts

import (
	"cmp"
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
	prepare(&out.X, p.X, ticker(p.LogX, 0, dataWidth))
	prepare(&out.Y, p.Y, ticker(p.LogY, 0, 0))
	p.setRanges(out)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = faint, faint
	out.Add(grid)
	x0, x1, y0, y1 := out.X.Min, out.X.Max, out.Y.Min, out.Y.Max
	lines := p.Lines
	if p.SideBySide {
		lines = sideBySide(lines, x0, x1)
	}
	var front []plot.Plotter // markers
	for _, l := range lines {
		out.Add(intervals{l, looks[l.Name], p.LogY})
	}
	for _, l := range lines {
		drawn := l.plotters(looks[l.Name], x0, x1, y0, y1)
		if l.Marker {
			front = append(front, drawn...)
		} else {
			out.Add(drawn...)
		}
	}
	out.Add(front...)
	out.X.Min, out.X.Max, out.Y.Min, out.Y.Max = x0, x1, y0, y1 // Add fits them to the data
	return out
}

// prepare gives an axis our looks, label and ticks.
func prepare(a *plot.Axis, label string, ticks plot.Ticker) {
	a.Label.TextStyle = style(labelSize, draw.XCenter, draw.YBottom)
	a.Label.Text = fit(label, a.Label.TextStyle, panelHeight-2*titleHeight)
	a.Label.Padding, a.Padding = textGap, 0
	a.Tick.Label.Font, a.Tick.Label.Handler, a.Tick.Label.Color = style(tickSize, 0, 0).Font, sans, ink
	a.Tick.Length, a.Tick.Marker = tickLength, ticks
	a.LineStyle.Color, a.Tick.LineStyle.Color = ink, ink
}

// setRanges fits the axes to the lines, Min and Max.
func (p *Panel) setRanges(out *plot.Plot) {
	var xs, ys []float64
	for _, l := range p.Lines {
		for k := range l.X {
			if !l.point(k) {
				continue
			}
			xs, ys = append(xs, l.X[k]), append(ys, l.Y[k])
			if l.interval(k, p.LogY) {
				ys = append(ys, l.High[k])
				if drawable(l.Low[k]) { // not -Inf
					ys = append(ys, l.Low[k])
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
	margin := (to - from) * 0.04
	if margin <= 1e-6*max(math.Abs(from), math.Abs(to)) {
		margin = max(0.1*math.Abs(to), 1e-9)
	}
	from, to = from-margin, to+margin
	if low != nil {
		from = *low
	}
	if high != nil {
		to = *high
	}
	if least := max(0.1*math.Abs(from), 0.1*math.Abs(to), 1e-9); !apart(from, to) && low == nil {
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

// sideBySide returns the lines with their markers moved along an axis from x0 to x1,
// so that none covers another. They keep their order, and those that have room stay
// where they are.
func sideBySide(lines []Line, x0, x1 float64) []Line {
	moved := slices.Clone(lines)
	var xs []*float64
	for k, l := range moved {
		if !l.Marker {
			continue
		}
		moved[k].X = slices.Clone(l.X)
		for i := range l.X {
			if l.point(i) {
				xs = append(xs, &moved[k].X[i])
			}
		}
	}
	slices.SortStableFunc(xs, func(a, b *float64) int { return cmp.Compare(*a, *b) })
	places := make([]vg.Length, len(xs))
	for k, x := range xs {
		places[k] = vg.Length((*x-x0)/(x1-x0)) * dataWidth
	}
	const gap = 2*markerRadius + lineWidth
	for k, place := range spread(places, gap, markerRadius, dataWidth-markerRadius) {
		if place != places[k] { // else it keeps its bits
			*xs[k] = x0 + float64(place/dataWidth)*(x1-x0)
		}
	}
	return moved
}

// spread moves sorted places between low and high to at least gap from each other,
// or as far as there is room for so many, by the least sum of squares: each run of
// places that are too near is centred where it was. Less gap times their numbers, the
// places are those of an isotonic regression, by its formula of largest and least means.
func spread(places []vg.Length, gap, low, high vg.Length) (out []vg.Length) {
	last := vg.Length(len(places) - 1)
	gap = min(gap, (high-low)/max(1, last))
	for k := range places {
		at := low
		for i := range k + 1 {
			sum, least := vg.Length(0), high-last*gap
			for j, place := range places[i:] {
				if sum += place - vg.Length(i+j)*gap; i+j >= k {
					least = min(least, sum/vg.Length(j+1))
				}
			}
			at = max(at, least)
		}
		out = append(out, at+vg.Length(k)*gap)
	}
	return out
}

// logarithms returns the panel with the logarithms of what belongs on its
// logarithmic axes, so that the rest of the package draws it as any other. What
// is too small, or not drawable without a logarithm, leaves a gap. The low end of an
// interval that is too small, as a mean less a deviation may be, is -Inf, beyond any axis.
func (p Panel) logarithms() Panel {
	p.Lines = slices.Clone(p.Lines)
	for k := range p.Lines {
		l := &p.Lines[k]
		if p.LogX {
			l.X = logs(l.X, math.NaN())
		}
		if p.LogY {
			l.Y, l.Low, l.High = logs(l.Y, math.NaN()), logs(l.Low, math.Inf(-1)), logs(l.High, math.NaN())
		}
	}
	for _, end := range []**float64{&p.Min, &p.Max} {
		if p.LogY && *end != nil {
			v := math.Log10(**end)
			*end = &v
		}
	}
	return p
}

// logs returns logarithms, and small for what is too small for an axis.
func logs(values []float64, small float64) (out []float64) {
	for _, v := range values {
		switch {
		case !drawable(v):
			out = append(out, math.NaN())
		case v < leastLog:
			out = append(out, small)
		default:
			out = append(out, math.Log10(v))
		}
	}
	return out
}
