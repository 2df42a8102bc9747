package charts

import (
	"fmt"
	"image/color"
	"strconv"

	"github.com/pkg/errors"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	titleWidth = 640 // at most
	nameWidth  = 190 // at most, of the name of a class
	barWidth   = 14
	barRoom    = 90 // from the matrix to the right edge
)

// Confusion draws how often clips of each true class (a row) were taken for
// each class (a column): counts[true][predicted]. The colour of a cell is its
// part of the row. It writes path as Draw does.
//
// It fails when there are no classes, when counts is not a square of them or has
// a negative entry, when the extension of path is neither .png nor .svg, or when
// the file cannot be written.
func Confusion(path, title string, classes []string, counts [][]int) error {
	if err := checkCounts(classes, counts); err != nil {
		return errors.Wrapf(err, "charts: %s", path)
	}
	m := newMatrix(classes, counts)
	size := m.cell * vg.Length(len(classes))
	width := margin + lineHeight + m.left + size + barRoom
	// A title is not cut for a small matrix.
	heading := bold(style(titleSize, draw.XCenter, draw.YCenter))
	width = max(width, heading.Width(fit(title, heading, titleWidth))+2*margin)
	pg, err := newPage(path, width, margin+titleHeight+size+m.below+lineHeight+margin)
	if err != nil {
		return err
	}
	m.Min = vg.Point{X: margin + lineHeight + m.left, Y: margin + lineHeight + m.below}
	m.Max = m.Min.Add(vg.Point{X: size, Y: size})
	pg.text(title, heading, width/2, pg.Max.Y-margin-titleHeight/2, width-2*margin)
	m.drawCells(pg)
	m.drawNames(pg)
	m.drawBar(pg)
	return pg.save()
}

func checkCounts(classes []string, counts [][]int) error {
	if len(classes) == 0 {
		return errors.New("no classes to draw")
	}
	if len(counts) != len(classes) {
		return errors.Errorf("counts has %d rows for %d classes", len(counts), len(classes))
	}
	for i, row := range counts {
		if len(row) != len(classes) {
			return errors.Errorf("row %d (%s) of counts has %d columns for %d classes", i, classes[i], len(row), len(classes))
		}
		for j, n := range row {
			if n < 0 {
				return errors.Errorf("counts[%d][%d] is %d, must not be negative", i, j, n)
			}
		}
	}
	return nil
}

// matrix is a confusion matrix laid out: its cells fill the rectangle.
type matrix struct {
	vg.Rectangle
	classes []string
	counts  [][]int
	cell    vg.Length // width and height
	names   draw.TextStyle
	every   int // every how many-th class has a name: 1, unless there are too many
	turned  bool
	left    vg.Length // room for the names of the rows
	below   vg.Length // and of the columns
}

// newMatrix chooses sizes: large cells for few classes, but always room for a
// name beside a row, as long as the whole fits on a screen.
func newMatrix(classes []string, counts [][]int) *matrix {
	n := vg.Length(len(classes))
	m := &matrix{classes: classes, counts: counts, every: 1}
	m.cell = min(90, max(250/n, min(16, 816/n)))
	size := min(tickSize, max(9, 0.8*m.cell))
	for vg.Length(m.every)*m.cell < size {
		m.every++
	}
	m.names = style(size, draw.XRight, draw.YCenter)
	var longest vg.Length
	for _, name := range classes {
		longest = max(longest, m.names.Width(fit(name, m.names, nameWidth)))
	}
	m.left = longest + 2*textGap
	m.turned = longest > m.cell-textGap
	m.below = lineHeight + 2*textGap
	if m.turned {
		m.below = longest + 2*textGap
	}
	return m
}

// at returns the cell of a row and a column; the first row is at the top.
func (m *matrix) at(row, column int) vg.Rectangle {
	corner := vg.Point{
		X: m.Min.X + vg.Length(column)*m.cell,
		Y: m.Max.Y - vg.Length(row+1)*m.cell,
	}
	return vg.Rectangle{Min: corner, Max: corner.Add(vg.Point{X: m.cell, Y: m.cell})}
}

func (m *matrix) drawCells(pg *page) {
	number := style(m.numberSize(), draw.XCenter, draw.YCenter)
	for i, row := range m.counts {
		sum := 0.0
		for _, n := range row {
			sum += float64(n)
		}
		for j, n := range row {
			if n == 0 { // so an empty row needs no part
				continue
			}
			part := float64(n) / sum
			cell := m.at(i, j)
			pg.fill(cell, shade(part))
			label := strconv.Itoa(n)
			if number.Width(label) > m.cell-2 || number.Font.Size > m.cell {
				continue
			}
			pg.text(label, number, (cell.Min.X+cell.Max.X)/2, (cell.Min.Y+cell.Max.Y)/2, m.cell)
		}
	}
	for i := range len(m.classes) + 1 {
		d := vg.Length(i) * m.cell
		line := draw.LineStyle{Color: faint, Width: min(0.75, m.cell/10)}
		if i == 0 || i == len(m.classes) {
			line = draw.LineStyle{Color: ink, Width: 0.75}
		}
		pg.StrokeLine2(line, m.Min.X+d, m.Min.Y, m.Min.X+d, m.Max.Y)
		pg.StrokeLine2(line, m.Min.X, m.Min.Y+d, m.Max.X, m.Min.Y+d)
	}
}

// numberSize returns the largest readable size of text at which all counts fit
// into a cell, or else the smallest.
func (m *matrix) numberSize() vg.Length {
	largest := 0
	for _, row := range m.counts {
		for _, n := range row {
			largest = max(largest, n)
		}
	}
	for size := vg.Length(labelSize); size > 7; size-- {
		if style(size, 0, 0).Width(strconv.Itoa(largest)) <= m.cell-3 && size <= 0.8*m.cell {
			return size
		}
	}
	return 7
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
	for i := 0; i < len(m.classes); i += m.every {
		cell := m.at(i, i)
		pg.text(m.classes[i], m.names, m.Min.X-textGap, (cell.Min.Y+cell.Max.Y)/2, nameWidth)
		pg.text(m.classes[i], column, (cell.Min.X+cell.Max.X)/2, m.Min.Y-textGap, nameWidth)
	}
}

// drawBar says what the colours mean.
func (m *matrix) drawBar(pg *page) {
	const shades = 100
	bar := vg.Rectangle{
		Min: vg.Point{X: m.Max.X + margin, Y: m.Min.Y},
		Max: vg.Point{X: m.Max.X + margin + barWidth, Y: m.Max.Y},
	}
	height := bar.Size().Y
	for i := range shades {
		// Down to the bottom, each over those before: no gaps in between.
		rest := bar
		rest.Max.Y -= vg.Length(i) / shades * height
		pg.fill(rest, shade(1-(float64(i)+0.5)/shades))
	}
	pg.SetLineStyle(draw.LineStyle{Color: ink, Width: 0.75})
	pg.Stroke(bar.Path())
	percent := style(tickSize, draw.XLeft, draw.YCenter)
	for _, p := range []int{0, 50, 100} {
		y := bar.Min.Y + vg.Length(p)/100*height
		pg.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.75}, bar.Max.X, y, bar.Max.X+tickLength, y)
		pg.text(fmt.Sprintf("%d %%", p), percent, bar.Max.X+tickLength+textGap, y, barRoom)
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
