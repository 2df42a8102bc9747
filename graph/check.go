package graph

import (
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	"github.com/pkg/errors"
	"gonum.org/v1/gonum/graph/traverse"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// reachable returns the nodes that roots depend on, in the graph's order.
func reachable(g *G.ExprGraph, roots G.Nodes) G.Nodes {
	var below traverse.DepthFirst
	for _, n := range roots {
		below.Walk(g, n, nil)
	}
	return slices.DeleteFunc(slices.Clone(g.AllNodes()), func(n *G.Node) bool { return !below.Visited(n) })
}

func inputsOf(nodes G.Nodes) G.Nodes {
	return slices.DeleteFunc(slices.Clone(nodes), func(n *G.Node) bool { return n.Op() != nil })
}

// distinguish gives nodes that compute different values different hashes: the compiler
// takes those of equal hash for one. It returns an error for inputs that Input has not
// made: nodes that read them may be one already.
func distinguish(nodes G.Nodes) error {
	first := map[uint32]*G.Node{}
	for _, n := range nodes {
		other := first[n.Hashcode()]
		if other != nil && !sameNode(n, other, first) {
			if n.Op() == nil {
				return errors.Errorf("graph: %v and %v have the same hash and would be computed as one; make them with graph.Input", describe(n), describe(other))
			}
			if err := rehash(n, func(h uint32) bool { return first[h] != nil }); err != nil {
				return err
			}
			other = nil
		}
		if other == nil {
			first[n.Hashcode()] = n
		}
	}
	return nil
}

// rehash gives a node the next hash that is not taken.
func rehash(n *G.Node, taken func(hash uint32) bool) error {
	hash := n.Hashcode() + 1 // it is kept in the node from here on
	for taken(hash) {
		hash++
	}
	return setField(n, "hash", hash)
}

// setField sets a field of a node that upstream has no call for.
func setField(n *G.Node, name string, value any) error {
	field := reflect.ValueOf(n).Elem().FieldByName(name)
	if !field.IsValid() {
		return errors.Errorf("graph: this release of gorgonia has no field %s in its nodes; want v0.9.18", name)
	}
	to := reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem()
	if to.SetZero(); value != nil {
		to.Set(reflect.ValueOf(value))
	}
	return nil
}

// sameNode reports whether two nodes of equal hash compute the same: equal
// operations on equal operands, operands being equal when first holds one node
// for both.
func sameNode(a, b *G.Node, first map[uint32]*G.Node) bool {
	if a == b {
		return true
	}
	if a.Op() == nil || b.Op() == nil || !a.Type().Eq(b.Type()) || !slices.Equal(a.Shape(), b.Shape()) || !sameOp(a.Op(), b.Op()) {
		return false
	}
	return slices.EqualFunc(ops.Children(a), ops.Children(b), func(a, b *G.Node) bool { return first[a.Hashcode()] == first[b.Hashcode()] })
}

func sameOp(a, b G.Op) bool {
	x, ok := a.(*ops.Op)
	y, ok2 := b.(*ops.Op)
	if ok || ok2 {
		return ok && ok2 && x.Name == y.Name
	}
	return reflect.DeepEqual(a, b)
}

// checkViews makes sure that no operation may write over memory that an
// upstream Reshape shares: the compiler looks at the last use of a node, not of
// what shares its memory.
func checkViews(nodes G.Nodes) error {
	views := map[*G.Node]*G.Node{} // of the memory of a node
	for _, n := range nodes {
		if source(n) != nil {
			views[owner(n)] = n
		}
	}
	for _, n := range nodes {
		if !elementwise(n) || n.Op().OverwritesInput() < 0 {
			continue
		}
		// An input itself is live to the end: nothing writes over it.
		victim := ops.Children(n)[n.Op().OverwritesInput()]
		if view := views[owner(victim)]; view != nil && victim.Op() != nil {
			return errors.Errorf("graph: %v may write over the memory that %v shares with %v; use Reshape instead of View",
				describe(n), describe(view), describe(owner(victim)))
		}
	}
	return nil
}

// source is the node whose memory an upstream Reshape shares: none if that is a scalar, which is copied.
func source(n *G.Node) *G.Node {
	if opType(n) != "gorgonia.reshapeOp" || ops.Children(n)[0].Dims() == 0 {
		return nil
	}
	return ops.Children(n)[0]
}

// owner is the node that made the memory of n.
func owner(n *G.Node) *G.Node {
	for s := n; s != nil; s = source(n) {
		n = s
	}
	return n
}

// elementwise reports whether the operation is one of those that do write over an
// operand; others that say they may, such as Transpose, make a new value.
func elementwise(n *G.Node) bool {
	t := opType(n)
	return t == "gorgonia.elemBinOp" || t == "gorgonia.elemUnaryOp"
}

func opType(n *G.Node) string {
	if n.Op() == nil {
		return ""
	}
	return reflect.TypeOf(n.Op()).String()
}

func describe(n *G.Node) string {
	if n.Op() == nil {
		return fmt.Sprintf("input %q %v", n.Name(), n.Shape())
	}
	return fmt.Sprintf("%v %v", n.Op(), n.Shape())
}
