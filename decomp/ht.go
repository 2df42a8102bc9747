package decomp

import (
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
	a, i, err := pairedModes("HT", in, out)
	if err != nil {
		return nil, err
	}
	d := len(in)
	tree := f.Tree
	if tree == nil {
		tree = Balanced(d)
	}
	seen := make([]bool, d)
	if err := tree.check(seen); err != nil {
		return nil, err
	}
	if k := slices.Index(seen, false); k >= 0 {
		return nil, errors.Errorf("decomp: HT tree %v lacks mode %d of %d", tree, k+1, d)
	}
	if f.Root < 0 {
		return nil, errors.Errorf("decomp: HT root rank is %d; want at least 1", f.Root)
	}
	if d > 1 {
		if f.Leaf, err = expand("HT", "leaf ranks", f.Leaf, d); err != nil {
			return nil, err
		}
	}
	if f.Inner, err = expand("HT", "inner ranks", f.Inner, d-2); err != nil {
		return nil, err
	}
	b := &htBuilder{HT: f, in: in, out: out, a: a, i: i}
	if b.node(tree, true); b.err != nil {
		return nil, b.err
	}
	return NewMatrix("HT", a, i, b.net)
}

// htBuilder lists the cores of a tree, children first.
type htBuilder struct {
	HT
	in, out []int
	a, i    []Leg
	inner   int // nodes whose rank is taken
	net     Network
	err     error // the first
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
	if b.err == nil && !root {
		what = fmt.Sprintf("%s rank of modes {%s}", what, joined(below, ","))
		b.err = atMost("HT", what, size, b.in, b.out, func(mode int) bool { return slices.Contains(below, mode+1) })
	}
	return r, below, height
}

func joined(modes []int, between string) string {
	return strings.ReplaceAll(dims.Dots(modes), "·", between)
}
