package main

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"

	"github.com/pkg/errors"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/tensorzoo/tensorzoo/zoo"
)

var (
	ground = color.RGBA{0, 0, 0, 0xb0}
	bar    = color.RGBA{0x2a, 0x78, 0xb8, 0xff}
)

// label draws answers: a line per class, its probability as a bar behind it.
type label struct {
	face font.Face
	line int // height of one
	pad  int
}

// newLabel makes letters for frames of a height.
func newLabel(height int) (*label, error) {
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, errors.Wrap(err, "predict: font")
	}
	size := max(12, float64(height)/18)
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, errors.Wrap(err, "predict: font")
	}
	return &label{face: face, line: face.Metrics().Height.Ceil() + int(size/3), pad: int(size / 2)}, nil
}

// draw puts the answer into the upper left corner. Names too long for the frame are
// cut.
func (l *label) draw(on *image.RGBA, classes []zoo.Guess) {
	room := on.Bounds().Dx() - 2*l.pad
	number := font.MeasureString(l.face, "100.0 %").Ceil()
	name := 0
	for _, g := range classes {
		name = max(name, font.MeasureString(l.face, g.Class).Ceil())
	}
	width := min(room, name+l.pad+number+2*l.pad)
	box := image.Rect(l.pad, l.pad, l.pad+width, l.pad+l.line*len(classes))
	draw.Draw(on, box, image.NewUniform(ground), image.Point{}, draw.Over)
	for k, g := range classes {
		row := image.Rect(box.Min.X, box.Min.Y+k*l.line, box.Max.X, box.Min.Y+(k+1)*l.line)
		filled := row.Inset(1)
		filled.Max.X = filled.Min.X + int(g.Probability*float64(filled.Dx()))
		draw.Draw(on, filled, image.NewUniform(bar), image.Point{}, draw.Over)
		inner := on.SubImage(image.Rect(row.Min.X, row.Min.Y, row.Max.X-number-2*l.pad, row.Max.Y)).(*image.RGBA)
		l.text(inner, row.Min.X+l.pad, row, g.Class)
		percent := fmt.Sprintf("%.1f %%", 100*g.Probability)
		l.text(on, row.Max.X-l.pad-font.MeasureString(l.face, percent).Ceil(), row, percent)
	}
}

// text writes a line into a row, from x on.
func (l *label) text(on draw.Image, x int, row image.Rectangle, s string) {
	m := l.face.Metrics()
	baseline := row.Min.Y + (row.Dy()+m.Ascent.Ceil()-m.Descent.Ceil())/2
	d := font.Drawer{Dst: on, Src: image.NewUniform(color.White), Face: l.face, Dot: fixed.P(x, baseline)}
	d.DrawString(s)
}
