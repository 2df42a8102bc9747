package drawing

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/spatial/r2"
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
func (f *figure) wrong(size r2.Vec) []string {
	type thing struct {
		what string
		box  r2.Box
	}
	var things []thing
	for _, n := range f.Nodes {
		things = append(things, thing{"core " + n.Label.Words, n.Box()})
	}
	for _, t := range f.Texts { // what they take is measured once, which is slow
		if t.Words != "" {
			things = append(things, thing{fmt.Sprintf("text %q", t.Words), t.box()})
		}
	}
	var list []string
	for i, a := range things {
		if a.box.Min.X < clearance || a.box.Min.Y < clearance || a.box.Max.X > size.X-clearance || a.box.Max.Y > size.Y-clearance {
			list = append(list, fmt.Sprintf("%s at %v is off the page of %v", a.what, a.box, size))
		}
		for j, b := range things[:i] {
			if near(a.box, b.box) && !(j < len(f.Nodes) && i >= len(f.Nodes) && f.Nodes[j].apart(a.box)) {
				list = append(list, fmt.Sprintf("%s at %v and %s at %v overlap", a.what, a.box, b.what, b.box))
			}
		}
	}
	drawn := make([][]r2.Vec, len(f.Lines)) // what cores don't hide
	covers := make([]r2.Box, len(f.Lines))
	for i, l := range f.Lines {
		what := fmt.Sprintf("line of size %d from %v to %v", l.Size, l.Points[0], l.Points[len(l.Points)-1])
		for _, p := range l.along() {
			if p.X < clearance || p.Y < clearance || p.X > size.X-clearance || p.Y > size.Y-clearance {
				list = append(list, what+" leaves the page")
			}
			hidden := false
			for _, n := range f.Nodes {
				d := n.distance(p)
				if n.Label.At == l.Points[0] || n.Label.At == l.Points[len(l.Points)-1] {
					hidden = hidden || d < 0
				} else if d < clearance {
					list = append(list, fmt.Sprintf("%s runs through core %s at %v", what, n.Label.Words, n.Label.At))
				}
			}
			for _, t := range things[len(f.Nodes):] {
				if near(around(p, 0, 0), t.box) {
					list = append(list, fmt.Sprintf("%s runs through %s at %v", what, t.what, t.box))
				}
			}
			if !hidden {
				drawn[i] = append(drawn[i], p)
				if len(drawn[i]) == 1 {
					covers[i] = around(p, 0, 0)
				}
				c := &covers[i]
				c.Min, c.Max = r2.Vec{X: min(c.Min.X, p.X), Y: min(c.Min.Y, p.Y)}, r2.Vec{X: max(c.Max.X, p.X), Y: max(c.Max.Y, p.Y)}
			}
		}
		if len(drawn[i]) < 3 {
			list = append(list, what+" cannot be seen")
		}
		for j := range drawn[:i] {
			if near(covers[i], covers[j]) && nearest(drawn[i], drawn[j]) < clearance {
				list = append(list, fmt.Sprintf("%s meets the line from %v to %v", what, f.Lines[j].Points[0], f.Lines[j].Points[len(f.Lines[j].Points)-1]))
			}
		}
	}
	return list
}

func near(a, b r2.Box) bool {
	return a.Min.X < b.Max.X+clearance && b.Min.X < a.Max.X+clearance && a.Min.Y < b.Max.Y+clearance && b.Min.Y < a.Max.Y+clearance
}

// distance from the rim of a core, below 0 inside.
func (n node) distance(p r2.Vec) float64 {
	straight := n.width/2 - radius // half of the part between the round ends
	dx := max(0, math.Abs(p.X-n.Label.At.X)-straight)
	return math.Hypot(dx, p.Y-n.Label.At.Y) - radius
}

// apart reports whether a box is off the core, whose ends are round.
func (n node) apart(b r2.Box) bool {
	x := max(b.Min.X, min(n.Label.At.X, b.Max.X)) // the box's point nearest to the core
	y := max(b.Min.Y, min(n.Label.At.Y, b.Max.Y))
	return n.distance(r2.Vec{X: x, Y: y}) >= clearance
}

// along lists points of a line, less than two pixels apart.
func (l line) along() []r2.Vec {
	var ps []r2.Vec
	for k := 1; k < len(l.Points); k++ {
		from, to := l.Points[k-1], l.Points[k]
		if l.Radius > 0 {
			start := math.Atan2(from.Y-l.centre.Y, from.X-l.centre.X)
			turn := math.Atan2(to.Y-l.centre.Y, to.X-l.centre.X) - start
			if turn < 0 {
				turn += 2 * math.Pi
			}
			n := math.Ceil(turn * l.Radius / 1.9)
			for s := 0.0; s <= n; s++ {
				ps = append(ps, r2.Add(l.centre, polar(l.Radius, start+turn*s/n)))
			}
			continue
		}
		n := max(1, math.Ceil(r2.Norm(r2.Sub(to, from))/1.9))
		for s := 0.0; s <= n; s++ {
			ps = append(ps, r2.Add(r2.Scale(1-s/n, from), r2.Scale(s/n, to)))
		}
	}
	return ps
}

func nearest(a, b []r2.Vec) float64 {
	least := math.Inf(1)
	for _, p := range a {
		for _, q := range b {
			least = min(least, math.Abs(p.X-q.X)+math.Abs(p.Y-q.Y)) // no less than the distance
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
