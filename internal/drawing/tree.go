package drawing

import (
	"math"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// branch is a core with what hangs from it, or a leg that ends there.
type branch struct {
	core     int        // -1 for a leg
	leg      decomp.Leg // to the core above
	children []*branch
	height   int     // 0 for a leg, above that of all children for a core
	width    float64 // that it and all below it have to themselves
	at       point
}

const (
	rowHeight  = 2*radius + 54 // from a core to the one above
	legColumn  = 30            // of a mode at least
	labelRaise = radius + 20   // from a core to the label of its rank
	slope      = 0.7           // of the rank that is least steep, where a core joins more than two below
)

// tree puts leaves at the bottom and each core above the middle of what hangs
// from it, one row for each height. Nothing below one core is above or below
// what another core of its height has below it, and a rank that passes rows goes
// down straight above its core: no two lines cross.
func tree(g graph) *figure {
	root := g.root()
	t := g.branch(root, decomp.Leg{}, -1)
	t.at.x = t.width / 2
	t.spread()
	rows := make([]float64, t.height+1) // how far below the root
	t.measure(rows)
	for h := len(rows) - 2; h >= 0; h-- {
		rows[h] += rows[h+1]
	}
	f := &figure{}
	if own, ok := g.loose(root); ok && own.Size > 1 {
		// The root's own rank, which is summed over.
		top := point{t.at.x, -radius - legLength}
		f.leg(own, point{t.at.x, 0}, top)
		f.label(own, top, point{0, -1})
	}
	t.draw(f, g, rows)
	return f
}

// loose is the first rank of core c that joins nothing.
func (g graph) loose(c int) (decomp.Leg, bool) {
	for _, l := range g.cores[c].Legs {
		if _, joined := g.across(l, c); l.Kind == decomp.Rank && !joined {
			return l, true
		}
	}
	return decomp.Leg{}, false
}

// root is the core with a rank that joins nothing, as a hierarchical Tucker's
// has, or else the one without modes that joins most, as a Tucker core.
func (g graph) root() int {
	best, most := 0, -1
	for c, core := range g.cores {
		score := g.joints(c)
		for _, l := range core.Legs {
			_, joined := g.across(l, c)
			if l.Kind != decomp.Rank {
				score -= len(g.cores)
			} else if !joined {
				score += len(g.cores) * len(g.cores)
			}
		}
		if score > most || c == 0 {
			best, most = c, score
		}
	}
	return best
}

// branch lists what hangs from core c, which was reached by a leg of core from,
// or is the root if that is -1.
func (g graph) branch(c int, leg decomp.Leg, from int) *branch {
	b := &branch{core: c, leg: leg, height: 1}
	own := width(g.cores[c]) + max(space, 2*labelWidth(decomp.Rank)(g.cores[c])) // ranks draw near each other further up
	up, _ := g.loose(c)
	for _, l := range g.cores[c].Legs {
		other, joined := g.across(l, c)
		switch {
		case joined && other == from:
			continue
		case joined:
			b.children = append(b.children, g.branch(other, l, c))
		case l.Kind == decomp.Rank && (l.Size == 1 || from < 0 && l == up):
			continue
		default:
			b.children = append(b.children, &branch{core: -1, leg: l, width: max(legColumn, kindStyle(l.Kind).room(digits(l))+space)})
		}
	}
	for _, child := range b.children {
		b.width += child.width
		b.height = max(b.height, child.height+1)
	}
	b.width = max(b.width, own)
	return b
}

// spread places the children from left to right.
func (b *branch) spread() {
	total := 0.0
	for _, c := range b.children {
		total += c.width
	}
	x := b.at.x - total/2
	for _, c := range b.children {
		c.at.x = x + c.width/2
		x += c.width
		c.spread()
	}
}

// measure sets how far each row is below the next one up.
func (b *branch) measure(rows []float64) {
	below := float64(radius + legLength)
	widest := 0.0
	for _, c := range b.children {
		c.measure(rows)
		if c.core >= 0 {
			below = rowHeight
		}
		widest = max(widest, math.Abs(c.at.x-b.at.x))
	}
	if len(b.children) > 2 && below == rowHeight {
		below = max(below, labelRaise+slope*widest)
	}
	if b.height > 0 {
		rows[b.height-1] = max(rows[b.height-1], below)
	}
}

// draw draws the branch and all below it.
func (b *branch) draw(f *figure, g graph, rows []float64) {
	if b.core < 0 {
		return
	}
	b.at.y = rows[b.height]
	for _, c := range b.children {
		bend := point{c.at.x, rows[b.height-1]}
		c.at.y = rows[c.height]
		points := []point{b.at, bend}
		if c.height < b.height-1 {
			points = append(points, c.at)
		}
		f.leg(c.leg, points...)
		if c.core < 0 {
			f.label(c.leg, c.at, point{0, 1})
			continue
		}
		down := b.at.towards(bend)
		side := point{down.y, -down.x} // up and away from the middle
		if down.x < 0 {
			side = side.times(-1)
		}
		f.label(c.leg, bend.plus(down.times(-labelRaise/down.y)), side)
		c.draw(f, g, rows)
	}
	f.node(g.cores[b.core], b.at)
}
