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
	if n == 0 {
		return errors.New("no classes to draw")
	}
	if len(m.Counts) != n {
		return errors.Errorf("counts has %d rows for %d classes", len(m.Counts), n)
	}
	for i, row := range m.Counts {
		if len(row) != n {
			return errors.Errorf("row %d (%s) of counts has %d columns for %d classes", i, m.Classes[i], len(row), n)
		}
		if j := slices.IndexFunc(row, func(n int) bool { return n < 0 }); j >= 0 {
			return errors.Errorf("counts[%d][%d] is %d, must not be negative", i, j, row[j])
		}
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
	frame := rect(0, 0, 2*side, 2*side)
	names := frame.Size().Sub(cells.DataCanvas(draw.Canvas{Rectangle: frame}).Size()) // the room they take
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
	n, cell := len(m.Classes), m.cellSize()
	parts := make(grid, n)
	widest := vg.Length(0) // of the counts, in their size
	labels := &plotter.Labels{}
	for i, row := range m.Counts {
		sum := 0.0
		for _, n := range row {
			sum += float64(n)
		}
		for j, n := range row {
			if n == 0 { // so an empty row needs no part
				parts[i] = append(parts[i], math.NaN())
				continue
			}
			parts[i] = append(parts[i], float64(n)/sum)
			labels.XYs, labels.Labels = append(labels.XYs, plotter.XY{X: float64(j), Y: float64(i)}), append(labels.Labels, strconv.Itoa(n))
			widest = max(widest, style(1, 0, 0).Width(strconv.Itoa(n)))
		}
	}
	// The largest readable size at which all counts fit into a cell, or else the smallest.
	number := style(max(7, min(labelSize, vg.Length(math.Floor(float64(min((cell-3)/widest, 0.8*cell)))))), draw.XCenter, draw.YCenter)
	labels.Offset.Y = rise * number.Font.Size
	for k, label := range labels.Labels {
		labels.TextStyle = append(labels.TextStyle, number)
		if number.Width(label) > cell-2 || number.Font.Size > cell {
			labels.Labels[k] = ""
		}
	}
	out.Add(inside{parts.heatMap()})
	from, to := -0.5, float64(n)-0.5
	for i := range n + 1 {
		line := draw.LineStyle{Color: faint, Width: min(0.75, cell/10)}
		if i == 0 || i == n {
			line = draw.LineStyle{Color: ink, Width: 0.75}
		}
		at := float64(i) - 0.5
		for _, ends := range []plotter.XYs{{{X: at, Y: from}, {X: at, Y: to}}, {{X: from, Y: at}, {X: to, Y: at}}} {
			out.Add(inside{&plotter.Line{XYs: ends, LineStyle: line}})
		}
	}
	out.Add(inside{labels})
	size, longest := min(tickSize, max(9, 0.8*cell)), vg.Length(0)
	for _, a := range []*plot.Axis{&out.X, &out.Y} {
		a.Padding, a.Width, a.Tick.Label.Font.Size = textGap, 0, size
		nominal(a, m.Classes, int(math.Ceil(float64(size/cell))), nameWidth)
		for _, t := range a.Tick.Marker.Ticks(0, 0) {
			longest = max(longest, a.Tick.Label.Width(t.Label))
		}
	}
	if longest > cell-textGap {
		names := &out.X.Tick.Label
		names.Rotation, names.XAlign, names.YAlign = math.Pi/2, draw.XRight, draw.YCenter
	}
	out.Y.Scale = plot.InvertedScale{Normalizer: plot.LinearScale{}}
	return out
}

// shadesPlot says what the colours mean.
func shadesPlot() *plot.Plot {
	out := newPlot("", "part of the row")
	var parts grid
	for k := range 101 {
		parts = append(parts, []float64{float64(k) / 100})
	}
	bar := parts.heatMap()
	bar.Rasterized = true // no gaps in between
	out.Add(inside{bar})
	out.HideX()
	out.X.Min, out.X.Max, out.Y.Min, out.Y.Max = -0.5, 0.5, -0.5, 100.5
	out.Y.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: "0 %"}, {Value: 50, Label: "50 %"}, {Value: 100, Label: "100 %"}}
	return out
}

// inside is a plotter that needs no room around the axes, nor makes them longer.
type inside struct{ plot.Plotter }

// grid is plotter.GridXYZ of rows, each of parts from 0 to 1.
type grid [][]float64

func (g grid) Dims() (columns, rows int) { return len(g[0]), len(g) }
func (g grid) Z(column, row int) float64 { return g[row][column] }
func (g grid) X(column int) float64      { return float64(column) }
func (g grid) Y(row int) float64         { return float64(row) }
func (g grid) heatMap() *plotter.HeatMap {
	return &plotter.HeatMap{GridXYZ: g, Palette: shades{}, Max: 1}
}

// shades are those of 0 to 100 per cent.
type shades struct{}

// Colors implements palette.Palette.
func (shades) Colors() (all []color.Color) {
	for k := range 101 {
		all = append(all, shade(float64(k)/100))
	}
	return all
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
