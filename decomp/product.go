package decomp

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/internal/safe"
)

// Product adds y = x·W to x's graph, for x (rows, N), or any shape that starts
// with sizes that multiply to rows and ends with sizes that multiply to N, such
// as (batch, steps, n_1, ..., n_d), and one node a core in the order of Cores,
// each of its core's shape; y is (rows, M). W is not formed: the cores and x are
// contracted pair by pair along paths, one path a term; nil means Paths(rows).
// Contractions are Mul and Tensordot nodes, so that gorgonia.Grad gives the
// gradients of the cores and of x.
//
// It returns an error when x or a core has the wrong shape, or a path is not
// one of the network's.
func (m *Matrix) Product(x *G.Node, cores G.Nodes, paths []Path) (*G.Node, error) {
	rows, ok := m.rowsOf(x.Shape())
	if !ok {
		return nil, m.misfit(x)
	}
	list := m.Cores()
	if len(cores) != len(list) {
		return nil, errors.Errorf("decomp: %s has %d cores, got %d nodes", m.Format, len(list), len(cores))
	}
	for k, c := range list {
		if !slices.Equal(c.Shape(), cores[k].Shape()) {
			return nil, errors.Errorf("decomp: %s core %s has shape %s, its node %v", m.Format, c.Name, dots(c.Shape()), cores[k].Shape())
		}
	}
	if paths == nil {
		paths = m.Paths(rows)
	}
	if len(paths) != len(m.Terms) {
		return nil, errors.Errorf("decomp: %s is a sum of %d networks, got %d paths", m.Format, len(m.Terms), len(paths))
	}
	index := m.coreIndex()
	var y *G.Node
	for t, net := range m.Terms {
		term, err := m.term(x, rows, net, cores, index, paths[t])
		if err != nil {
			return nil, err
		}
		if y == nil {
			y = term
		} else if y, err = G.Add(y, term); err != nil {
			return nil, errors.Wrapf(err, "decomp: %s: sum of networks", m.Format)
		}
	}
	return y, nil
}

// rowsOf splits x's shape into rows and N.
func (m *Matrix) rowsOf(shape []int) (int, bool) {
	for k := 1; k < len(shape); k++ {
		if product(shape[k:]) == m.Rows() {
			return product(shape[:k]), true
		}
	}
	return 0, false
}

func (m *Matrix) misfit(x *G.Node) error {
	in := "input modes " + dots(sizes(m.In))
	if x.Dims() != 2 {
		return errors.Errorf("decomp: %s %s = %d, but x has shape %v; want (rows, %d) or (batch, steps, n_1, ..., n_d)", m.Format, in, m.Rows(), x.Shape(), m.Rows())
	}
	return errors.Errorf("decomp: %s %s = %d, but x has %d columns (batch %d)", m.Format, in, m.Rows(), x.Shape()[1], x.Shape()[0])
}

// term adds x times one network.
func (m *Matrix) term(x *G.Node, rows int, net Network, cores G.Nodes, index map[string]int, path Path) (*G.Node, error) {
	batch := batchLeg(rows)
	// The machine never writes over an input; over another node's value it may,
	// when an elementwise operation reads that too.
	operands := []operand{{node: x, legs: large(append([]Leg{batch}, m.In...)), batch: true, view: x.Op() == nil}}
	for _, c := range net {
		o := operand{node: cores[index[c.Name]], legs: c.Legs}
		for _, l := range c.Legs {
			if !dangling(net, l) {
				continue
			}
			var err error
			if o.node, err = safe.Sum(o.node, slices.Index(o.legs, l)); err != nil {
				return nil, errors.Wrapf(err, "decomp: %s core %s", m.Format, c.Name)
			}
			o.legs = slices.DeleteFunc(slices.Clone(o.legs), func(d Leg) bool { return d == l })
		}
		o.legs = large(o.legs)
		operands = append(operands, o)
	}
	used := make([]bool, len(operands)+len(path))
	for _, s := range path {
		n := len(operands)
		if s.A < 0 || s.B < 0 || s.A >= n || s.B >= n || s.A == s.B || used[s.A] || used[s.B] {
			return nil, errors.Errorf("decomp: %s path %v: step %v uses an operand that is not there or is used up", m.Format, path, s)
		}
		used[s.A], used[s.B] = true, true
		r, err := contractNodes(operands[s.A], operands[s.B])
		if err != nil {
			return nil, errors.Wrapf(err, "decomp: %s path %v, step %v", m.Format, path, s)
		}
		operands = append(operands, r)
	}
	if len(path) != len(net) {
		return nil, errors.Errorf("decomp: %s path %v has %d steps for %d cores", m.Format, path, len(path), len(net))
	}
	y, err := operands[len(operands)-1].ordered(large(append([]Leg{batch}, m.Out...)))
	if err != nil {
		return nil, err
	}
	return safe.Reshape(y, batch.Size, m.Cols())
}

