package charts

import (
	"image/color"
	"math"
	"slices"
	"strconv"

	"github.com/pkg/errors"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Matrix shows how often clips of each true class (a row) were taken for each class (a
// column): Counts[true][predicted]. The colour of a cell is its part of the row. It cannot
// be drawn without classes, or when Counts is not a square of them or has a negative entry.
type Matrix struct {
	Title   string
	Classes []string
	Counts  [][]int
}

const (
	titleWidth = 640 // at most
	nameWidth  = 190 // at most, of the name of a class
	barRoom    = 80  // for what the colours mean, at the right
)

func (m Matrix) check() error {
	n := len(m.Classes)
	bad := func(row []int) bool { return len(row) != n || slices.Min(row) < 0 }
	if n == 0 || len(m.Counts) != n || slices.ContainsFunc(m.Counts, bad) {
		return errors.Errorf("want a row of counts from 0 on, one for each class, for each of %d classes", n)
	}
	return nil
}

// cellSize is that of large cells for few classes, but always has room for a
// name beside a row, as long as the whole fits on a screen.
func (m Matrix) cellSize() vg.Length {
	n := vg.Length(len(m.Classes))
	return min(90, max(250/n, min(16, 816/n)))
}

func (m Matrix) layOut() (width, height vg.Length, paint func(c draw.Canvas)) {
	cells, bar, side := m.plot(), shadesPlot(), m.cellSize()*vg.Length(len(m.Classes))
	around := draw.Canvas{Rectangle: rect(0, 0, side+4*nameWidth, side+4*nameWidth)}
	names := around.Size().Sub(cells.DataCanvas(around).Size()) // the room they take
	right, top := margin+names.X+side, margin+names.Y+side
	// A title is not cut for a small matrix.
	width = max(right+margin+barRoom, margin+heading().Width(fit(m.Title, heading(), titleWidth))) + margin
	return width, top + titleHeight + margin, func(c draw.Canvas) {
		c.Rectangle = rect(margin, margin, right, top)
		cells.Draw(c)
		data := cells.DataCanvas(c)
		c.Rectangle = rect(right+margin, data.Min.Y, right+margin+barRoom, data.Max.Y)
		c.Max.Y += c.Max.Y - bar.DataCanvas(c).Max.Y // as high as the matrix, whatever its labels need
		bar.Draw(c)
		data.Rectangle = rect(margin, data.Min.Y, width-margin, top)
		drawTitle(data, m.Title)
	}
}

func (m Matrix) plot() *plot.Plot {
	out := newPlot("predicted", "true")
	cell, to := m.cellSize(), float64(len(m.Classes))-0.5
	m.addCounts(out)
	for at := 0.5; at < to; at++ {
		for _, ends := range []plotter.XYs{{{X: at, Y: -0.5}, {X: at, Y: to}}, {{X: -0.5, Y: at}, {X: to, Y: at}}} {
			out.Add(&plotter.Line{XYs: ends, LineStyle: draw.LineStyle{Color: faint, Width: min(frame.Width, cell/10)}})
		}
	}
	out.Add(box(-0.5, -0.5, to, to, nil, frame))
	size, longest := min(tickSize, max(9, 0.8*cell)), vg.Length(0)
	for _, a := range []*plot.Axis{&out.X, &out.Y} {
		a.Padding, a.Width, a.Tick.Label.Font.Size = textGap, 0, size
		longest = nominal(a, m.Classes, int(math.Ceil(float64(size/cell))), nameWidth)
	}
	if longest > cell-textGap {
		names := &out.X.Tick.Label
		names.Rotation, names.XAlign, names.YAlign = math.Pi/2, draw.XRight, draw.YCenter
	}
	out.Y.Scale = plot.InvertedScale{Normalizer: plot.LinearScale{}}
	return out
}

// addCounts adds the cells that have a count, and those counts that fit into one.
func (m Matrix) addCounts(out *plot.Plot) {
	widest, cell := vg.Length(0), m.cellSize()
	labels := &plotter.Labels{}
	for i, row := range m.Counts {
		sum := 0.0
		for _, n := range row {
			sum += float64(n)
		}
		for j, n := range row {
			if n == 0 { // so an empty row needs no part
				continue
			}
			x, y, label := float64(j), float64(i), strconv.Itoa(n)
			out.Add(box(x-0.5, y-0.5, x+0.5, y+0.5, shade(float64(n)/sum), draw.LineStyle{}))
			labels.XYs, labels.Labels = append(labels.XYs, plotter.XY{X: x, Y: y}), append(labels.Labels, label)
			widest = max(widest, style(1, 0, 0).Width(label))
		}
	}
	// The largest readable size at which all counts fit, or else the smallest.
	size := max(7, min(labelSize, vg.Length(math.Floor(float64(min((cell-3)/widest, 0.8*cell))))))
	number := style(size, draw.XCenter, draw.YCenter)
	for k, label := range labels.Labels {
		labels.TextStyle = append(labels.TextStyle, number)
		if number.Width(label) > cell-2 || size > cell {
			labels.Labels[k] = ""
		}
	}
	labels.Offset.Y = rise * size
	out.Add(labels)
}

// shadesPlot says what the colours mean.
func shadesPlot() *plot.Plot {
	out := newPlot("", "part of the row")
	for to := 100.0; to > 0; to-- { // each down to the bottom, over those before: no gaps in between
		out.Add(box(0, 0, 1, to, shade((to-0.5)/100), draw.LineStyle{}))
	}
	out.Add(box(0, 0, 1, 100, nil, frame))
	out.HideX()
	out.Y.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: "0 %"}, {Value: 50, Label: "50 %"}, {Value: 100, Label: "100 %"}}
	return out
}

// frame is the border of the matrix and of what says the colours.
var frame = draw.LineStyle{Color: ink, Width: 0.75}

func box(x0, y0, x1, y1 float64, fill color.Color, border draw.LineStyle) *plotter.Polygon {
	corners := plotter.XYs{{X: x0, Y: y0}, {X: x0, Y: y1}, {X: x1, Y: y1}, {X: x1, Y: y0}}
	return &plotter.Polygon{XYs: []plotter.XYs{corners}, Color: fill, LineStyle: border}
}

// rect is the rectangle between two corners.
func rect(x0, y0, x1, y1 vg.Length) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: x0, Y: y0}, Max: vg.Point{X: x1, Y: y1}}
}

// shade returns white for 0 and a light blue for 1, on which ink can be read as well
// as on white, also where a page in the dark turns both round.
func shade(part float64) color.Color {
	full := [3]float64{140, 185, 232}
	mix := func(channel int) uint8 { return uint8(255*(1-part) + full[channel]*part + 0.5) }
	return color.NRGBA{R: mix(0), G: mix(1), B: mix(2), A: 0xff}
}
