package drawing

import (
	"math"
	"slices"
	"strconv"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// Lengths in pixels.
const (
	radius     = 22 // of a core
	legLength  = 28 // of a mode, from the core's edge
	edgeLength = 38 // of a rank, from one core's edge to the other's, at least
	gap        = 5  // from a line to its label
	space      = 14 // from a label or core to its neighbour
)

// point is a place or a direction. As in SVG, y grows downwards.
type point struct{ x, y float64 }

func (p point) plus(q point) point    { return point{p.x + q.x, p.y + q.y} }
func (p point) times(s float64) point { return point{p.x * s, p.y * s} }
func polar(radius, angle float64) point {
	return point{radius * math.Cos(angle), radius * math.Sin(angle)}
}
func (p point) towards(q point) point    { return point{q.x - p.x, q.y - p.y}.times(1 / p.distance(q)) }
func (p point) distance(q point) float64 { return math.Hypot(q.x-p.x, q.y-p.y) }

// box is a rectangle with sides along the axes.
type box struct{ min, max point }

func around(at point, width, height float64) box {
	half := point{width / 2, height / 2}
	return box{at.plus(half.times(-1)), at.plus(half)}
}

func (b box) union(c box) box {
	return box{point{min(b.min.x, c.min.x), min(b.min.y, c.min.y)}, point{max(b.max.x, c.max.x), max(b.max.y, c.max.y)}}
}

func (b box) width() float64  { return b.max.x - b.min.x }
func (b box) height() float64 { return b.max.y - b.min.y }

// node is a core: a circle, drawn out in width where its name needs it.
type node struct {
	at      point
	width   float64
	name    string
	in, out bool // whether it has modes of the kind
}

func (n node) box() box { return around(n.at, n.width, 2*radius) }

// line is a leg: straight from point to point, or with a radius the arc of a
// circle around centre, clockwise.
type line struct {
	kind   decomp.Kind
	size   int
	points []point
	centre point
	radius float64
}

// text is words around a place.
type text struct {
	at    point
	words string
	style style
}

func (t text) box() box { return around(t.at, t.style.room(t.words), t.style.size) }

// figure is a drawing laid out. Lines lie below cores.
type figure struct {
	lines []line
	nodes []node
	texts []text
}

func (f *figure) node(c decomp.Core, at point) {
	n := node{at: at, width: width(c), name: c.Name}
	for _, l := range c.Legs {
		n.in = n.in || l.Kind == decomp.Input
		n.out = n.out || l.Kind == decomp.Output
	}
	f.nodes = append(f.nodes, n)
}

// width is what a core takes.
func width(c decomp.Core) float64 { return max(2*radius, nameStyle.room(c.Name)+space) }

// leg draws a leg along straight lines.
func (f *figure) leg(l decomp.Leg, points ...point) {
	f.lines = append(f.lines, line{kind: l.Kind, size: l.Size, points: points})
}

// label writes a leg's size at a place on it, on the side that the unit vector
// points to.
func (f *figure) label(l decomp.Leg, at, side point) {
	t := text{words: digits(l), style: kindStyle(l.Kind)}
	b := t.box()
	away := gap + math.Abs(side.x)*b.width()/2 + math.Abs(side.y)*b.height()/2
	t.at = at.plus(side.times(away))
	f.texts = append(f.texts, t)
}

func digits(l decomp.Leg) string { return strconv.Itoa(l.Size) }

// labelWidth returns what the sizes of a core's legs of some kinds take at most.
func labelWidth(kinds ...decomp.Kind) func(c decomp.Core) float64 {
	return func(c decomp.Core) (most float64) {
		for _, l := range c.Legs {
			if slices.Contains(kinds, l.Kind) {
				most = max(most, kindStyle(l.Kind).room(digits(l)))
			}
		}
		return most
	}
}

// widest is the largest width of the cores.
func (g graph) widest(of func(c decomp.Core) float64) (most float64) {
	for _, c := range g.cores {
		most = max(most, of(c))
	}
	return most
}

// bounds is the rectangle that holds everything.
func (f *figure) bounds() box {
	b := box{point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}}
	for _, n := range f.nodes {
		b = b.union(n.box())
	}
	for _, t := range f.texts {
		b = b.union(t.box())
	}
	for _, l := range f.lines {
		for _, p := range l.points {
			b = b.union(box{p, p})
		}
		if l.radius > 0 {
			b = b.union(around(l.centre, 2*l.radius, 2*l.radius))
		}
	}
	return b
}

// add puts another figure's shapes here, moved.
func (f *figure) add(g *figure, by point) {
	for _, n := range g.nodes {
		n.at = n.at.plus(by)
		f.nodes = append(f.nodes, n)
	}
	for _, t := range g.texts {
		t.at = t.at.plus(by)
		f.texts = append(f.texts, t)
	}
	for _, l := range g.lines {
		moved := make([]point, len(l.points))
		for k, p := range l.points {
			moved[k] = p.plus(by)
		}
		l.points, l.centre = moved, l.centre.plus(by)
		f.lines = append(f.lines, l)
	}
}
