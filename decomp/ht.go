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
	for k, s := range seen {
		if !s {
			return nil, errors.Errorf("decomp: HT tree %v lacks mode %d of %d", tree, k+1, d)
		}
	}
	b := &htBuilder{f: f, in: in, out: out, a: a, i: i}
	if f.Root < 0 {
		return nil, errors.Errorf("decomp: HT root rank is %d; want at least 1", f.Root)
	}
	if d > 1 {
		if b.leaf, err = expand("HT", "leaf ranks", f.Leaf, d); err != nil {
			return nil, err
		}
	}
	if d > 2 {
		if b.inner, err = expand("HT", "inner ranks", f.Inner, d-2); err != nil {
			return nil, err
		}
	}
	if _, _, _, err := b.node(tree, true); err != nil {
		return nil, err
	}
	return NewMatrix("HT", a, i, b.net)
}

// htBuilder lists the cores of a tree, children first.
type htBuilder struct {
	f           HT
	in, out     []int
	a, i        []Leg
	leaf, inner []int
	nextInner   int
	net         Network
}

// node lists the cores of a subtree and returns its rank leg, its modes and its
// height.
func (b *htBuilder) node(t *Tree, root bool) (Leg, []int, int, error) {
	rank := max(b.f.Root, 1)
	if t.Mode != 0 {
		k := t.Mode - 1
		if !root {
			rank = b.leaf[k]
		}
		r, err := b.rank("leaf", []int{t.Mode}, rank, root)
		b.net = append(b.net, Core{Name: fmt.Sprintf("U%d", t.Mode), Legs: []Leg{b.a[k], b.i[k], r}})
		return r, []int{t.Mode}, 0, err
	}
	if !root {
		rank = b.inner[b.nextInner]
		b.nextInner++
	}
	left, lm, lh, err := b.node(t.Left, false)
	if err != nil {
		return left, nil, 0, err
	}
	right, rm, rh, err := b.node(t.Right, false)
	if err != nil {
		return right, nil, 0, err
	}
	below, height := append(append([]int{}, lm...), rm...), max(lh, rh)+1
	r, err := b.rank("inner", below, rank, root)
	core := Core{Name: "B" + name(below), Legs: []Leg{left, right, r}}
	if root {
		core.Name = "root"
	} else if b.f.Share {
		core.Name = fmt.Sprintf("level%d(%s)", height, dims.Dots(core.Shape()))
	}
	b.net = append(b.net, core)
	return r, below, height, err
}

// rank returns the rank leg of the node over the given modes, or an error when
// they allow no such rank. The root's is summed over; any size is allowed.
func (b *htBuilder) rank(what string, below []int, size int, root bool) (Leg, error) {
	leg := Leg{Rank, "r" + name(below), size}
	if root {
		return leg, nil
	}
	what = fmt.Sprintf("%s rank of modes {%s}", what, strings.ReplaceAll(name(below), ".", ","))
	return leg, atMost("HT", what, size, b.in, b.out, func(mode int) bool { return slices.Contains(below, mode+1) })
}

func name(modes []int) string {
	s := make([]string, len(modes))
	for k, m := range modes {
		s[k] = fmt.Sprint(m)
	}
	return strings.Join(s, ".")
}
