package decomp

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/graph"
)

// Product adds y = x·W to x's graph, for x (rows, N), or any shape that starts
// with sizes that multiply to rows and ends with sizes that multiply to N, such
// as (batch, steps, n_1, ..., n_d), and one node per core in the order of Cores,
// each of its core's shape; y is (rows, M). W is not formed: the plan's factors
// are merged and contracted with x; nil means Plan for that number of rows.
// gorgonia.Grad gives the gradients of the cores and of x.
//
// It returns an error when x or a core has the wrong shape, or the plan is one
// of another matrix or number of rows.
func (m *Matrix) Product(x *G.Node, cores G.Nodes, plan *Plan) (*G.Node, error) {
	rows, ok := m.rowsOf(x.Shape())
	if !ok {
		return nil, m.misfit(x)
	}
	if plan == nil {
		plan = m.Plan(PlanOptions{Rows: rows})
	}
	if plan.matrix != m {
		return nil, errors.Errorf("decomp: %s: the plan is of another matrix", m.Format)
	}
	factors, err := plan.Merge(cores)
	if err != nil {
		return nil, err
	}
	return plan.Apply(x, factors)
}

// Merge adds the plan's factors to the graph of the cores' nodes, which are in
// the order of Cores: one matrix per factor, term by term, in the order of
// FactorShapes. Contractions of cores with each other are Tensordot nodes. It
// returns an error when a core has the wrong shape.
func (p *Plan) Merge(cores G.Nodes) (G.Nodes, error) {
	m := p.matrix
	list := m.Cores()
	if len(cores) != len(list) {
		return nil, errors.Errorf("decomp: %s has %d cores, got %d nodes", m.Format, len(list), len(cores))
	}
	for k, c := range list {
		if !slices.Equal(c.Shape(), cores[k].Shape()) {
			return nil, errors.Errorf("decomp: %s core %s has shape %s, its node %v", m.Format, c.Name, dots(c.Shape()), cores[k].Shape())
		}
	}
	index := m.coreIndex()
	var factors G.Nodes
	for t, term := range p.Terms {
		net := m.Terms[t]
		parts, err := m.parts(net, cores, index)
		if err != nil {
			return nil, err
		}
		for _, f := range term.Factors {
			node, err := f.merge(net, parts)
			if err != nil {
				return nil, errors.Wrapf(err, "decomp: %s factor %s", m.Format, f.Name)
			}
			factors = append(factors, node)
		}
	}
	return factors, nil
}

// FactorShapes lists the shapes of the factors that Merge makes, (shared, free).
func (p *Plan) FactorShapes() [][]int {
	var shapes [][]int
	for _, t := range p.Terms {
		for _, f := range t.Factors {
			shapes = append(shapes, f.shape())
		}
	}
	return shapes
}

func (f Factor) shape() []int { return []int{int(volume(f.Shared)), int(volume(f.Free))} }

