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
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/tensorzoo/tensorzoo/internal/durable"
)

// dpi makes a point 4/3 of a pixel, as on the web, so text has its usual size
// when a picture is shown at 100 %.
const dpi = 96

// page is a white canvas that can be saved. Lengths are in points, and the
// origin is at the bottom left.
type page struct {
	draw.Canvas
	path string
	out  io.WriterTo
}

// format returns the ending of path, which must be one that a page can have.
func format(path string) (string, error) {
	ending := strings.ToLower(filepath.Ext(path))
	if ending != ".png" && ending != ".svg" {
		return "", errors.Errorf("charts: %s: ending is %q, want .png or .svg", path, filepath.Ext(path))
	}
	return ending, nil
}

func newPage(path string, width, height vg.Length) (*page, error) {
	ending, err := format(path)
	if err != nil {
		return nil, err
	}
	p := &page{path: path}
	if ending == ".svg" {
		c := &svg{Canvas: vgsvg.New(width, height)}
		p.Canvas, p.out = draw.New(c), c
	} else {
		c := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))}
		p.Canvas, p.out = draw.New(c), c
	}
	p.fill(p.Rectangle, color.White)
	return p, nil
}

// save writes the page: whoever opens path, at whatever time, finds a whole
// picture.
func (p *page) save() error {
	err := durable.WriteFile(p.path, func(w io.Writer) error {
		_, err := p.out.WriteTo(w)
		return err
	})
	return errors.Wrapf(err, "charts: %s", p.path)
}

// svg is a canvas whose text has the width it was laid out with, whatever font the
// reader has: it is stretched or squeezed to it where that is not Liberation Sans,
// or Arial, which has the same measures.
type svg struct {
	*vgsvg.Canvas
	widths []vg.Length // of the texts so far
}

func (c *svg) FillString(f font.Face, at vg.Point, s string) {
	c.widths = append(c.widths, f.Width(s))
	c.Canvas.FillString(f, at, s)
}

func (c *svg) WriteTo(w io.Writer) (int64, error) {
	var drawn bytes.Buffer
	if _, err := c.Canvas.WriteTo(&drawn); err != nil {
		return 0, err
	}
	const family, element = "font-family:Liberation Sans", "<text "
	var out bytes.Buffer
	parts := strings.Split(strings.ReplaceAll(drawn.String(), family+";", family+",Arial,Helvetica,sans-serif;"), element)
	for k, part := range parts {
		if k > 0 {
			out.WriteString(element)
			if width := c.widths[k-1]; width > 0 {
				fmt.Fprintf(&out, `textLength="%.5g" lengthAdjust="spacingAndGlyphs" `, width.Points())
			}
		}
		out.WriteString(part)
	}
	return out.WriteTo(w)
}

// fill paints r.
func (p *page) fill(r vg.Rectangle, c color.Color) {
	p.SetColor(c)
	p.Fill(r.Path())
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
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
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
