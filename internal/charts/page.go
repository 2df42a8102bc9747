package charts

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/pkg/errors"
	stdfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/tensorzoo/tensorzoo/internal/durable"
)

// Picture is what Save and SVG draw: Panels, a BarPanel or a Matrix.
type Picture interface {
	check() error
	layOut() (width, height vg.Length, draw func(pg *page))
}

// Save draws a picture and writes it to path as PNG or SVG, as its extension says. No
// reader ever sees half a file. It returns an error when the picture has nothing to draw
// or its parts don't fit together, as its type says, when the extension is another one,
// or when the file cannot be written.
func Save(path string, p Picture) error {
	ending := strings.ToLower(filepath.Ext(path))
	err := p.check()
	if err == nil && ending != ".png" && ending != ".svg" {
		err = errors.Errorf("ending is %q, want .png or .svg", filepath.Ext(path))
	}
	if err != nil {
		return errors.Wrapf(err, "charts: %s", path)
	}
	return save(path, render(ending, p))
}

func save(path string, drawn io.WriterTo) error {
	err := durable.WriteFile(path, func(w io.Writer) error { _, err := drawn.WriteTo(w); return err })
	return errors.Wrapf(err, "charts: %s", path)
}

// SVG draws a picture and writes it as an SVG file. It returns the width in px at which the
// smallest text of the picture can be read, and an error as Save does.
func SVG(w io.Writer, p Picture) (readable float64, err error) {
	if err := p.check(); err != nil {
		return 0, errors.Wrap(err, "charts")
	}
	drawn := render(".svg", p).(*svg)
	_, err = drawn.WriteTo(w)
	width, _ := drawn.Size()
	return math.Ceil(9 * width.Points() / drawn.smallest.Points()), err
}

// dpi makes a point 4/3 of a pixel, as on the web, so text has its usual size
// when a picture is shown at 100 %.
const dpi = 96

// page is a white canvas. Lengths are in points, and the origin is at the bottom left.
type page struct{ draw.Canvas }

func render(ending string, p Picture) io.WriterTo {
	width, height, paint := p.layOut()
	var canvas interface {
		vg.CanvasSizer
		io.WriterTo
	} = &svg{Canvas: vgsvg.New(width, height)}
	if ending == ".png" {
		canvas = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))}
	}
	pg := &page{draw.New(canvas)}
	pg.fill(pg.Rectangle, color.White)
	paint(pg)
	return canvas
}

// svg is a canvas whose text has the width it was laid out with, whatever font the
// reader has: it is stretched or squeezed to it where that is not Liberation Sans,
// or Arial, which has the same measures.
type svg struct {
	*vgsvg.Canvas
	widths   []vg.Length // of the texts so far
	smallest vg.Length   // size of them
}

func (c *svg) FillString(f font.Face, at vg.Point, s string) {
	c.widths = append(c.widths, f.Width(s))
	if size := f.Font.Size; c.smallest == 0 || size < c.smallest {
		c.smallest = size
	}
	c.Canvas.FillString(f, at, s)
}

func (c *svg) WriteTo(w io.Writer) (int64, error) {
	var drawn bytes.Buffer
	if _, err := c.Canvas.WriteTo(&drawn); err != nil {
		return 0, err
	}
	const family = "font-family:Liberation Sans"
	parts := strings.SplitAfter(strings.ReplaceAll(drawn.String(), family+";", family+",Arial,Helvetica,sans-serif;"), "<text ")
	for k, width := range c.widths {
		if width > 0 {
			parts[k] += fmt.Sprintf(`textLength="%.5g" lengthAdjust="spacingAndGlyphs" `, width.Points())
		}
	}
	n, err := io.WriteString(w, strings.Join(parts, ""))
	return int64(n), err
}

// fill paints r.
func (p *page) fill(r vg.Rectangle, c color.Color) {
	p.SetColor(c)
	p.Fill(r.Path())
}

