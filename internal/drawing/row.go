package drawing

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/spatial/r2"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// row is how cores that follow one another are placed: those of a chain or of a ring.
type row struct {
	at     func(k float64) r2.Vec // of the k-th core from 0 on, and between two
	out    func(k float64) ways   // from there
	radius float64                // of a ring
}

// ways are where modes point, by their kinds, and where the size of a rank lies.
type ways [decomp.Rank + 1]r2.Vec

// chain puts the cores in a row, input modes above and output modes below, as
// tensor trains are drawn.
func chain(g graph, order []int, ranks []decomp.Leg) *figure {
	pitch := max(g.width+max(edgeLength, g.label[decomp.Rank]+space), max(g.label[decomp.Input], g.label[decomp.Output])+space)
	return row{
		at:  func(k float64) r2.Vec { return r2.Vec{X: k * pitch} },
		out: func(float64) ways { return ways{decomp.Input: {Y: -1}, decomp.Output: {Y: 1}, decomp.Rank: {Y: -1}} },
	}.draw(g, order, ranks)
}

// ring puts the cores around a circle, clockwise, those of input modes at the
// top; modes point outwards, and the sizes of the ranks stand inside.
func ring(g graph, order []int, ranks []decomp.Leg) *figure {
	inputs := 0
	for _, c := range g.cores {
		inputs += c.in
	}
	n, label := float64(len(order)), slices.Max(g.label[:])
	pitch := g.width + max(edgeLength, label+space)
	r := max(pitch/(2*math.Sin(math.Pi/n)), 2*radius+label) // the second for rings of two or three cores
	angle := func(k float64) float64 { return 2*math.Pi*(k-float64(inputs-1)/2)/n - math.Pi/2 }
	return row{
		at: func(k float64) r2.Vec { return polar(r, angle(k)) },
		out: func(k float64) ways {
			out := polar(1, angle(k))
			return ways{decomp.Input: out, decomp.Output: out, decomp.Rank: r2.Scale(-1, out)}
		},
		radius: r,
	}.draw(g, order, ranks)
}

// draw draws the cores, their modes, and the rank from each to the next.
func (r row) draw(g graph, order []int, ranks []decomp.Leg) *figure {
	f := &figure{}
	for k, c := range order {
		core, at, place := g.cores[c], r.at(float64(k)), float64(k)
		if k < len(ranks) {
			next := r.at(float64((k + 1) % len(order))) // exactly where the next core is
			f.Lines = append(f.Lines, line{kind: decomp.Rank, Size: ranks[k].Size, Points: []r2.Vec{at, next}, Radius: r.radius})
			f.label(ranks[k], r.at(place+0.5), r.out(place + 0.5)[decomp.Rank])
		}
		for _, l := range core.Legs {
			if l.Kind != decomp.Rank {
				// A core may be wider than high.
				out := r.out(place)[l.Kind]
				end := r2.Add(at, r2.Scale(legLength+math.Abs(out.X)*core.width/2+math.Abs(out.Y)*radius, out))
				f.leg(l, at, end)
				f.label(l, end, out)
			}
		}
		f.node(core, at)
	}
	return f
}
