// Package charts draws curves, bars and confusion matrices as PNG or SVG files, with gonum's plots.
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
	"gonum.org/v1/plot"
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
	layOut() (width, height vg.Length, paint func(c draw.Canvas))
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
	if err == nil {
		err = durable.WriteFile(path, func(w io.Writer) error { _, err := render(ending, p).WriteTo(w); return err })
	}
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

// render draws p on a white canvas. A point is 4/3 of a pixel, as on the web, so that text
// has its usual size when a picture is shown at 100 %.
func render(ending string, p Picture) io.WriterTo {
	width, height, paint := p.layOut()
	var canvas vg.CanvasWriterTo = &svg{Canvas: vgsvg.New(width, height)}
	if ending == ".png" {
		canvas = vgimg.PngCanvas{Canvas: vgimg.New(width, height)}
	}
	c := draw.New(canvas)
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	paint(c)
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

// Lengths in points. On a phone a panel is 358 px wide, and its text still 9 px high.
const (
	panelWidth  = 411
	panelHeight = 300 // without the legend
	dataWidth   = 320 // less than the data have
	margin      = 12
	titleHeight = 28
	lineHeight  = 18 // of a line of text
	textGap     = 4

	// Of text.
	titleSize = 13
	labelSize = 12
	tickSize  = 11

	rise = 0.12 // of its size: where a line of text is in the middle, its letters seem too low
)

var (
	ink   = color.RGBA{R: 0x22, G: 0x22, B: 0x22, A: 0xff}
	faint = color.RGBA{R: 0xe2, G: 0xe2, B: 0xe2, A: 0xff}
)

// newPlot returns a plot with our looks and no data.
func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor, p.TextHandler = nil, sans
	for a, label := range map[*plot.Axis]string{&p.X: x, &p.Y: y} {
		a.Label.TextStyle = style(labelSize, draw.XCenter, draw.YBottom)
		a.Label.Text = fit(label, a.Label.TextStyle, panelHeight-2*titleHeight)
		a.Label.Padding, a.Padding = textGap, 0
		a.Tick.Label.Font, a.Tick.Label.Handler, a.Tick.Label.Color = style(tickSize, 0, 0).Font, sans, ink
		a.Tick.Length, a.LineStyle.Color, a.Tick.LineStyle.Color = textGap, ink, ink
	}
	return p
}

// nominal makes a an axis of names, cut to width, of which every how many-th is written. It
// returns the width of the longest.
func nominal(a *plot.Axis, names []string, every int, width vg.Length) (longest vg.Length) {
	var ticks plot.ConstantTicks
	for i := 0; i < len(names); i += every {
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: fit(names[i], a.Tick.Label, width)})
		longest = max(longest, a.Tick.Label.Width(ticks[len(ticks)-1].Label))
	}
	a.Min, a.Max, a.Tick.Marker, a.Tick.Length = -0.5, float64(len(names))-0.5, ticks, 0
	return longest
}

// drawTitle writes a title above the middle of a plot's data. gonum's own is above the middle
// of data and labels, nearer or farther as the highest of these is.
func drawTitle(data draw.Canvas, title string) {
	s := heading()
	data.FillText(s, vg.Point{X: data.Center().X, Y: data.Max.Y + titleHeight/2 + rise*titleSize}, fit(title, s, data.Size().X))
}

func heading() draw.TextStyle {
	s := style(titleSize, draw.XCenter, draw.YCenter)
	s.Font.Weight = stdfont.WeightBold
	return s
}

// sans lays out text in fonts that are part of the program.
var sans = text.Plain{Fonts: font.NewCache(liberation.Collection())}

// style is plain text. x and y say which of its sides, or its middle, is at the point where it is drawn.
func style(size vg.Length, x draw.XAlignment, y draw.YAlignment) draw.TextStyle {
	return draw.TextStyle{Color: ink, Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}, XAlign: x, YAlign: y, Handler: sans}
}

// fit returns s without what cannot be printed, cut to width.
func fit(s string, style draw.TextStyle, width vg.Length) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
	if style.Width(s) <= width {
		return s
	}
	runes := []rune(s)
	for len(runes) > 0 && style.Width(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// Width is that of text in the font of the pictures, which is part of the program, in the unit of its size.
func Width(words string, size float64, isBold bool) float64 {
	s := style(vg.Length(size), 0, 0)
	if isBold {
		s.Font.Weight = stdfont.WeightBold
	}
	return float64(s.Width(words))
}
