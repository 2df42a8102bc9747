package decomp_test

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// kinds counts nodes by what they are: products, views of what lies there already
// or a part of it, and sums. Any other operation is an error.
type kinds struct{ tensordot, mul, views, sums int }

func countNodes(roots ...*G.Node) (k kinds, err error) {
	seen := map[*G.Node]bool{}
	var visit func(n *G.Node)
	visit = func(n *G.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		for _, child := range ops.Children(n) {
			visit(child)
		}
		if n.Op() == nil {
			return
		}
		name := strings.FieldsFunc(n.Op().String(), func(r rune) bool { return r == ' ' || r == '-' })[0]
		switch what := reflect.TypeOf(n.Op()).String(); {
		case name == "Tensordot":
			k.tensordot++
		case what == "gorgonia.linAlgBinOp":
			k.mul++
		case name == "reshape", name == "slice", name == "pad", what == "gorgonia.reshapeOp":
			k.views++
		case name == "+":
			k.sums++
		default:
			err = fmt.Errorf("%s, a %s", n.Op(), what)
		}
	}
	for _, n := range roots {
		visit(n)
	}
	return k, err
}

// The product of every format, and its gradients with respect to cores and x, are
// products, views and sums alone. The plans are those of one processor.
func TestNodes(t *testing.T) {
	var table strings.Builder
	table.WriteString("| x·W, UCF11 | cores | Tensordot | Mul | views | sums | with gradients: Tensordot | Mul | views | sums |\n|---|---|---|---|---|---|---|---|---|---|\n")
	for _, c := range ucf11 {
		m, err := c.format.Matrix(c.in, c.out)
		require.NoError(t, err)
		g := G.NewGraph()
		in := func(name string, shape ...int) *G.Node {
			n, err := graph.Input(g, name, tensor.Float32, shape, nil)
			require.NoError(t, err)
			return n
		}
		x := in("x", 96, m.Rows())
		var cores G.Nodes
		for _, core := range m.Cores() {
			cores = append(cores, in(core.Name, core.Shape()...))
		}
		y, err := m.Product(x, cores, m.PlanOn(backend.AVX2(), decomp.PlanOptions{Rows: 96, Uses: 1}))
		require.NoError(t, err)
		forward, err := countNodes(y)
		require.NoError(t, err)
		grads, err := G.Backpropagate(G.Nodes{y}, G.Nodes{in("dy", 96, m.Cols())}, append(G.Nodes{x}, cores...))
		require.NoError(t, err)
		_, err = countNodes(append(G.Nodes{y}, grads...)...)
		require.NoError(t, err)
		both, err := countNodes(append(G.Nodes{y}, grads[1:]...)...)
		require.NoError(t, err)
		fmt.Fprintf(&table, "| %s | %d | %d | %d | %d | %d | %d | %d | %d | %d |\n", strings.ToUpper(c.format.Name()), len(cores),
			forward.tensordot, forward.mul, forward.views, forward.sums, both.tensordot, both.mul, both.views, both.sums)
	}
	const golden = "testdata/nodes.md"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(table.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err, "go test ./decomp -run Nodes -update writes it")
	require.Equal(t, string(want), table.String())
	text, err := os.ReadFile("../docs/architecture.md")
	require.NoError(t, err)
	require.True(t, strings.Contains(string(text), table.String()), "docs/architecture.md has another table than %s", golden)
}
