package charts

import (
	"math"
	"slices"
	"strconv"

	"github.com/pkg/errors"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bar is one bar of a BarPanel. Low and High are the ends of an error bar, and
// there is none when they are equal or one is not finite.
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
	for _, p := range panels {
		if err := p.check(); err != nil {
			return errors.Wrapf(err, "charts: %s", path)
		}
	}
	const width = vg.Length(panelWidth + 2*margin)
	var height vg.Length
	for row := range slices.Chunk(panels, 2) {
		height += rowOf(row)
	}
	pg, err := newPage(path, vg.Length(min(2, len(panels)))*width, height)
	if err != nil {
		return err
	}
	top := pg.Max.Y
	for row := range slices.Chunk(panels, 2) {
		bottom := top - rowOf(row)
		for i, p := range row {
			left := vg.Length(i) * width
			p.draw(pg, vg.Rectangle{Min: vg.Point{X: left, Y: bottom}, Max: vg.Point{X: left + width, Y: top}})
		}
		top = bottom
	}
	return pg.save()
}

// rowOf returns the height of a row of panels, that of the one with most bars.
func rowOf(panels []BarPanel) vg.Length {
	bars := 0
	for _, p := range panels {
		bars = max(bars, len(p.Bars))
	}
	return vg.Length(2*margin + titleHeight + bars*rowHeight + axisRoom)
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
func (b Bar) hasError() bool { return drawable(b.Low) && drawable(b.High) && b.Low < b.High }

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

// drawAxis draws the grid, the ticks and what they are of.
func (p BarPanel) drawAxis(pg *page, from, to float64, place func(float64) vg.Length, bottom, top vg.Length) {
	var marks []plot.Tick
	if p.LogX {
		marks = logTicks(from, to)
	} else {
		marks = ticks(from, to, 0)
	}
	label := style(tickSize, draw.XCenter, draw.YTop)
	for _, m := range apartBy(textGap, marks, label, place) {
		x := place(m.Value)
		pg.StrokeLine2(draw.LineStyle{Color: faint, Width: 0.75}, x, bottom, x, top)
		pg.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.75}, x, bottom-tickLength, x, bottom)
		pg.text(m.Label, label, x, bottom-tickLength-textGap, valueRoom)
	}
	pg.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.75}, place(from), bottom, place(to), bottom)
	pg.text(p.X, style(labelSize, draw.XCenter, draw.YCenter), (place(from)+place(to))/2, bottom-axisRoom+lineHeight/2, place(to)-place(from))
}

// apartBy returns all ticks, or every third or fifth and so on, so that there is
// a gap between their labels. Of 1, 2 and 5 every third leaves powers of ten.
func apartBy(gap vg.Length, marks []plot.Tick, label draw.TextStyle, place func(float64) vg.Length) []plot.Tick {
	for every := 1; ; every += 2 {
		var kept []plot.Tick
		fits, end := true, vg.Length(math.Inf(-1)) // of the label before
		for k := 0; k < len(marks); k += every {
			at, half := place(marks[k].Value), label.Width(marks[k].Label)/2
			fits = fits && at-half >= end+gap
			kept, end = append(kept, marks[k]), at+half
		}
		if fits {
			return kept
		}
	}
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
