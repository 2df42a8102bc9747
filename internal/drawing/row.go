package drawing

import (
	"math"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// row is how cores that follow one another are placed: those of a chain or of a ring.
type row struct {
	at     func(k float64) point                   // of the k-th core from 0 on, and between two
	out    func(k float64, kind decomp.Kind) point // the way that a mode of it points, or the size of a rank lies
	radius float64                                 // of a ring
}

// chain puts the cores in a row, input modes above and output modes below, as
// tensor trains are drawn.
func chain(g graph, order []int, ranks []decomp.Leg) *figure {
	core, rank, mode := g.widest(width), g.widest(labelWidth(decomp.Rank)), g.widest(labelWidth(decomp.Input, decomp.Output))
	pitch := max(core+max(edgeLength, rank+space), mode+space)
	return row{
		at: func(k float64) point { return point{k * pitch, 0} },
		out: func(_ float64, kind decomp.Kind) point {
			if kind == decomp.Output {
				return point{0, 1}
			}
			return point{0, -1}
		},
	}.draw(g, order, ranks)
}

// ring puts the cores around a circle, clockwise, those of input modes at the
// top; modes point outwards, and the sizes of the ranks stand inside.
func ring(g graph, order []int, ranks []decomp.Leg) *figure {
	inputs := 0
	for c := range g.cores {
		in, _, _ := g.modes(c)
		inputs += in
	}
	core, label := g.widest(width), g.widest(labelWidth(decomp.Input, decomp.Output, decomp.Rank))
	n := float64(len(order))
	pitch := core + max(edgeLength, label+space)
	r := max(pitch/(2*math.Sin(math.Pi/n)), 2*radius+label) // the second for rings of two or three cores
	angle := func(k float64) float64 { return 2*math.Pi*(k-float64(inputs-1)/2)/n - math.Pi/2 }
	return row{
		at: func(k float64) point { return polar(r, angle(k)) },
		out: func(k float64, kind decomp.Kind) point {
			if kind == decomp.Rank {
				return polar(-1, angle(k))
			}
			return polar(1, angle(k))
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
			f.lines = append(f.lines, line{kind: decomp.Rank, size: ranks[k].Size, points: []point{at, next}, radius: r.radius})
			f.label(ranks[k], r.at(place+0.5), r.out(place+0.5, decomp.Rank))
		}
		for _, l := range core.Legs {
			if l.Kind != decomp.Rank {
				// A core may be wider than high.
				out := r.out(place, l.Kind)
				end := at.plus(out.times(legLength + math.Abs(out.x)*width(core)/2 + math.Abs(out.y)*radius))
				f.leg(l, at, end)
				f.label(l, end, out)
			}
		}
		f.node(core, at)
	}
	return f
}
