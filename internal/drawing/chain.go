package drawing

import "github.com/tensorzoo/tensorzoo/decomp"

// chain puts the cores in a row, input modes above and output modes below, as
// tensor trains are drawn.
func chain(g graph, order []int, ranks []decomp.Leg) *figure {
	var core, rank, mode float64 // the widest
	for _, c := range g.cores {
		core = max(core, width(c))
		rank = max(rank, labelWidth(c, decomp.Rank))
		mode = max(mode, labelWidth(c, decomp.Input, decomp.Output))
	}
	pitch := max(core+max(edgeLength, rank+space), mode+space)
	f := &figure{}
	for k, c := range order {
		at := point{float64(k) * pitch, 0}
		if k < len(ranks) {
			next := point{float64(k+1) * pitch, 0} // exactly where the next core is
			f.leg(ranks[k], at, next)
			f.label(ranks[k], at.plus(next).times(0.5), point{0, -1})
		}
		for _, l := range g.cores[c].Legs {
			side := point{0, 1}
			switch l.Kind {
			case decomp.Rank:
				continue
			case decomp.Input:
				side.y = -1
			}
			end := at.plus(side.times(radius + legLength))
			f.leg(l, at, end)
			f.label(l, end, side)
		}
		f.node(g.cores[c], at)
	}
	return f
}
