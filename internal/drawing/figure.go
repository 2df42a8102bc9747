package drawing

import (
	_ "embed"
	"encoding/xml"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"gonum.org/v1/gonum/spatial/r2"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/charts"
)

// Lengths in pixels.
const (
	radius     = 22 // of a core
	legLength  = 28 // of a mode, from the core's edge
	edgeLength = 38 // of a rank, from one core's edge to the other's, at least
	gap        = 5  // from a line to its label
	space      = 14 // from a label or core to its neighbour
)

// style is how words look.
type style struct {
	Size   float64
	Bold   bool
	Colour string
}

var (
	nameStyle  = style{Size: 13, Colour: "#222222"} // of cores, and in the legend
	titleStyle = style{Size: 15, Bold: true, Colour: "#222222"}
	plusStyle  = style{Size: 24, Colour: "#222222"}
)

// kindStyle is the style of the size of a leg, whose colour the leg has too. Colours are
// those of package charts, Okabe and Ito's, which people of any colour vision tell apart,
// but for a vermilion that is a little darker than theirs: digits are thin.
func kindStyle(k decomp.Kind) style {
	return style{Size: 13, Colour: map[decomp.Kind]string{decomp.Input: "#0072b2", decomp.Output: "#b84f00", decomp.Rank: "#5a5a5a"}[k]}
}

// wider is how much wider than Liberation Sans, or Arial, which has the same
// measures, the sans-serif font of a reader may be: DejaVu Sans and Verdana are.
const wider = 1.16

// room is the width that words may take on any reader's screen.
func (s style) room(words string) float64 { return wider * charts.Width(words, s.Size, s.Bold) }

// As in SVG, y grows downwards.
func polar(radius, angle float64) r2.Vec {
	return r2.Vec{X: radius * math.Cos(angle), Y: radius * math.Sin(angle)}
}

func around(at r2.Vec, width, height float64) r2.Box {
	half := r2.Vec{X: width / 2, Y: height / 2}
	return r2.Box{Min: r2.Sub(at, half), Max: r2.Add(at, half)}
}

// node is a core: a circle, drawn out in width where its name needs it.
type node struct {
	Label   text
	width   float64
	In, Out bool // whether it has modes of the kind
}

func (n node) Box() r2.Box { return around(n.Label.At, n.width, 2*radius) }

// line is a leg: straight from point to point, or with a radius the arc of a
// circle around centre, clockwise.
type line struct {
	kind   decomp.Kind
	Size   int
	Points []r2.Vec
	centre r2.Vec
	Radius float64
}

func (l line) Colour() string { return kindStyle(l.kind).Colour }

// text is words around a place.
type text struct {
	At    r2.Vec
	Words string
	Style style
}

func (t text) box() r2.Box { return around(t.At, t.Style.room(t.Words), t.Style.Size) }

// Baseline is where the middle of digits and capitals, which are 0.72 of a font's size
// high, is at At. Not every program knows dominant-baseline.
func (t text) Baseline() float64 { return t.At.Y + 0.36*t.Style.Size }

// figure is a drawing laid out. Lines lie below cores.
type figure struct {
	Lines []line
	Nodes []node
	Texts []text
}

func (f *figure) node(c core, at r2.Vec) {
	f.Nodes = append(f.Nodes, node{Label: text{at, c.Name, nameStyle}, width: c.width, In: c.in > 0, Out: c.out > 0})
}

// leg draws a leg along straight lines.
func (f *figure) leg(l decomp.Leg, points ...r2.Vec) {
	f.Lines = append(f.Lines, line{kind: l.Kind, Size: l.Size, Points: points})
}

// label writes a leg's size at a place on it, on the side that the unit vector points to.
func (f *figure) label(l decomp.Leg, at, side r2.Vec) {
	t := text{Words: strconv.Itoa(l.Size), Style: kindStyle(l.Kind)}
	size := t.box().Size()
	t.At = r2.Add(at, r2.Scale(gap+math.Abs(side.X)*size.X/2+math.Abs(side.Y)*size.Y/2, side))
	f.Texts = append(f.Texts, t)
}

// bounds is the rectangle that holds everything.
func (f *figure) bounds() r2.Box {
	var x, y []float64
	hold := func(b r2.Box) { x, y = append(x, b.Min.X, b.Max.X), append(y, b.Min.Y, b.Max.Y) }
	for _, n := range f.Nodes {
		hold(n.Box())
	}
	for _, t := range f.Texts {
		hold(t.box())
	}
	for _, l := range f.Lines {
		for _, p := range l.Points {
			hold(around(p, 0, 0))
		}
		if l.Radius > 0 {
			hold(around(l.centre, 2*l.Radius, 2*l.Radius))
		}
	}
	return r2.Box{Min: r2.Vec{X: slices.Min(x), Y: slices.Min(y)}, Max: r2.Vec{X: slices.Max(x), Y: slices.Max(y)}}
}

// add puts another figure's shapes here, moved.
func (f *figure) add(g *figure, by r2.Vec) {
	for _, n := range g.Nodes {
		n.Label.At = r2.Add(n.Label.At, by)
		f.Nodes = append(f.Nodes, n)
	}
	for _, t := range g.Texts {
		t.At = r2.Add(t.At, by)
		f.Texts = append(f.Texts, t)
	}
	for _, l := range g.Lines {
		l.Points, l.centre = slices.Clone(l.Points), r2.Add(l.centre, by)
		for k, p := range l.Points {
			l.Points[k] = r2.Add(p, by)
		}
		f.Lines = append(f.Lines, l)
	}
}

//go:embed svg.tmpl
var svg string

var page = template.Must(template.New("svg").Funcs(template.FuncMap{
	// A tenth of a pixel: what is less differs between processors.
	"number": func(v float64) string {
		return strconv.FormatFloat(math.Round(v*10)/10+0, 'f', -1, 64) // +0 makes -0 a 0
	},
	"escape": func(s string) (string, error) {
		var out strings.Builder
		err := xml.EscapeText(&out, []byte(s))
		return out.String(), err
	},
}).Parse(svg))

// svg writes the figure.
func (f *figure) svg(w io.Writer, size r2.Vec, title string) error {
	return page.Execute(w, struct {
		*figure
		Width, Height float64
		Title         string
	}{f, math.Ceil(size.X), math.Ceil(size.Y), title})
}
