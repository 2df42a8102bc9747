package charts

import (
	"strconv"

	"github.com/pkg/errors"
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
	valueRoom = 56  // at the right of the axis, for the value of the longest bar
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

// hasError reports whether the bar has an error bar.
func (b Bar) hasError() bool { return drawable(b.Low) && drawable(b.High) && b.Low < b.High }

func (p BarPanel) layOut() (width, height vg.Length, draw func(pg *page)) {
	return panelWidth + 2*margin, vg.Length(2*margin + titleHeight + len(p.Bars)*rowHeight + axisRoom), p.draw
}

func (p BarPanel) draw(pg *page) {
	names := style(tickSize, draw.XRight, draw.YCenter)
	var longest vg.Length
	to := 0.0 // the end of the axis
	for _, b := range p.Bars {
		longest = max(longest, names.Width(fit(b.Name, names, barNames)))
		if to = max(to, b.Value); b.hasError() {
			to = max(to, b.High)
		}
	}
	if to < 1e-100 {
		to = 1
	}
	left, right := margin+longest+2*textGap, pg.Max.X-margin-valueRoom
	top := pg.Max.Y - margin - titleHeight
	bottom := top - vg.Length(len(p.Bars))*rowHeight
	pg.text(p.Title, heading(), (left+right)/2, top+titleHeight/2, right-left)
	at := func(v float64) vg.Length { return left + vg.Length(min(1, max(0, v/to)))*(right-left) }
	p.drawAxis(pg, rect(left, bottom, right, top), to)
	for i, b := range p.Bars {
		y := top - (vg.Length(i)+0.5)*rowHeight
		end := at(b.Value)
		pg.fill(rect(left, y-barHeight/2, end, y+barHeight/2), palette[0])
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
	pg.rule(ink, left, bottom, left, top)
}

// drawAxis draws the grid, the ticks and what they are of, in and below the frame
// of the bars.
func (p BarPanel) drawAxis(pg *page, frame vg.Rectangle, to float64) {
	width, bottom := frame.Size().X, frame.Min.Y
	for _, m := range ticker(false, 0, width).Ticks(0, to) {
		x := frame.Min.X + vg.Length(m.Value/to)*width
		pg.rule(faint, x, bottom, x, frame.Max.Y)
		pg.rule(ink, x, bottom-tickLength, x, bottom)
		pg.text(m.Label, style(tickSize, draw.XCenter, draw.YTop), x, bottom-tickLength-textGap, width)
	}
	pg.rule(ink, frame.Min.X, bottom, frame.Max.X, bottom)
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
	if exponent > 2 {
		return numerals.Thousands(int(rounded))
	}
	return strconv.FormatFloat(rounded, 'f', 2-exponent, 64)
}
