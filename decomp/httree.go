package decomp

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/pkg/errors"
)

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
	depth, deepest := 0, 0
	for _, c := range data {
		switch c {
		case '[':
			depth++
			deepest = max(deepest, depth)
		case ']':
			depth--
		}
	}
	if deepest > maxModes {
		return errors.Errorf("tree is %d pairs deep; want at most %d", deepest, maxModes)
	}
	if n := 1 + bytes.Count(data, []byte(",")); n > maxModes {
		return errors.Errorf("tree has %d modes; want at most %d", n, maxModes)
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

// check marks the modes of the tree.
func (t *Tree) check(seen []bool) error {
	switch {
	case t == nil || t.Mode == 0 && (t.Left == nil || t.Right == nil) || t.Mode != 0 && (t.Left != nil || t.Right != nil):
		return errors.New("decomp: HT tree: a node has either a mode or two children")
	case t.Mode == 0:
		if err := t.Left.check(seen); err != nil {
			return err
		}
		return t.Right.check(seen)
	case t.Mode < 0 || t.Mode > len(seen):
		return errors.Errorf("decomp: HT tree has mode %d; modes are 1 to %d", t.Mode, len(seen))
	case seen[t.Mode-1]:
		return errors.Errorf("decomp: HT tree has mode %d twice", t.Mode)
	}
	seen[t.Mode-1] = true
	return nil
}
