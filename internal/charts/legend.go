package charts

import (
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	sampleWidth = 30 // of the piece of a line in front of its name
	entryGap    = 16
)

// legendRows breaks the lines of p into rows that fit into width.
func (p *Panel) legendRows(width vg.Length) (rows [][]Line) {
	if len(p.Lines) < 2 {
		return nil
	}
	left := vg.Length(-1)
	for _, l := range p.Lines {
		w := entryWidth(l, width)
		if w > left {
			rows = append(rows, nil)
			left = width
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], l)
		left -= w + entryGap
	}
	return rows
}

func entryWidth(l Line, limit vg.Length) vg.Length {
	s := style(tickSize, draw.XLeft, draw.YCenter)
	return min(limit, sampleWidth+textGap+s.Width(fit(l.Name, s, limit)))
}

// drawLegend draws rows from the top of frame down, each in the middle of it.
// gonum's own legend stacks its entries inside the data, where they cover lines.
func drawLegend(pg *page, frame vg.Rectangle, rows [][]Line, looks map[string]look) {
	limit, y := frame.Size().X, frame.Max.Y-lineHeight/2.0
	for _, row := range rows {
		width := vg.Length(entryGap * (len(row) - 1))
		for _, l := range row {
			width += entryWidth(l, limit)
		}
		x := frame.Min.X + (limit-width)/2
		for _, l := range row {
			k := looks[l.Name]
			if !l.Marker {
				pg.StrokeLine2(k.stroke(), x, y, x+sampleWidth, y)
			}
			if l.Marker || slices.ContainsFunc(l.runs(), l.isolated) {
				pg.DrawGlyph(k.glyph(), vg.Point{X: x + sampleWidth/2, Y: y})
			}
			pg.text(l.Name, style(tickSize, draw.XLeft, draw.YCenter), x+sampleWidth+textGap, y, limit-sampleWidth-textGap)
			x += entryWidth(l, limit) + entryGap
		}
		y -= lineHeight
	}
}
