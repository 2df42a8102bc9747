package drawing

import (
	"math"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// ring puts the cores around a circle, clockwise, those of input modes at the
// top; modes point outwards, and the sizes of the ranks stand inside.
func ring(g graph, order []int, ranks []decomp.Leg) *figure {
	var core, label float64 // the widest
	inputs := 0
	for k, c := range g.cores {
		core = max(core, width(c))
		label = max(label, labelWidth(c, decomp.Input, decomp.Output, decomp.Rank))
		in, _, _ := g.modes(k)
		inputs += in
	}
	n := float64(len(order))
	pitch := core + max(edgeLength, label+space)
	r := max(pitch/(2*math.Sin(math.Pi/n)), 2*radius+label) // the second for rings of two or three cores
	angle := func(k float64) float64 { return 2*math.Pi*(k-float64(inputs-1)/2)/n - math.Pi/2 }
	f := &figure{}
	places := make([]point, len(order)+1)
	for k := range order {
		places[k] = polar(r, angle(float64(k)))
	}
	places[len(order)] = places[0]
	for k, c := range order {
		at, out := places[k], polar(1, angle(float64(k)))
		between := angle(float64(k) + 0.5)
		f.lines = append(f.lines, line{kind: decomp.Rank, size: ranks[k].Size, points: []point{at, places[k+1]}, radius: r})
		f.label(ranks[k], polar(r, between), polar(-1, between))
		for _, l := range g.cores[c].Legs {
			if l.Kind != decomp.Rank {
				// A core may be wider than high.
				end := at.plus(out.times(legLength + math.Abs(out.x)*width(g.cores[c])/2 + math.Abs(out.y)*radius))
				f.leg(l, at, end)
				f.label(l, end, out)
			}
		}
		f.node(g.cores[c], at)
	}
	return f
}
