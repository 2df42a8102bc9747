package decomp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// HT is the hierarchical Tucker format (Hackbusch and Kühn 2009; Grasedyck
// 2010; as a recurrent layer Yin et al., arXiv 2005.04366). A binary tree
// splits the modes. Leaf k has a matrix U_k (n_k, m_k, r_k), an inner node t
// with children l and r a transfer tensor B_t (r_l, r_r, r_t):
//
//	U_t[a_t, i_t, s] = Σ_{p,q} U_l[a_l, i_l, p] U_r[a_r, i_r, q] B_t[p, q, s]
//
// where a_t, i_t are the modes below t, and W is the sum of the root's U over
// its own rank.
type HT struct {
	Leaf []int `json:"leaf_ranks,omitempty"` // leaf ranks r_1..r_d, or one for all
	// Inner are the ranks of the inner nodes but the root, each node before its
	// children, left before right; or one for all.
	Inner []int `json:"inner_ranks,omitempty"`
	Root  int   `json:"root_rank,omitempty"` // rank of the root, summed over; 0 means 1
	Tree  *Tree `json:"tree,omitempty"`      // nil means Balanced(d)
	// Share makes the transfer tensors of one level that agree in shape one
	// tensor (the paper's parameter sharing). A node's level is its height
	// above the leaves.
	Share bool `json:"share_transfer,omitempty"`
}

// Name returns "ht".
func (HT) Name() string { return "ht" }

// WithRank implements Ranked. The rank of the root, the tree and sharing stay.
func (f HT) WithRank(rank, d int) Format {
	f.Leaf, f.Inner = []int{rank}, nil
	if d > 2 { // there are inner nodes
		f.Inner = []int{rank}
	}
	return f
}

// Matrix lists the leaves and transfer tensors, children before parents. It
// returns an error for a tree that is not binary over the modes, and for the
// rank of a node above the product of n·m of the modes below it, or of all the
// others.
func (f HT) Matrix(in, out []int) (*Matrix, error) {
	m, err := newModes("HT", in, out, true)
	if err != nil {
		return nil, err
	}
	d, tree := len(in), f.Tree
	if tree == nil {
		tree = Balanced(d)
	}
	seen := make([]bool, d)
	m.visit(tree, seen)
	if k := slices.Index(seen, false); k >= 0 {
		m.fail("tree %v lacks mode %d of %d", tree, k+1, d)
	}
	if m.err != nil {
		return nil, m.err
	}
	if f.Root < 0 {
		m.fail("root rank is %d; want at least 1", f.Root)
	}
	if d > 1 {
		f.Leaf = m.ranks("leaf ranks", f.Leaf, d)
	}
	f.Inner = m.ranks("inner ranks", f.Inner, d-2)
	b := &htBuilder{HT: f, modes: m}
	b.node(tree, true)
	return m.matrix(b.net)
}

// htBuilder lists the cores of a tree, children first.
type htBuilder struct {
	HT
	*modes
	inner int // nodes whose rank is taken
	net   Network
}

// node lists the cores of a subtree and returns its rank leg, its modes and its
// height. The rank of the root is summed over, and may have any size.
func (b *htBuilder) node(t *Tree, root bool) (r Leg, below []int, height int) {
	var core Core
	what, size := "leaf", max(b.Root, 1)
	if t.Mode != 0 {
		below = []int{t.Mode}
		if !root {
			size = b.Leaf[t.Mode-1]
		}
		core = Core{Name: fmt.Sprintf("U%d", t.Mode), Legs: []Leg{b.a[t.Mode-1], b.i[t.Mode-1]}}
	} else {
		if what = "inner"; !root {
			size = b.Inner[b.inner]
			b.inner++
		}
		left, lm, lh := b.node(t.Left, false)
		right, rm, rh := b.node(t.Right, false)
		below, height = slices.Concat(lm, rm), max(lh, rh)+1
		core = Core{Name: "B" + joined(below, "."), Legs: []Leg{left, right}}
	}
	r = Leg{Rank, "r" + joined(below, "."), size}
	core.Legs = append(core.Legs, r)
	switch {
	case t.Mode == 0 && root:
		core.Name = "root"
	case t.Mode == 0 && b.Share:
		core.Name = fmt.Sprintf("level%d(%s)", height, dims.Dots(core.Shape()))
	}
	b.net = append(b.net, core)
	if !root {
		what = fmt.Sprintf("%s rank of modes {%s}", what, joined(below, ","))
		b.atMost(what, size, func(mode int) bool { return slices.Contains(below, mode+1) })
	}
	return r, below, height
}

func joined(modes []int, between string) string {
	return strings.ReplaceAll(dims.Dots(modes), "·", between)
}

// Tree is a binary tree over the modes 1..d: a leaf has a Mode, an inner node
// two children. In JSON it is nested pairs of modes, such as [[[1,2],3],[4,5]].
type Tree struct {
	Mode        int // 1..d; 0 for an inner node
	Left, Right *Tree
}

// Balanced returns the default tree over modes 1..d: at each node the left
// child takes ceil(d/2) of the modes.
func Balanced(d int) *Tree { return balanced(1, d) }

func balanced(first, n int) *Tree {
	if n == 1 {
		return &Tree{Mode: first}
	}
	left := (n + 1) / 2
	return &Tree{Left: balanced(first, left), Right: balanced(first+left, n-left)}
}

// String writes the tree as nested lists of modes, e.g. [[[1,2],3],[4,5]].
func (t *Tree) String() string {
	if t.Mode != 0 {
		return fmt.Sprint(t.Mode)
	}
	return fmt.Sprintf("[%v,%v]", t.Left, t.Right)
}

// MarshalJSON writes nested pairs of modes.
func (t *Tree) MarshalJSON() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalJSON reads a mode or a pair of trees. It returns an error for a tree
// that is deeper, or has more modes, than a matrix has modes.
func (t *Tree) UnmarshalJSON(data []byte) error {
	if pairs := max(bytes.Count(data, []byte("[")), bytes.Count(data, []byte(","))); pairs >= maxModes {
		return errors.Errorf("tree has %d pairs; want at most %d, of %d modes", pairs, maxModes-1, maxModes)
	}
	if err := json.Unmarshal(data, &t.Mode); err == nil {
		return nil
	}
	var pair []*Tree
	if err := json.Unmarshal(data, &pair); err != nil || len(pair) != 2 || pair[0] == nil || pair[1] == nil {
		return errors.Errorf("tree %.200s: want a mode or a pair of trees, such as [[[1,2],3],[4,5]]", data)
	}
	t.Left, t.Right = pair[0], pair[1]
	return nil
}

// visit marks the modes of a tree that it has seen.
func (m *modes) visit(t *Tree, seen []bool) {
	switch {
	case m.err != nil:
	case t == nil || t.Mode == 0 && (t.Left == nil || t.Right == nil) || t.Mode != 0 && (t.Left != nil || t.Right != nil):
		m.fail("tree: a node has either a mode or two children")
	case t.Mode == 0:
		m.visit(t.Left, seen)
		m.visit(t.Right, seen)
	case t.Mode < 0 || t.Mode > len(seen):
		m.fail("tree has mode %d; modes are 1 to %d", t.Mode, len(seen))
	case seen[t.Mode-1]:
		m.fail("tree has mode %d twice", t.Mode)
	default:
		seen[t.Mode-1] = true
	}
}