// operand is a node with named axes. Legs of size 1 are left out: they take no
// part in a contraction. The node holds the elements in the order of the legs;
// a core's node has the legs' sizes as its shape, a batch-sized one any shape.
type operand struct {
	node  *G.Node
	legs  []Leg
	batch bool // holds the rows of x
	view  bool // nothing but products and transposes reads the node, so that it may be reshaped without a copy
}

func large(legs []Leg) []Leg {
	return slices.DeleteFunc(slices.Clone(legs), func(l Leg) bool { return l.Size == 1 })
}

// shape returns the sizes of the legs, (1) for none.
func shape(legs []Leg) []int {
	if len(legs) == 0 {
		return []int{1}
	}
	return sizes(legs)
}

// ordered returns the operand's node with its axes in the given order.
func (o operand) ordered(order []Leg) (*G.Node, error) {
	if slices.Equal(order, o.legs) {
		return o.node, nil
	}
	n, err := o.reshape(shape(o.legs)...)
	if err != nil {
		return nil, err
	}
	perm := make([]int, len(order))
	for k, l := range order {
		perm[k] = slices.Index(o.legs, l)
	}
	return safe.Transpose(n, perm...)
}

func (o operand) reshape(to ...int) (*G.Node, error) {
	if o.view {
		return safe.View(o.node, to...)
	}
	return safe.Reshape(o.node, to...)
}

func contractNodes(a, b operand) (operand, error) {
	if b.batch {
		a, b = b, a
	}
	if !a.batch {
		return contractCores(a, b)
	}
	// (free, shared) x (shared, free): a keeps its order if it can.
	free := slices.DeleteFunc(slices.Clone(a.legs), func(l Leg) bool { return slices.Contains(b.legs, l) })
	shared := slices.DeleteFunc(slices.Clone(a.legs), func(l Leg) bool { return !slices.Contains(b.legs, l) })
	rest := slices.DeleteFunc(slices.Clone(b.legs), func(l Leg) bool { return slices.Contains(shared, l) })
	inner := product(sizes(shared))

	moved, err := a.ordered(slices.Concat(free, shared))
	if err != nil {
		return operand{}, err
	}
	left, err := operand{node: moved, view: a.view || moved != a.node}.reshape(product(sizes(free)), inner)
	if err != nil {
		return operand{}, err
	}
	right, err := b.ordered(slices.Concat(shared, rest))
	if err != nil {
		return operand{}, err
	}
	if right, err = safe.Reshape(right, inner, product(sizes(rest))); err != nil {
		return operand{}, err
	}
	y, err := G.Mul(left, right)
	return operand{node: y, legs: slices.Concat(free, rest), batch: true, view: true}, err
}

// contractCores merges two cores in a Tensordot.
func contractCores(a, b operand) (operand, error) {
	x, err := safe.Reshape(a.node, shape(a.legs)...)
	if err != nil {
		return operand{}, err
	}
	y, err := safe.Reshape(b.node, shape(b.legs)...)
	if err != nil {
		return operand{}, err
	}
	var aAxes, bAxes []int
	for k, l := range a.legs {
		if j := slices.Index(b.legs, l); j >= 0 {
			aAxes, bAxes = append(aAxes, k), append(bAxes, j)
		}
	}
	n, err := safe.Tensordot(aAxes, bAxes, x, y)
	if err != nil {
		return operand{}, err
	}
	legs := open(a.legs, b.legs)
	n, err = safe.Reshape(n, shape(legs)...)
	return operand{node: n, legs: legs}, err
}
