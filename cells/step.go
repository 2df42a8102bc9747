package cells

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
)

// product is x·W + b in a graph, with W's merged factors.
type product struct {
	plan    *decomp.Plan
	factors G.Nodes
	bias    *G.Node // (1, columns); nil for none
}

func (p *product) of(x *G.Node) (*G.Node, error) {
	y, err := p.plan.Apply(x, p.factors)
	if err != nil || p.bias == nil {
		return y, err
	}
	return G.BroadcastAdd(y, p.bias, nil, []byte{0})
}

// at returns the step that is the k-th to be run.
func (d *direction) at(k, steps int) int {
	if d.reverse {
		return steps - 1 - k
	}
	return k
}

// step adds one step: from a = x·W + b and the state s, to that after it and the
// gates. h is s.H, dropout aside; u is nil where the cell does not read it.
func (d *direction) step(a, h *G.Node, s State, u *product) (State, G.Nodes, error) {
	var hu *G.Node
	if u != nil {
		var err error
		if hu, err = u.of(h); err != nil {
			return s, nil, err
		}
	}
	next, gates, err := d.layer.Cell.Step(a, hu, s)
	if err != nil {
		return s, nil, err
	}
	if len(gates) != len(d.gates) {
		return s, nil, errors.Errorf("cell %s has %d gates, but its Step returns %d", d.layer.Cell.Name(), len(d.gates), len(gates))
	}
	values := append(G.Nodes{next.H}, gates...)
	if next.C != nil {
		values = append(values, next.C)
	}
	for _, n := range values {
		if n == nil || !slices.Equal(n.Shape(), s.H.Shape()) {
			return s, nil, errors.Errorf("cell %s returns a state or gate that is not (batch, hidden) = %v", d.layer.Cell.Name(), s.H.Shape())
		}
	}
	return next, gates, nil
}

// widen returns the candidate's bias (1, hidden) among zeros for the other gates,
// (1, gates·hidden).
func (d *direction) widen(bias *G.Node) (*G.Node, error) {
	before := slices.IndexFunc(d.gates, func(g Gate) bool { return g.Reset })
	if before > 0 {
		zeros, err := graph.Zeros(bias, 1, before*d.layer.Hidden())
		if err != nil {
			return nil, err
		}
		if bias, err = graph.Concat(1, zeros, bias); err != nil {
			return nil, err
		}
	}
	return graph.Pad(bias, 1, d.width())
}
