package decomp

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/ops"
	"github.com/tensorzoo/tensorzoo/internal/planner"
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
	rows, err := m.rowsOf(x)
	if err != nil {
		return nil, err
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
// the order of Cores: one per factor, term by term, of FactorShapes. A factor of
// one core is that core; cores meet each other in Tensordot nodes. It returns an
// error when a core has the wrong shape.
func (p *Plan) Merge(cores G.Nodes) (G.Nodes, error) {
	m := p.matrix
	list, index := m.cores()
	names, shapes := make([]string, len(list)), make([][]int, len(list))
	for k, c := range list {
		names[k], shapes[k] = c.Name, c.Shape()
	}
	if err := m.fit("core", names, shapes, cores); err != nil {
		return nil, err
	}
	var factors G.Nodes
	for k, t := range p.terms {
		parts, err := m.parts(m.Terms[k], cores, index)
		if err != nil {
			return nil, err
		}
		for j, s := range t.Steps {
			node, err := t.network.merge(s, parts)
			if err != nil {
				return nil, errors.Wrapf(err, "decomp: %s factor %s", m.Format, t.factors[j])
			}
			factors = append(factors, node)
		}
	}
	return factors, nil
}

// fit returns an error when nodes have not the shapes of the cores or factors of those names.
func (m *Matrix) fit(what string, names []string, shapes [][]int, nodes G.Nodes) error {
	if len(nodes) != len(shapes) {
		return errors.Errorf("decomp: %s has %d %ss, got %d nodes", m.Format, len(shapes), what, len(nodes))
	}
	for k, s := range shapes {
		if !slices.Equal(s, nodes[k].Shape()) {
			return errors.Errorf("decomp: %s %s %s has shape %s, its node %v", m.Format, what, names[k], dims.Dots(s), nodes[k].Shape())
		}
	}
	return nil
}

// FactorShapes lists the shapes of the factors that Merge makes: of one core, its
// own without ranks that no other core has; of several, (shared, free).
func (p *Plan) FactorShapes() [][]int {
	var shapes [][]int
	for _, t := range p.terms {
		for _, s := range t.Steps {
			shapes = append(shapes, t.network.factorShape(s))
		}
	}
	return shapes
}

func (n numbered) factorShape(s planner.Step) []int {
	if len(s.Cores) == 1 {
		return n.shape(n.Cores[s.Cores[0]])
	}
	return []int{int(n.Volume(s.Shared)), int(n.Volume(s.Free))}
}

// shape lists the sizes of legs, (1) for none.
func (n numbered) shape(legs []int) []int {
	if len(legs) == 0 {
		return []int{1}
	}
	var sizes []int
	for _, l := range legs {
		sizes = append(sizes, n.Sizes[l])
	}
	return sizes
}

// Apply adds y = x·W to x's graph from the factors that Merge made, or from
// inputs with their values. x and y are those of Product. A contraction of an
// input that is one product of matrices is a Mul node, any other a Tensordot, which
// reads x and every result where they lie, except where the plan calls them moved.
// It returns an error when x or a factor has the wrong shape.
func (p *Plan) Apply(x *G.Node, factors G.Nodes) (*G.Node, error) {
	m := p.matrix
	rows, err := m.rowsOf(x)
	if err != nil {
		return nil, err
	}
	if rows != p.Rows {
		return nil, errors.Errorf("decomp: %s: the plan is for %d rows, x has %d; PlanOptions.Rows says for how many", m.Format, p.Rows, rows)
	}
	var names []string
	for _, t := range p.terms {
		names = append(names, t.factors...)
	}
	if err := m.fit("factor", names, p.FactorShapes(), factors); err != nil {
		return nil, err
	}
	var e graph.Equations
	var y *G.Node
	for _, t := range p.terms {
		part := e.Do(func() (*G.Node, error) { return t.apply(x, rows, factors[:len(t.Steps)]) })
		if factors = factors[len(t.Steps):]; y == nil {
			y = part
		} else {
			y = e.Add(y, part)
		}
	}
	return y, errors.Wrapf(e.Err(), "decomp: %s", m.Format)
}

// rowsOf returns the number of rows of x.
func (m *Matrix) rowsOf(x *G.Node) (int, error) {
	shape := x.Shape()
	for k := 1; k < len(shape); k++ {
		if dims.Size(shape[k:]) == m.Rows() {
			return dims.Size(shape[:k]), nil
		}
	}
	return 0, errors.Errorf("decomp: %s input modes %s = %d, but x has shape %v; want (rows, %d) or (batch, steps, n_1, ..., n_d)",
		m.Format, dims.Dots(Sizes(m.In)), m.Rows(), shape, m.Rows())
}

// apply adds x times one network, (rows, M).
func (t term) apply(x *G.Node, rows int, factors G.Nodes) (*G.Node, error) {
	n := t.network
	row := ops.Axis{ID: len(n.legs), Size: rows}
	of := func(legs []int) []ops.Axis { return append([]ops.Axis{row}, n.axes(legs)...) }
	factor := func(s planner.Step) []ops.Axis {
		if len(s.Cores) > 1 {
			return n.axes(slices.Concat(s.Shared, s.Free))
		}
		return n.axes(n.Cores[s.Cores[0]])
	}
	for k, s := range t.Steps {
		if k > 0 && t.Steps[k-1].Chained {
			continue
		}
		last, after := k, s.After
		if s.Chained {
			last, after = k+1, t.Steps[k+1].After
		}
		if last == len(t.Steps)-1 {
			after = n.Out // in their order, which Reorder is not
		}
		var err error
		if s.Chained {
			x, err = ops.Chain(x, factors[k], factors[last], of(s.Before), factor(s), factor(t.Steps[last]), of(after), rows, ops.Volume(n.axes(after)))
		} else {
			x, err = multiply(x, factors[k], of(s.Before), factor(s), of(after))
		}
		if err != nil {
			return nil, errors.Wrap(err, t.factors[k])
		}
	}
	return graph.Reshape(x, rows, int(n.Volume(n.Out)))
}

// multiply adds the contraction of x with a factor: the axes say how their values
// lie, whatever their shapes, the rows of x first. The result is a matrix.
func multiply(x, factor *G.Node, xAxes, fAxes, yAxes []ops.Axis) (*G.Node, error) {
	rest, shared, added := ops.Both(xAxes, yAxes), ops.Both(xAxes, fAxes), ops.Both(fAxes, yAxes)
	product := slices.Equal(xAxes, slices.Concat(rest, shared)) && slices.Equal(fAxes, slices.Concat(shared, added)) && slices.Equal(yAxes, slices.Concat(rest, added))
	// Upstream's product takes new memory for its result at each run, and so does its
	// gradient; that of x is as large as x. Over x's memory the machine may write,
	// unless x is an input.
	if !product || x.Op() != nil {
		return ops.Tensordot(x, factor, xAxes, fAxes, yAxes, yAxes[0].Size, ops.Volume(yAxes[1:]))
	}
	var e graph.Equations
	x = e.Do(func() (*G.Node, error) { return graph.View(x, ops.Volume(rest), ops.Volume(shared)) })
	return e.Binary(G.Mul, x, e.Reshape(factor, ops.Volume(shared), ops.Volume(added))), e.Err()
}

// axes are those of a tensor with the given legs. Legs of size 1 take no part in a contraction.
func (n numbered) axes(legs []int) (axes []ops.Axis) {
	for _, l := range legs {
		if n.Sizes[l] > 1 {
			axes = append(axes, ops.Axis{ID: l, Size: n.Sizes[l]})
		}
	}
	return axes
}

// merge adds the product of a step's cores. There is a node for each core of the network.
func (n numbered) merge(s planner.Step, cores G.Nodes) (*G.Node, error) {
	if len(s.Cores) == 1 {
		return cores[s.Cores[0]], nil
	}
	nodes, legs := make(G.Nodes, len(s.Cores)), make([][]int, len(s.Cores))
	for k, core := range s.Cores {
		nodes[k], legs[k] = cores[core], n.Cores[core]
	}
	for k, m := range s.Merges {
		open := planner.Open(legs[m.A], legs[m.B])
		shape := n.shape(open)
		if k == len(s.Merges)-1 {
			open, shape = slices.Concat(s.Shared, s.Free), n.factorShape(s)
		}
		node, err := ops.Tensordot(nodes[m.A], nodes[m.B], n.axes(legs[m.A]), n.axes(legs[m.B]), n.axes(open), shape...)
		if err != nil {
			return nil, err
		}
		nodes, legs = append(nodes, node), append(legs, open)
	}
	return nodes[len(nodes)-1], nil
}
