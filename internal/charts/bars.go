package charts

import (
	"math"
	"strconv"

	"github.com/pkg/errors"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/tensorzoo/tensorzoo/internal/numerals"
)

// Bar is one bar of a BarPanel. Low and High are the ends of an error bar; there
// is none if they are equal or one is not finite.
type Bar struct {
	Name             string
	Value, Low, High float64
}

// BarPanel is one set of horizontal bars, the first at the top, on an axis that
// begins at 0: a bar is as long as its value is large. It cannot be drawn without bars, or
// when a value is negative or not finite.
type BarPanel struct {
	Title, X string
	Bars     []Bar
}

const (
	barHeight = 16
	rowHeight = 26
	barNames  = 150 // at most, of the name of a bar
	axisRoom  = 44  // below the bars
)

func (p BarPanel) check() error {
	if len(p.Bars) == 0 {
		return errors.Errorf("panel %q has no bars", p.Title)
	}
	for _, b := range p.Bars {
		if !(b.Value >= 0) || !drawable(b.Value) {
			return errors.Errorf("panel %q: bar %q is %g long", p.Title, b.Name, b.Value)
		}
	}
	return nil
}

func (p BarPanel) layOut() (width, height vg.Length, paint func(c draw.Canvas)) {
	return panelWidth + 2*margin, vg.Length(2*margin + titleHeight + len(p.Bars)*rowHeight + axisRoom), func(c draw.Canvas) {
		c = draw.Crop(c, margin, -margin, margin, -margin-titleHeight)
		out := p.plot()
		out.X.Tick.Marker = ticker(false, 0, out.DataCanvas(c).Size().X)
		out.Draw(c)
		drawTitle(out.DataCanvas(c), p.Title)
	}
}

func (p BarPanel) plot() *plot.Plot {
	out := newPlot(p.X, "")
	bars := &plotter.BarChart{Width: barHeight, Color: palette[0], Horizontal: true}
	ranges := &plotter.XErrorBars{LineStyle: draw.LineStyle{Color: ink, Width: 1.25}, CapWidth: capWidth}
	values := &plotter.Labels{Offset: vg.Point{X: textGap, Y: rise * tickSize}}
	var names []string
	to := 0.0 // the end of the axis
	for i, b := range p.Bars {
		at, end := float64(i), b.Value
		if drawable(b.Low) && drawable(b.High) && b.Low < b.High { // it has an error bar
			low := b.Low
			if low <= 0 {
				low = -math.Abs(b.High) // beyond the axis, which cuts it
			}
			half := (b.High - low) / 2
			ranges.XYs = append(ranges.XYs, plotter.XY{X: low + half, Y: at})
			ranges.XErrors = append(ranges.XErrors, struct{ Low, High float64 }{half, half})
			end = max(end, b.High)
		}
		to = max(to, end)
		names = append(names, b.Name)
		bars.Values = append(bars.Values, b.Value)
		values.XYs = append(values.XYs, plotter.XY{X: end, Y: at})
		values.Labels = append(values.Labels, significant(b.Value))
		values.TextStyle = append(values.TextStyle, style(tickSize, draw.XLeft, draw.YCenter))
	}
	if to < 1e-100 {
		to = 1
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = faint, nil
	out.Add(grid, bars, ranges, values)
	nominal(&out.Y, names, 1, barNames)
	out.Y.Scale = plot.InvertedScale{Normalizer: plot.LinearScale{}}
	out.X.Min, out.X.Max, out.X.Tick.Marker = 0, to, ticker(false, 0, 0)
	return out
}

// significant writes v with three significant digits, or as a whole number: 0.45, 17.6, 1,243.
func significant(v float64) string {
	if v >= 999.5 && v < 1e7 {
		return numerals.Thousands(int(math.Round(v)))
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
