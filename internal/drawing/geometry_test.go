package drawing

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/zoo"
)

const clearance = 2 // pixels between any two things that don't belong together

// Whatever the modes, ranks and trees: no two labels or cores overlap, no leg
// runs through a label, a core that is not its own or another leg, and all is on
// the page.
func TestNothingOverlaps(t *testing.T) {
	for name, draw := range random {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				m := draw(t)
				title := rapid.StringMatching(`[A-Za-z0-9 ,×]{0,60}`).Draw(t, "title")
				checkPage(t, Panel{title, m}, Panel{"another", m})
			})
		})
	}
}

func TestZoo(t *testing.T) {
	entries, err := zoo.List("")
	require.NoError(t, err)
	for _, e := range entries {
		weights, err := e.Spec.Weights()
		require.NoError(t, err)
		for _, w := range weights {
			checkPage(t, Panel{e.Name, w.Matrix})
		}
	}
}

func checkPage(t require.TestingT, panels ...Panel) {
	f, size, err := compose(panels)
	require.NoError(t, err)
	for _, wrong := range f.wrong(size) {
		require.Fail(t, wrong)
	}
}

// wrong lists what overlaps or is off the page.
func (f *figure) wrong(size point) []string {
	type thing struct {
		what string
		box  box
	}
	var things []thing
	for _, n := range f.nodes {
		things = append(things, thing{"core " + n.name, n.box()})
	}
	for _, t := range f.texts { // what they take is measured once, which is slow
		if t.words != "" {
			things = append(things, thing{fmt.Sprintf("text %q", t.words), t.box()})
		}
	}
	var list []string
	for i, a := range things {
		if a.box.min.x < clearance || a.box.min.y < clearance || a.box.max.x > size.x-clearance || a.box.max.y > size.y-clearance {
			list = append(list, fmt.Sprintf("%s at %v is off the page of %v", a.what, a.box, size))
		}
		for j, b := range things[:i] {
			if near(a.box, b.box) && !(j < len(f.nodes) && i >= len(f.nodes) && f.nodes[j].apart(a.box)) {
				list = append(list, fmt.Sprintf("%s at %v and %s at %v overlap", a.what, a.box, b.what, b.box))
			}
		}
	}
	drawn := make([][]point, len(f.lines)) // what cores don't hide
	covers := make([]box, len(f.lines))
	for i, l := range f.lines {
		what := fmt.Sprintf("line of size %d from %v to %v", l.size, l.points[0], l.points[len(l.points)-1])
		for _, p := range l.along() {
			if p.x < clearance || p.y < clearance || p.x > size.x-clearance || p.y > size.y-clearance {
				list = append(list, what+" leaves the page")
			}
			hidden := false
			for _, n := range f.nodes {
				d := n.distance(p)
				if n.at == l.points[0] || n.at == l.points[len(l.points)-1] {
					hidden = hidden || d < 0
				} else if d < clearance {
					list = append(list, fmt.Sprintf("%s runs through core %s at %v", what, n.name, n.at))
				}
			}
			for _, t := range things[len(f.nodes):] {
				if near(box{p, p}, t.box) {
					list = append(list, fmt.Sprintf("%s runs through %s at %v", what, t.what, t.box))
				}
			}
			if !hidden {
				drawn[i] = append(drawn[i], p)
				if len(drawn[i]) == 1 {
					covers[i] = box{p, p}
				}
				covers[i] = covers[i].union(box{p, p})
			}
		}
		if len(drawn[i]) < 3 {
			list = append(list, what+" cannot be seen")
		}
		for j := range drawn[:i] {
			if near(covers[i], covers[j]) && nearest(drawn[i], drawn[j]) < clearance {
				list = append(list, fmt.Sprintf("%s meets the line from %v to %v", what, f.lines[j].points[0], f.lines[j].points[len(f.lines[j].points)-1]))
			}
		}
	}
	return list
}

func near(a, b box) bool {
	return a.min.x < b.max.x+clearance && b.min.x < a.max.x+clearance && a.min.y < b.max.y+clearance && b.min.y < a.max.y+clearance
}

// distance from the rim of a core, below 0 inside.
func (n node) distance(p point) float64 {
	straight := n.width/2 - radius // half of the part between the round ends
	dx := max(0, math.Abs(p.x-n.at.x)-straight)
	return math.Hypot(dx, p.y-n.at.y) - radius
}