// rule draws a thin line.
func (p *page) rule(c color.Color, x0, y0, x1, y1 vg.Length) {
	p.StrokeLine2(draw.LineStyle{Color: c, Width: ruleWidth}, x0, y0, x1, y1)
}

// text writes s on one line, cut to width, at (x, y).
func (p *page) text(s string, style draw.TextStyle, x, y, width vg.Length) {
	at := vg.Point{X: x, Y: y}
	if style.YAlign == draw.YCenter {
		// FillText puts the middle of the line there, the letters seem too low.
		up := style.Font.Size * 0.12
		at = at.Add(vg.Point{X: -up * vg.Length(math.Sin(style.Rotation)), Y: up * vg.Length(math.Cos(style.Rotation))})
	}
	p.FillText(style, at, fit(s, style, width))
}

// fit returns s without what cannot be printed, cut to width.
func fit(s string, style draw.TextStyle, width vg.Length) string {
	runes := []rune(s)
	for k, r := range runes {
		if !unicode.IsPrint(r) {
			runes[k] = ' '
		}
	}
	if style.Width(string(runes)) <= width {
		return string(runes)
	}
	for len(runes) > 0 && style.Width(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// rect is the rectangle between two corners.
func rect(x0, y0, x1, y1 vg.Length) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: x0, Y: y0}, Max: vg.Point{X: x1, Y: y1}}
}

// Lengths in points. On a phone a panel is 358 px wide, and its text still 9 px high.
const (
	panelWidth  = 411
	panelHeight = 300 // without the legend
	dataWidth   = 320 // less than the data have
	margin      = 12
	titleHeight = 28
	lineHeight  = 18 // of a line of text
	tickLength  = 5
	textGap     = 4
	ruleWidth   = 0.75

	// Of text.
	titleSize = 13
	labelSize = 12
	tickSize  = 11
)

var (
	ink   = color.RGBA{R: 0x22, G: 0x22, B: 0x22, A: 0xff}
	faint = color.RGBA{R: 0xe2, G: 0xe2, B: 0xe2, A: 0xff}
)

// palette is that of Okabe and Ito ("Color Universal Design", 2008), which
// people of any colour vision tell apart, without its yellow, too pale for a
// line on white.
var palette = []color.NRGBA{
	{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}, // blue
	{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff}, // vermilion
	{R: 0x00, G: 0x9e, B: 0x73, A: 0xff}, // bluish green
	{R: 0xcc, G: 0x79, B: 0xa7, A: 0xff}, // reddish purple
	{R: 0xe6, G: 0x9f, B: 0x00, A: 0xff}, // orange
	{R: 0x56, G: 0xb4, B: 0xe9, A: 0xff}, // sky blue
	{R: 0x00, G: 0x00, B: 0x00, A: 0xff}, // black
}

// dashes distinguish lines without any colour.
var dashes = [][]vg.Length{nil, {7, 3}, {2, 2}, {9, 3, 2, 3}, {14, 3}}

// sans lays out text in fonts that are part of the program.
var sans = text.Plain{Fonts: font.NewCache(liberation.Collection())}

// style is plain text. x and y say which of its sides, or its middle, is at the
// point where it is drawn.
func style(size vg.Length, x draw.XAlignment, y draw.YAlignment) draw.TextStyle {
	return draw.TextStyle{Color: ink, Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}, XAlign: x, YAlign: y, Handler: sans}
}

// Width is that of text in the font of the pictures, which is part of the program, in the
// unit of its size.
func Width(words string, size float64, isBold bool) float64 {
	s := style(vg.Length(size), 0, 0)
	if isBold {
		s = bold(s)
	}
	return float64(s.Width(words))
}

// heading is the text of titles, bold and centred.
func heading() draw.TextStyle { return bold(style(titleSize, draw.XCenter, draw.YCenter)) }

func bold(s draw.TextStyle) draw.TextStyle {
	s.Font.Weight = stdfont.WeightBold
	return s
}

// upwards turns text by a quarter, to be read from below.
func upwards(s draw.TextStyle) draw.TextStyle {
	s.Rotation = math.Pi / 2
	return s
}
