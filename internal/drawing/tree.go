package drawing

import (
	"math"
	"strconv"

	"gonum.org/v1/gonum/spatial/r2"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// branch is a core with what hangs from it, or a leg that ends there.
type branch struct {
	core     *core      // nil for a leg
	leg      decomp.Leg // to the core above
	children []*branch
	height   int     // 0 for a leg, above that of all children for a core
	width    float64 // that it and all below it have to themselves
	at       r2.Vec
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
	t.at.X = t.width / 2
	rows := make([]float64, t.height+1) // how far below the root
	t.spread(rows)
	for h := len(rows) - 2; h >= 0; h-- {
		rows[h] += rows[h+1]
	}
	f := &figure{}
	if own := g.cores[root].loose; len(own) > 0 && own[0].Size > 1 {
		// The root's own rank, which is summed over.
		top := r2.Vec{X: t.at.X, Y: -radius - legLength}
		f.leg(own[0], r2.Vec{X: t.at.X}, top)
		f.label(own[0], top, r2.Vec{Y: -1})
	}
	t.draw(f, rows)
	return f
}

// root is the core with a rank that joins nothing, as a hierarchical Tucker's
// has, or else the one without modes that joins most, as a Tucker core.
func (g graph) root() int {
	best, most, n := 0, math.MinInt, len(g.cores)
	for k, c := range g.cores {
		if score := c.joints - n*(c.in+c.out) + n*n*len(c.loose); score > most {
			best, most = k, score
		}
	}
	return best
}

// branch lists what hangs from core c, which was reached by a leg of core from,
// or is the root if that is -1.
func (g graph) branch(c int, leg decomp.Leg, from int) *branch {
	core := &g.cores[c]
	b := &branch{core: core, leg: leg, height: 1}
	for k, l := range core.Legs {
		switch other := core.across[k]; {
		case other >= 0 && other == from:
			continue
		case other >= 0:
			b.children = append(b.children, g.branch(other, l, c))
		case l.Kind == decomp.Rank && (l.Size == 1 || from < 0 && l == core.loose[0]):
			continue
		default:
			b.children = append(b.children, &branch{leg: l, width: max(legColumn, kindStyle(l.Kind).room(strconv.Itoa(l.Size))+space)})
		}
	}
	for _, child := range b.children {
		b.width += child.width
		b.height = max(b.height, child.height+1)
	}
	b.width = max(b.width, core.width+max(space, 2*core.rank)) // ranks draw near each other further up
	return b
}

// spread places the children from left to right, and sets how far each row is below the
// next one up.
func (b *branch) spread(rows []float64) {
	x := b.at.X
	for _, c := range b.children {
		x -= c.width / 2
	}
	below, widest := float64(radius+legLength), 0.0
	for _, c := range b.children {
		c.at.X = x + c.width/2
		x += c.width
		if widest = max(widest, math.Abs(c.at.X-b.at.X)); c.core != nil {
			below = rowHeight
			c.spread(rows)
		}
	}
	if len(b.children) > 2 && below == rowHeight {
		below = max(below, labelRaise+slope*widest)
	}
	rows[b.height-1] = max(rows[b.height-1], below)
}

// draw draws the branch and all below it.
func (b *branch) draw(f *figure, rows []float64) {
	b.at.Y = rows[b.height]
	for _, c := range b.children {
		bend := r2.Vec{X: c.at.X, Y: rows[b.height-1]}
		c.at.Y = rows[c.height]
		points := []r2.Vec{b.at, bend}
		if c.height < b.height-1 {
			points = append(points, c.at)
		}
		f.leg(c.leg, points...)
		if c.core == nil {
			f.label(c.leg, c.at, r2.Vec{Y: 1})
			continue
		}
		down := r2.Unit(r2.Sub(bend, b.at))
		side := r2.Vec{X: math.Copysign(down.Y, down.X), Y: -math.Abs(down.X)} // up and away from the middle
		f.label(c.leg, r2.Add(bend, r2.Scale(-labelRaise/down.Y, down)), side)
		c.draw(f, rows)
	}
	f.node(*b.core, b.at)
}
