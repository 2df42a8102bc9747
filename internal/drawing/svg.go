package drawing

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// svg writes the figure on white, so that it can be read on dark pages as well.
func (f *figure) svg(w io.Writer, size point, title string) error {
	var out bytes.Buffer
	width, height := number(math.Ceil(size.x)), number(math.Ceil(size.y))
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %s %s" role="img"`, width, height, width, height)
	fmt.Fprintf(&out, ` font-family="Liberation Sans, Arial, Helvetica, sans-serif" text-anchor="middle">`+"\n")
	fmt.Fprintf(&out, "<title>%s</title>\n", escape(title))
	fmt.Fprintf(&out, `<rect width="%s" height="%s" fill="%s"/>`+"\n", width, height, paper)
	for _, l := range f.lines {
		fmt.Fprintf(&out, `<path d="%s" fill="none" stroke="%s" stroke-width="%s"/>`+"\n", l.path(), colours[l.kind], number(l.thickness()))
	}
	for _, n := range f.nodes {
		b := n.box()
		fmt.Fprintf(&out, `<rect x="%s" y="%s" width="%s" height="%s" rx="%s" fill="%s" stroke="%s" stroke-width="1.5"/>`+"\n",
			number(b.min.x), number(b.min.y), number(b.width()), number(b.height()), number(radius), n.fill(), ink)
		text{at: n.at, words: n.name, style: nameStyle}.svg(&out)
	}
	for _, t := range f.texts {
		t.svg(&out)
	}
	out.WriteString("</svg>\n")
	_, err := w.Write(out.Bytes())
	return err
}

func (t text) svg(out *bytes.Buffer) {
	weight := ""
	if t.style.bold {
		weight = ` font-weight="bold"`
	}
	// Digits and capitals are 0.72 of a font's size high: with the baseline here
	// their middle is at t.at. Not every program knows dominant-baseline.
	fmt.Fprintf(out, `<text x="%s" y="%s" font-size="%s"%s fill="%s">%s</text>`+"\n",
		number(t.at.x), number(t.at.y+0.36*t.style.size), number(t.style.size), weight, t.style.colour, escape(t.words))
}

// path is the line as SVG has it.
func (l line) path() string {
	var d strings.Builder
	for k, p := range l.points {
		switch {
		case k == 0:
			d.WriteString("M")
		case l.radius > 0:
			r := number(l.radius)
			fmt.Fprintf(&d, " A%s %s 0 0 1 ", r, r)
		default:
			d.WriteString(" L")
		}
		d.WriteString(number(p.x) + " " + number(p.y))
	}
	return d.String()
}

// thickness shows which legs could be left out: those of size 1.
func (l line) thickness() float64 {
	if l.size == 1 {
		return 0.8
	}
	return 2
}

// number writes a length to a tenth of a pixel: what is less differs between
// processors.
func number(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10+0, 'f', -1, 64) // +0 makes -0 a 0
}

func escape(s string) string {
	var out bytes.Buffer
	if err := xml.EscapeText(&out, []byte(s)); err != nil {
		panic(err) // a buffer takes everything
	}
	return out.String()
}