// Apply adds y = x·W to x's graph from the factors that Merge made, or from
// inputs with their values. x and y are those of Product. A contraction of an
// input that is one product of matrices is a Mul node; x and every result are
// read where they lie, except before a step that the plan calls moved. It returns
// an error when x or a factor has the wrong shape.
func (p *Plan) Apply(x *G.Node, factors G.Nodes) (*G.Node, error) {
	m := p.matrix
	rows, ok := m.rowsOf(x.Shape())
	if !ok {
		return nil, m.misfit(x)
	}
	if rows != p.Rows {
		return nil, errors.Errorf("decomp: %s: the plan is for %d rows, x has %d; PlanOptions.Rows says for how many", m.Format, p.Rows, rows)
	}
	shapes := p.FactorShapes()
	if len(factors) != len(shapes) {
		return nil, errors.Errorf("decomp: %s: the plan has %d factors, got %d nodes", m.Format, len(shapes), len(factors))
	}
	for k, s := range shapes {
		if !slices.Equal(s, factors[k].Shape()) {
			return nil, errors.Errorf("decomp: %s: factor %d has shape %s, its node %v", m.Format, k+1, dots(s), factors[k].Shape())
		}
	}
	var y *G.Node
	for _, t := range p.Terms {
		term, err := t.apply(x, rows, m.Out, factors[:len(t.Factors)])
		if err != nil {
			return nil, errors.Wrapf(err, "decomp: %s", m.Format)
		}
		factors = factors[len(t.Factors):]
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

// apply adds x times one network.
func (t Term) apply(x *G.Node, rows int, out []Leg, factors G.Nodes) (*G.Node, error) {
	// The machine never writes over an input, and only products read a step's
	// result; over another node's value it may write, when an elementwise
	// operation reads that too.
	n, shared := x, x.Op() != nil
	for k, s := range t.Steps {
		if s.Moved {
			var err error
			if n, err = transposed(n, shared, rows, s.Before, s.Order); err != nil {
				return nil, err
			}
			shared = false
		}
		var err error
		if n, err = s.contract(n, shared, rows, factors[k]); err != nil {
			return nil, errors.Wrap(err, t.Factors[k].Name)
		}
		shared = false
	}
	if t.Reorder != nil {
		var err error
		if n, err = transposed(n, false, rows, t.Reorder, large(out)); err != nil {
			return nil, err
		}
	}
	return graph.Reshape(n, rows, product(sizes(out)))
}

// contract adds the products of a step.
func (s Step) contract(x *G.Node, shared bool, rows int, factor *G.Node) (*G.Node, error) {
	outer, rest := s.Order[:s.outer], s.Order[s.outer+s.count:]
	switch s.place {
	case replaced:
		outer, rest = nil, s.Order[:len(s.Order)-s.count]
	case inFront:
		rest = s.Order[s.outer : len(s.Order)-s.count]
	}
	size := factor.Shape()
	c := contraction(rows*int(volume(outer)), int(volume(rest)), size[0], size[1], s.place).Simplify()
	// Upstream's product takes new memory for its result at each run, and so does
	// its gradient; that of x is as large as x. Over x's memory it may write.
	if c.Outer > 1 || !c.SharedLast || !c.FreeLast || x.Op() != nil {
		return graph.Contract(x, factor, c)
	}
	x, err := graph.View(x, c.Rest, c.Shared)
	if err != nil {
		return nil, err
	}
	return G.Mul(x, factor)
}

// transposed puts the axes after the rows into another order.
func transposed(x *G.Node, shared bool, rows int, from, to []Leg) (*G.Node, error) {
	reshape := graph.View
	if shared {
		reshape = graph.Reshape
	}
	n, err := reshape(x, append([]int{rows}, sizes(from)...)...)
	if err != nil {
		return nil, err
	}
	perm := []int{0}
	for _, l := range to {
		perm = append(perm, 1+slices.Index(from, l))
	}
	return graph.Transpose(n, perm...)
}

// merge adds the product of the factor's cores, (shared, free). There is a node
// for each core of the network.
func (f Factor) merge(net Network, nodes G.Nodes) (*G.Node, error) {
	var operands []operand
	for _, k := range f.Cores {
		c := net[k]
		o := operand{node: nodes[k], legs: c.Legs}
		for _, l := range c.Legs {
			if !dangling(net, l) {
				continue
			}
			var err error
			if o.node, err = graph.Sum(o.node, slices.Index(o.legs, l)); err != nil {
				return nil, errors.Wrapf(err, "core %s", c.Name)
			}
			o.legs = slices.DeleteFunc(slices.Clone(o.legs), func(d Leg) bool { return d == l })
		}
		o.legs = large(o.legs)
		operands = append(operands, o)
	}
	for _, s := range f.Merges {
		r, err := mergeTwo(operands[s.A], operands[s.B])
		if err != nil {
			return nil, err
		}
		operands = append(operands, r)
	}
	n, err := operands[len(operands)-1].ordered(slices.Concat(f.Shared, f.Free))
	if err != nil {
		return nil, err
	}
	return graph.Reshape(n, f.shape()...)
}

// operand is a core, or a product of some, with named axes. Legs of size 1 are
// left out: they take no part in a contraction.
type operand struct {
	node *G.Node
	legs []Leg
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
	n, err := graph.Reshape(o.node, shape(o.legs)...)
	if err != nil {
		return nil, err
	}
	perm := make([]int, len(order))
	for k, l := range order {
		perm[k] = slices.Index(o.legs, l)
	}
	return graph.Transpose(n, perm...)
}

// mergeTwo contracts two operands in a Tensordot.
func mergeTwo(a, b operand) (operand, error) {
	x, err := graph.Reshape(a.node, shape(a.legs)...)
	if err != nil {
		return operand{}, err
	}
	y, err := graph.Reshape(b.node, shape(b.legs)...)
	if err != nil {
		return operand{}, err
	}
	var aAxes, bAxes []int
	for k, l := range a.legs {
		if j := slices.Index(b.legs, l); j >= 0 {
			aAxes, bAxes = append(aAxes, k), append(bAxes, j)
		}
	}
	n, err := graph.Tensordot(aAxes, bAxes, x, y)
	if err != nil {
		return operand{}, err
	}
	legs := open(a.legs, b.legs)
	n, err = graph.Reshape(n, shape(legs)...)
	return operand{node: n, legs: legs}, err
}
