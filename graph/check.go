package graph

import (
	"fmt"
	"reflect"
	"slices"

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

// checkHashes makes sure that the compiler, which takes nodes of equal hash for
// one node, does so only where they are.
func checkHashes(nodes G.Nodes) error {
	first := map[uint32]*G.Node{}
	for _, n := range nodes {
		other, taken := first[n.Hashcode()]
		if !taken {
			first[n.Hashcode()] = n
			continue
		}
		if !sameNode(n, other, first) {
			return errors.Errorf("graph: nodes %v and %v have the same hash and would be computed as one; rename an input and build the graph again",
				describe(n), describe(other))
		}
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
	ka, kb := ops.Children(a), ops.Children(b)
	if len(ka) != len(kb) {
		return false
	}
	for i := range ka {
		if first[ka[i].Hashcode()] != first[kb[i].Hashcode()] {
			return false
		}
	}
	return true
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
	owner := map[*G.Node]*G.Node{}  // of the memory of a node that shares or is shared
	shared := map[*G.Node]*G.Node{} // owner -> a view of it
	for _, n := range nodes {       // children come first
		if !isView(n) {
			continue
		}
		source := ops.Children(n)[0]
		if source.Dims() == 0 {
			continue // a scalar is copied
		}
		if owner[source] == nil {
			owner[source] = source
		}
		owner[n] = owner[source]
		shared[owner[n]] = n
	}
	for _, n := range nodes {
		if n.Op() == nil || isView(n) {
			continue
		}
		k := n.Op().OverwritesInput()
		if k < 0 || !elementwise(n) {
			continue
		}
		// An input itself is live to the end: nothing writes over it.
		victim := ops.Children(n)[k]
		if root := owner[victim]; root != nil && victim.Op() != nil {
			return errors.Errorf("graph: %v may write over the memory that %v shares with %v; use Reshape instead of View",
				describe(n), describe(shared[root]), describe(root))
		}
	}
	return nil
}

func isView(n *G.Node) bool { return opType(n) == "gorgonia.reshapeOp" }

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
