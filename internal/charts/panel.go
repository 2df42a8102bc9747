package charts

import (
	"cmp"
	"math"
	"slices"

	"github.com/pkg/errors"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Line is one line of a panel.
type Line struct {
	Name   string    // for the legend
	X, Y   []float64 // a NaN in Y leaves a gap
	Marker bool      // points instead of a line, e.g. one test score

	// Low and High are the ends of an interval around each Y, drawn as a band
	// behind all lines and as error bars of markers: as long as X, or nil for none.
	// They count for the y range. A NaN or an infinite value in them, or in Y,
	// leaves the interval of a point out. An end beyond the axis is cut there, and
	// so is a Low that a logarithmic axis can't show; an error bar has no cap then.
	Low, High []float64
}

// Panel is one coordinate system.
type Panel struct {
	Title, X, Y string   // labels
	Min, Max    *float64 // of the y axis; nil fits the data
	LogX, LogY  bool     // logarithmic axes; what is below 1e-30 leaves a gap. A linear x is of whole numbers, such as epochs
	SideBySide  bool     // markers that would hide each other are moved along x, in their order
	Lines       []Line
}

// Panels are drawn side by side, two in a row. A panel of more than one line has a legend
// below. They cannot be drawn when there is none, when X and Y of a line, or Low and High,
// have different lengths, or when Min is not clearly below Max or, on a logarithmic axis,
// too small.
type Panels []Panel

func (all Panels) check() error {
	if len(all) == 0 {
		return errors.New("no panels to draw")
	}
	for _, p := range all {
		end := func(v *float64) bool { return v == nil || drawable(*v) && !(p.LogY && *v < leastLog) }
		if !end(p.Min) || !end(p.Max) || p.Min != nil && p.Max != nil && !apart(*p.Min, *p.Max) {
			return errors.Errorf("panel %q: Min and Max are not the ends of an axis", p.Title)
		}
		for _, l := range p.Lines {
			if n := len(l.X); len(l.Y) != n || (l.Low != nil || l.High != nil) && (len(l.Low) != n || len(l.High) != n) {
				return errors.Errorf("panel %q: line %q has %d X, %d Y, %d Low and %d High", p.Title, l.Name, n, len(l.Y), len(l.Low), len(l.High))
			}
		}
	}
	return nil
}

// drawable reports whether v has a place on an axis. Beyond the limit the spacing of floats is too wide for ticks.
func drawable(v float64) bool { return math.Abs(v) < 1e30 }

func (all Panels) layOut() (width, height vg.Length, paint func(c draw.Canvas)) {
	looks, cols := newLooks(all), min(2, len(all))
	var plots []*plot.Plot
	var legends []legend
	below := vg.Length(0) // the room for the longest legend
	for i, p := range all {
		p = p.onAxes()
		plots, legends = append(plots, p.plot(looks)), append(legends, p.legend(looks))
		below = max(below, vg.Length(legends[i].rows)*lineHeight)
	}
	if len(plots)%cols > 0 {
		plots = append(plots, nil)
	}
	rows := len(plots) / cols
	width, height = vg.Length(cols)*(panelWidth+2*margin), vg.Length(rows)*(panelHeight+below+2*margin)
	return width, height, func(c draw.Canvas) {
		above, below := vg.Length(margin+titleHeight), margin+below
		tiles := draw.Tiles{Cols: cols, Rows: rows, PadLeft: margin, PadRight: margin, PadX: 2 * margin,
			PadTop: above, PadBottom: below, PadY: above + below}
		canvases := plot.Align(slices.Collect(slices.Chunk(plots, cols)), tiles, c) // one size for all, so that panels can be compared
		for i, p := range all {
			c := canvases[i/cols][i%cols]
			plots[i].Draw(c)
			data := plots[i].DataCanvas(c)
			drawTitle(data, p.Title)
			legends[i].draw(c, data.Center().X)
		}
	}
}

const (
	sampleWidth = 30 // of the piece of a line in front of its name
	columnGap   = 16
)

// legend says what the lines of a panel are, below it: inside the data, where gonum has its own, it would cover lines.
type legend struct {
	columns []*plot.Legend
	rows    int
	width   vg.Length // of a column and the gap after it
}

func (p *Panel) legend(looks map[string]look) (out legend) {
	if len(p.Lines) < 2 {
		return out
	}
	s := style(tickSize, draw.XLeft, draw.YBottom)
	name := func(l Line) string { return fit(l.Name, s, panelWidth-sampleWidth-textGap) }
	for _, l := range p.Lines {
		out.width = max(out.width, sampleWidth+s.Width(" "+name(l))+columnGap)
	}
	out.rows = (len(p.Lines)-1)/max(1, int((panelWidth+columnGap)/out.width)) + 1
	for lines := range slices.Chunk(p.Lines, out.rows) {
		column := plot.NewLegend()
		column.TextStyle, column.Left, column.Top = s, true, true
		column.ThumbnailWidth, column.Padding = sampleWidth, lineHeight-s.Height("x")
		for _, l := range lines {
			column.Add(name(l), l.thumbnails(looks[l.Name])...)
		}
		out.columns = append(out.columns, &column)
	}
	return out
}

// draw draws the legend below c, around middle where it has room for that.
func (l legend) draw(c draw.Canvas, middle vg.Length) {
	width := l.width*vg.Length(len(l.columns)) - columnGap
	c.Max.Y = c.Min.Y - textGap
	c.Min.X = max(c.Min.X, min(middle-width/2, c.Max.X-width))
	for _, column := range l.columns {
		column.Draw(c)
		c.Min.X += l.width
	}
}

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
	out.X.Tick.Marker, out.Y.Tick.Marker = ticker(p.LogX, 1, dataWidth), ticker(p.LogY, 0, 0)
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
	if !p.LogX && len(xs) > 0 { // no tick before the first epoch, and room around a single one
		first, last := slices.Min(xs), slices.Max(xs)
		room := max(0.5, 1e-6*math.Abs(first), 1e-6*math.Abs(last)) // seen as a difference in float64
		x0, x1 = first-room, last+room
	}
	return x0, x1, y0, y1
}

// span returns the ends of an axis: a little more than the values, unless low and high say, and never nothing.
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
func apart(a, b float64) bool { return b-a > max(1e-9*math.Abs(a), 1e-9*math.Abs(b), 1e-100) }

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
	unit := (x1 - x0) / dataWidth
	spread(xs, (2*markerRadius+lineWidth)*unit, x0+markerRadius*unit, x1-markerRadius*unit)
	return moved
}

// spread moves sorted places between low and high to at least gap from each other, or as
// far as there is room for so many: to the middle of where they are pushed to the right, each
// by the one before it, and to the left.
func spread(places []*float64, gap, low, high float64) {
	last := len(places) - 1
	gap = min(gap, (high-low)/float64(max(1, last)))
	right, left := make([]float64, last+1), make([]float64, last+1)
	for k := range places {
		right[k] = max(low+float64(k)*gap, min(high-float64(last-k)*gap, *places[k]))
	}
	copy(left, right)
	for k := range max(0, last) {
		right[k+1] = max(right[k+1], right[k]+gap)
		left[last-k-1] = min(left[last-k-1], left[last-k]-gap)
	}
	for k := range places {
		*places[k] = (right[k] + left[k]) / 2
	}
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