// apart reports whether a box is off the core, whose ends are round.
func (n node) apart(b box) bool {
	x := max(b.min.x, min(n.at.x, b.max.x)) // the box's point nearest to the core
	y := max(b.min.y, min(n.at.y, b.max.y))
	return n.distance(point{x, y}) >= clearance
}

// along lists points of a line, less than two pixels apart.
func (l line) along() []point {
	var ps []point
	for k := 1; k < len(l.points); k++ {
		from, to := l.points[k-1], l.points[k]
		if l.radius > 0 {
			start := math.Atan2(from.y-l.centre.y, from.x-l.centre.x)
			turn := math.Atan2(to.y-l.centre.y, to.x-l.centre.x) - start
			if turn < 0 {
				turn += 2 * math.Pi
			}
			n := math.Ceil(turn * l.radius / 1.9)
			for s := 0.0; s <= n; s++ {
				ps = append(ps, l.centre.plus(polar(l.radius, start+turn*s/n)))
			}
			continue
		}
		n := max(1, math.Ceil(from.distance(to)/1.9))
		for s := 0.0; s <= n; s++ {
			ps = append(ps, from.times(1-s/n).plus(to.times(s/n)))
		}
	}
	return ps
}

func nearest(a, b []point) float64 {
	least := math.Inf(1)
	for _, p := range a {
		for _, q := range b {
			least = min(least, math.Abs(p.x-q.x)+math.Abs(p.y-q.y)) // no less than the distance
		}
	}
	return least
}

// random matrices, of up to 8 modes and 4 blocks, with sizes that no check of
// theirs would pass: to a drawing they are digits. A train's two ends stay 1.
var random = map[string]func(*rapid.T) *decomp.Matrix{
	"tt": func(t *rapid.T) *decomp.Matrix {
		ones := ones(t, "d")
		return resized(t, ones, ones, decomp.TT{Ranks: []int{1}})
	},
	"tr": func(t *rapid.T) *decomp.Matrix {
		return resized(t, ones(t, "d"), ones(t, "e"), decomp.TR{Ranks: []int{1}})
	},
	"bt": func(t *rapid.T) *decomp.Matrix {
		ones := ones(t, "d")
		return resized(t, ones, ones, decomp.BT{Blocks: rapid.IntRange(1, 4).Draw(t, "blocks"), Ranks: []int{1}})
	},
	"ht": func(t *rapid.T) *decomp.Matrix {
		ones := ones(t, "d")
		order := make([]int, len(ones))
		for k := range order {
			order[k] = k + 1
		}
		tree := drawTree(t, rapid.Permutation(order).Draw(t, "order"))
		return resized(t, ones, ones, decomp.HT{Leaf: []int{1}, Inner: []int{1}, Tree: tree, Share: rapid.Bool().Draw(t, "share")})
	},
	"dense": func(t *rapid.T) *decomp.Matrix { return resized(t, []int{1}, []int{1}, decomp.Dense{}) },
}

func ones(t *rapid.T, label string) []int {
	n := rapid.IntRange(1, 8).Draw(t, label)
	s := make([]int, n)
	for k := range s {
		s[k] = 1
	}
	return s
}

func drawTree(t *rapid.T, modes []int) *decomp.Tree {
	if len(modes) == 1 {
		return &decomp.Tree{Mode: modes[0]}
	}
	cut := rapid.IntRange(1, len(modes)-1).Draw(t, "cut")
	return &decomp.Tree{Left: drawTree(t, modes[:cut]), Right: drawTree(t, modes[cut:])}
}

func resized(t *rapid.T, in, out []int, f decomp.Format) *decomp.Matrix {
	m, err := f.Matrix(in, out)
	require.NoError(t, err)
	most := rapid.SampledFrom([]int{2, 9, 99, 999, 99999}).Draw(t, "most")
	sizes := map[string]int{}
	for _, net := range m.Terms {
		for _, c := range net {
			for k, l := range c.Legs {
				if _, train := f.(decomp.TT); train && (l.Name == "r0" || l.Name == fmt.Sprintf("r%d", len(in))) {
					continue
				}
				if _, known := sizes[l.Name]; !known {
					sizes[l.Name] = rapid.IntRange(1, most).Draw(t, l.Name)
				}
				c.Legs[k].Size = sizes[l.Name]
			}
		}
	}
	return m
}
