package charts

import (
	"strconv"

	"github.com/pkg/errors"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bar is one bar of a BarPanel. Low and High are the ends of an error bar; there
// is none if they are equal or one is not finite.
type Bar struct {
	Name             string
	Value, Low, High float64
}

// BarPanel is one set of horizontal bars, the first at the top, on an axis that
// begins at 0: a bar is as long as its value is large.
type BarPanel struct {
	Title, X string
	Bars     []Bar
}

const (
	barHeight = 16
	rowHeight = 26
	barNames  = 150 // at most, of the name of a bar
	valueRoom = 56  // at the right of the axis, for the value of the longest bar
	axisRoom  = 44  // below the bars
)

// Bars draws a panel and writes path as Draw does.
//
// It fails when there are no bars, when a value is negative or not finite, when
// the extension is neither .png nor .svg, or when the file cannot be written.
func Bars(path string, p BarPanel) error {
	if err := p.check(); err != nil {
		return errors.Wrapf(err, "charts: %s", path)
	}
	pg, err := newPage(path, panelWidth+2*margin, vg.Length(2*margin+titleHeight+len(p.Bars)*rowHeight+axisRoom))
	if err != nil {
		return err
	}
	p.draw(pg)
	return pg.save()
}

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

// hasError reports whether the bar has an error bar.
func (b Bar) hasError() bool { return drawable(b.Low) && drawable(b.High) && b.Low < b.High }

// end returns the end of the axis.
func (p BarPanel) end() float64 {
	most := 0.0
	for _, b := range p.Bars {
		most = max(most, b.Value)
		if b.hasError() {
			most = max(most, b.High)
		}
	}
	if most < 1e-100 {
		return 1
	}
	return most
}

// draw draws the panel on the whole page.
func (p BarPanel) draw(pg *page) {
	names := style(tickSize, draw.XRight, draw.YCenter)
	var longest vg.Length
	for _, b := range p.Bars {
		longest = max(longest, names.Width(fit(b.Name, names, barNames)))
	}
	left, right := margin+longest+2*textGap, pg.Max.X-margin-valueRoom
	top := pg.Max.Y - margin - titleHeight
	bottom := top - vg.Length(len(p.Bars))*rowHeight
	pg.text(p.Title, bold(style(titleSize, draw.XCenter, draw.YCenter)), (left+right)/2, top+titleHeight/2, right-left)

	to := p.end()
	at := func(v float64) vg.Length { return left + vg.Length(min(1, max(0, v/to)))*(right-left) }
	p.drawAxis(pg, vg.Rectangle{Min: vg.Point{X: left, Y: bottom}, Max: vg.Point{X: right, Y: top}}, to)
	for i, b := range p.Bars {
		y := top - (vg.Length(i)+0.5)*rowHeight
		end := at(b.Value)
		pg.fill(vg.Rectangle{Min: vg.Point{X: left, Y: y - barHeight/2}, Max: vg.Point{X: end, Y: y + barHeight/2}}, palette[0])
		if b.hasError() {
			line := draw.LineStyle{Color: ink, Width: 1.25}
			low, high := at(b.Low), at(b.High)
			pg.StrokeLine2(line, low, y, high, y)
			pg.StrokeLine2(line, high, y-capWidth, high, y+capWidth)
			if low > left { // and not cut by the axis
				pg.StrokeLine2(line, low, y-capWidth, low, y+capWidth)
			}
			end = max(end, high)
		}
		pg.text(b.Name, names, left-2*textGap, y, barNames)
		pg.text(significant(b.Value), style(tickSize, draw.XLeft, draw.YCenter), end+textGap, y, valueRoom)
	}
	pg.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.75}, left, bottom, left, top)
}

// drawAxis draws the grid, the ticks and what they are of, in and below the frame
// of the bars.
func (p BarPanel) drawAxis(pg *page, frame vg.Rectangle, to float64) {
	width, bottom := frame.Size().X, frame.Min.Y
	for _, m := range spaced(0, to, width, func(most int) []plot.Tick { return ticks(0, to, 0, most) }) {
		x := frame.Min.X + vg.Length(m.Value/to)*width
		pg.StrokeLine2(draw.LineStyle{Color: faint, Width: 0.75}, x, bottom, x, frame.Max.Y)
		pg.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.75}, x, bottom-tickLength, x, bottom)
		pg.text(m.Label, style(tickSize, draw.XCenter, draw.YTop), x, bottom-tickLength-textGap, width)
	}
	pg.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.75}, frame.Min.X, bottom, frame.Max.X, bottom)
	pg.text(p.X, style(labelSize, draw.XCenter, draw.YCenter), (frame.Min.X+frame.Max.X)/2, bottom-axisRoom+lineHeight/2, width)
}

// significant writes v with three significant digits: 0.450, 17.6, 1,240.
func significant(v float64) string {
	if v == 0 {
		return "0"
	}
	power := strconv.FormatFloat(v, 'e', 2, 64) // d.dde±dd
	exponent, _ := strconv.Atoi(power[len("d.dde"):])
	if exponent < -4 || exponent > 6 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	rounded, _ := strconv.ParseFloat(power, 64)
	digits := strconv.FormatFloat(rounded, 'f', max(0, 2-exponent), 64)
	for at := exponent - 2; at > 0; at -= 3 { // three digits before the end, six, ...
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
