package charts

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// plot returns p, with values as its axes have them, as gonum draws it.
func (p Panel) plot(looks map[string]look) *plot.Plot {
	out := newPlot(p.X, p.Y)
	x0, x1, y0, y1 := p.ranges()
	if p.SideBySide {
		p.Lines = sideBySide(p.Lines, x0, x1)
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = faint, faint
	out.Add(grid)
	var lines, markers []plot.Plotter
	for _, l := range p.Lines {
		behind, drawn := l.plotters(looks[l.Name], y0, y1)
		if out.Add(behind...); l.Marker {
			markers = append(markers, drawn...)
		} else {
			lines = append(lines, drawn...)
		}
	}
	out.Add(append(lines, markers...)...)
	least := 0.0
	if p.IntegerX {
		least = 1
	}
	out.X.Tick.Marker, out.Y.Tick.Marker = ticker(p.LogX, least, dataWidth), ticker(p.LogY, 0, 0)
	out.X.Min, out.X.Max, out.Y.Min, out.Y.Max = x0, x1, y0, y1 // Add fits them to the data
	return out
}

// ranges returns the ends of the axes, by the lines, Min and Max.
func (p *Panel) ranges() (x0, x1, y0, y1 float64) {
	var xs, ys []float64
	for _, l := range p.Lines {
		for k := range l.X {
			if l.point(k) {
				xs, ys = append(xs, l.X[k]), append(ys, l.Y[k])
			}
			if l.interval(k) {
				ys = append(ys, l.Low[k], l.High[k])
			}
		}
	}
	x0, x1 = span(xs, nil, nil)
	y0, y1 = span(ys, p.Min, p.Max)
	if p.IntegerX && !p.LogX && len(xs) > 0 { // no tick before the first epoch, and room around a single one
		first, last := slices.Min(xs), slices.Max(xs)
		room := max(0.5, 1e-6*math.Abs(first), 1e-6*math.Abs(last)) // seen as a difference in float64
		x0, x1 = first-room, last+room
	}
	return x0, x1, y0, y1
}

// span returns the ends of an axis: a little more than the values, unless low
// and high say, and never nothing.
func span(values []float64, low, high *float64) (from, to float64) {
	values = slices.DeleteFunc(values, func(v float64) bool { return math.IsInf(v, 0) })
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
		moved[k].X = slices.Clone(l.X)
		for i := range l.X {
			if l.Marker && l.point(i) {
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

// onAxes returns the panel with the logarithms of what belongs on its logarithmic axes, so
// that the rest of the package draws it as any other, and NaN for what no axis can show.
// The low end of an interval that is too small for a logarithm, as a mean less a deviation
// may be, is -Inf, beyond any axis.
func (p Panel) onAxes() Panel {
	values := func(of []float64, log bool, small float64) (out []float64) {
		for _, v := range of {
			switch {
			case !drawable(v):
				v = math.NaN()
			case log && v < leastLog:
				v = small
			case log:
				v = math.Log10(v)
			}
			out = append(out, v)
		}
		return out
	}
	end := func(of *float64) *float64 {
		if of == nil {
			return nil
		}
		return &values([]float64{*of}, p.LogY, 0)[0]
	}
	p.Min, p.Max, p.Lines = end(p.Min), end(p.Max), slices.Clone(p.Lines)
	for k := range p.Lines {
		l, nan := &p.Lines[k], math.NaN()
		l.X, l.Y = values(l.X, p.LogX, nan), values(l.Y, p.LogY, nan)
		l.Low, l.High = values(l.Low, p.LogY, math.Inf(-1)), values(l.High, p.LogY, nan)
	}
	return p
}
