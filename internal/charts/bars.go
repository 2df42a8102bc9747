package charts

import (
	"math"
	"strconv"

	"github.com/pkg/errors"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bar is one bar of a BarPanel. Low and High are the ends of an error bar; a NaN
// in one of them leaves it out.
type Bar struct {
	Name             string
	Value, Low, High float64
}

// BarPanel is one set of horizontal bars, the first at the top. Its axis begins
// at 0, or with LogX at a power of ten below the least value.
type BarPanel struct {
	Title, X string
	LogX     bool
	Bars     []Bar
}

const (
	barHeight = 16
	rowHeight = 26
	barNames  = 150 // at most, of the name of a bar
	valueRoom = 56  // at the right of the axis, for the value of the longest bar
	axisRoom  = 44  // below the bars
)

// Bars draws panels side by side, two in a row, and writes path as Draw does.
//
// It fails when there is no panel or one without bars, when a value is negative,
// not finite or, on a logarithmic axis, below 1e-30, when the ending is another
// one than .png or .svg, or when the file cannot be written.
func Bars(path string, panels ...BarPanel) error {
	if len(panels) == 0 {
		return errors.Errorf("charts: %s: no panels to draw", path)
	}
	rows := 0 // of the panel with most bars
	for _, p := range panels {
		if err := p.check(); err != nil {
			return errors.Wrapf(err, "charts: %s", path)
		}
		rows = max(rows, len(p.Bars))
	}
	columns := min(2, len(panels))
	width := vg.Length(panelWidth + 2*margin)
	height := vg.Length(2*margin + titleHeight + rows*rowHeight + axisRoom)
	down := vg.Length((len(panels) + columns - 1) / columns)
	pg, err := newPage(path, vg.Length(columns)*width, down*height)
	if err != nil {
		return err
	}
	for i, p := range panels {
		corner := vg.Point{X: vg.Length(i%columns) * width, Y: pg.Max.Y - vg.Length(i/columns+1)*height}
		p.draw(pg, vg.Rectangle{Min: corner, Max: corner.Add(vg.Point{X: width, Y: height})})
	}
	return pg.save()
}

func (p BarPanel) check() error {
	if len(p.Bars) == 0 {
		return errors.Errorf("panel %q has no bars", p.Title)
	}
	for _, b := range p.Bars {
		if !(b.Value >= 0) || !drawable(b.Value) || p.LogX && b.Value < leastLog {
			return errors.Errorf("panel %q: bar %q is %g long", p.Title, b.Name, b.Value)
		}
	}
	return nil
}

// hasError tells whether the bar has an error bar.
func (b Bar) hasError() bool { return drawable(b.Low) && drawable(b.High) && b.Low <= b.High }

// scale returns the ends of the axis, in logarithms on a logarithmic one.
func (p BarPanel) scale() (from, to float64) {
	least, most := math.Inf(1), 0.0
	for _, b := range p.Bars {
		least, most = min(least, b.Value), max(most, b.Value)
		if b.hasError() {
			most = max(most, b.High)
		}
	}
	if p.LogX {
		from = math.Floor(math.Log10(least) - 1e-9)
		return from, max(from+1, math.Log10(most))
	}
	if most < 1e-100 {
		most = 1
	}
	return 0, most
}

// draw draws the panel into r.
func (p BarPanel) draw(pg *page, r vg.Rectangle) {
	names := style(tickSize, draw.XRight, draw.YCenter)
	var longest vg.Length
	for _, b := range p.Bars {
		longest = max(longest, names.Width(fit(b.Name, names, barNames)))
	}
	left, right := r.Min.X+margin+longest+2*textGap, r.Max.X-margin-valueRoom
	top := r.Max.Y - margin - titleHeight
	bottom := top - vg.Length(len(p.Bars))*rowHeight
	pg.text(p.Title, bold(style(titleSize, draw.XCenter, draw.YCenter)), (left+right)/2, top+titleHeight/2, right-left)

	from, to := p.scale()
	place := func(v float64) vg.Length { return left + vg.Length((v-from)/(to-from))*(right-left) }
	at := func(v float64) vg.Length {
		if p.LogX {
			v = max(from, math.Log10(max(v, leastLog)))
		}
		return place(min(to, max(from, v)))
	}
	p.drawAxis(pg, from, to, place, bottom, top)
	for i, b := range p.Bars {
		y := top - (vg.Length(i)+0.5)*rowHeight
		end := at(b.Value)
		pg.fill(vg.Rectangle{Min: vg.Point{X: left, Y: y - barHeight/2}, Max: vg.Point{X: end, Y: y + barHeight/2}}, palette[0])
		if b.hasError() {
			line := draw.LineStyle{Color: ink, Width: 1.25}
			low, high := at(b.Low), at(b.High)
			pg.StrokeLine2(line, low, y, high, y)
			for _, x := range []vg.Length{low, high} {
				pg.StrokeLine2(line, x, y-capWidth, x, y+capWidth)
			}
			end = max(end, high)
		}
		pg.text(b.Name, names, left-2*textGap, y, barNames)
		pg.text(significant(b.Value), style(tickSize, draw.XLeft, draw.YCenter), end+textGap, y, valueRoom)
	}
	pg.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.75}, left, bottom, left, top)
}

// drawAxis draws the grid, the ticks and what they are of.
func (p BarPanel) drawAxis(pg *page, from, to float64, place func(float64) vg.Length, bottom, top vg.Length) {
	var marks []plot.Tick
	if p.LogX {
		marks = logTicks(from, to)
	} else {
		marks = ticks(from, to, 0)
	}
	label := style(tickSize, draw.XCenter, draw.YTop)
	for _, m := range marks {
		x := place(m.Value)
		pg.StrokeLine2(draw.LineStyle{Color: faint, Width: 0.75}, x, bottom, x, top)
		pg.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.75}, x, bottom-tickLength, x, bottom)
		pg.text(m.Label, label, x, bottom-tickLength-textGap, valueRoom)
	}
	pg.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.75}, place(from), bottom, place(to), bottom)
	pg.text(p.X, style(labelSize, draw.XCenter, draw.YCenter), (place(from)+place(to))/2, bottom-axisRoom+lineHeight/2, place(to)-place(from))
}

// significant writes v with three significant digits, whole numbers in full.
func significant(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v >= 1e7 || v < 1e-4:
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return strconv.FormatFloat(v, 'f', max(0, 2-int(math.Floor(math.Log10(v)))), 64)
}
