package charts

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"

	"github.com/pkg/errors"
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
	barWidth   = 14
	barRoom    = 90 // from the matrix to the right edge
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

// matrix is a Matrix laid out: its cells fill the rectangle.
type matrix struct {
	Matrix
	vg.Rectangle
	width, height vg.Length // of the page
	cell          vg.Length // width and height
	names         draw.TextStyle
	every         int // every how many-th class has a name: 1, unless there are too many
	turned        bool
	left          vg.Length // room for the names of the rows
	below         vg.Length // and of the columns
}

// matrix chooses sizes: large cells for few classes, but always room for a
// name beside a row, as long as the whole fits on a screen.
func (m Matrix) matrix() *matrix {
	n := vg.Length(len(m.Classes))
	out := &matrix{Matrix: m, cell: min(90, max(250/n, min(16, 816/n)))}
	size := min(tickSize, max(9, 0.8*out.cell))
	out.every = int(math.Ceil(float64(size / out.cell)))
	out.names = style(size, draw.XRight, draw.YCenter)
	var longest vg.Length
	for _, name := range m.Classes {
		longest = max(longest, out.names.Width(fit(name, out.names, nameWidth)))
	}
	out.left, out.below = longest+2*textGap, lineHeight+2*textGap
	if out.turned = longest > out.cell-textGap; out.turned {
		out.below = out.left
	}
	side := out.cell * n
	x, y := margin+lineHeight+out.left, margin+lineHeight+out.below
	out.Rectangle = rect(x, y, x+side, y+side)
	// A title is not cut for a small matrix.
	out.width = max(x+side+barRoom, heading().Width(fit(m.Title, heading(), titleWidth))+2*margin)
	out.height = y + side + titleHeight + margin
	return out
}

func (m Matrix) layOut() (width, height vg.Length, draw func(pg *page)) {
	out := m.matrix()
	return out.width, out.height, func(pg *page) {
		pg.text(m.Title, heading(), out.width/2, pg.Max.Y-margin-titleHeight/2, out.width-2*margin)
		out.drawCells(pg)
		out.drawNames(pg)
		out.drawBar(pg)
	}
}

// at returns the middle of the cell of a row and a column; the first row is at the top.
func (m *matrix) at(row, column int) (x, y vg.Length) {
	return m.Min.X + (vg.Length(column)+0.5)*m.cell, m.Max.Y - (vg.Length(row)+0.5)*m.cell
}

func (m *matrix) drawCells(pg *page) {
	number := style(m.numberSize(), draw.XCenter, draw.YCenter)
	for i, row := range m.Counts {
		sum := 0.0
		for _, n := range row {
			sum += float64(n)
		}
		for j, n := range row {
			if n == 0 { // so an empty row needs no part
				continue
			}
			x, y := m.at(i, j)
			pg.fill(rect(x-m.cell/2, y-m.cell/2, x+m.cell/2, y+m.cell/2), shade(float64(n)/sum))
			if label := strconv.Itoa(n); number.Width(label) <= m.cell-2 && number.Font.Size <= m.cell {
				pg.text(label, number, x, y, m.cell)
			}
		}
	}
	for i := range len(m.Classes) + 1 {
		d := vg.Length(i) * m.cell
		line := draw.LineStyle{Color: faint, Width: min(ruleWidth, m.cell/10)}
		if i == 0 || i == len(m.Classes) {
			line = draw.LineStyle{Color: ink, Width: ruleWidth}
		}
		pg.StrokeLine2(line, m.Min.X+d, m.Min.Y, m.Min.X+d, m.Max.Y)
		pg.StrokeLine2(line, m.Min.X, m.Min.Y+d, m.Max.X, m.Min.Y+d)
	}
}

// numberSize returns the largest readable size of text at which all counts fit
// into a cell, or else the smallest.
func (m *matrix) numberSize() vg.Length {
	largest := 0
	for _, row := range m.Counts {
		largest = max(largest, slices.Max(row))
	}
	ofOne := style(1, 0, 0).Width(strconv.Itoa(largest))
	return max(7, min(labelSize, vg.Length(math.Floor(float64(min((m.cell-3)/ofOne, 0.8*m.cell))))))
}

func (m *matrix) drawNames(pg *page) {
	centre := m.Min.Add(m.Max).Scale(0.5)
	label := style(labelSize, draw.XCenter, draw.YCenter)
	pg.text("true", upwards(label), m.Min.X-m.left-lineHeight/2, centre.Y, nameWidth)
	pg.text("predicted", label, centre.X, m.Min.Y-m.below-lineHeight/2, nameWidth)
	column := m.names
	if m.turned {
		column = upwards(column)
	} else {
		column.XAlign, column.YAlign = draw.XCenter, draw.YTop
	}
	for i := 0; i < len(m.Classes); i += m.every {
		x, y := m.at(i, i)
		pg.text(m.Classes[i], m.names, m.Min.X-textGap, y, nameWidth)
		pg.text(m.Classes[i], column, x, m.Min.Y-textGap, nameWidth)
	}
}

// drawBar says what the colours mean.
func (m *matrix) drawBar(pg *page) {
	const shades = 100
	bar := rect(m.Max.X+margin, m.Min.Y, m.Max.X+margin+barWidth, m.Max.Y)
	height := bar.Size().Y
	for i := range shades {
		// Down to the bottom, each over those before: no gaps in between.
		rest := bar
		rest.Max.Y -= vg.Length(i) / shades * height
		pg.fill(rest, shade(1-(float64(i)+0.5)/shades))
	}
	pg.SetLineStyle(draw.LineStyle{Color: ink, Width: ruleWidth})
	pg.Stroke(bar.Path())
	for _, p := range []int{0, 50, 100} {
		y := bar.Min.Y + vg.Length(p)/100*height
		pg.rule(ink, bar.Max.X, y, bar.Max.X+tickLength, y)
		pg.text(fmt.Sprintf("%d %%", p), style(tickSize, draw.XLeft, draw.YCenter), bar.Max.X+tickLength+textGap, y, barRoom)
	}
	pg.text("part of the row", upwards(style(tickSize, draw.XCenter, draw.YCenter)),
		m.Max.X+barRoom-lineHeight/2, (bar.Min.Y+bar.Max.Y)/2, max(height, 80))
}

// shade returns white for 0 and a light blue for 1, on which ink can be read as well
// as on white, also where a page in the dark turns both round.
func shade(part float64) color.Color {
	full := [3]float64{140, 185, 232}
	mix := func(channel int) uint8 { return uint8(255*(1-part) + full[channel]*part + 0.5) }
	return color.NRGBA{R: mix(0), G: mix(1), B: mix(2), A: 0xff}
}
