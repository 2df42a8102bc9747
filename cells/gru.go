package cells

import (
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/graph"
)

// GRU is the gated recurrent unit of Cho et al. (2014), with the reset gate after
// the product with U, as in cuDNN, PyTorch and Keras (reset_after): h·U is then one
// product for all gates and may be of any format. Gates stand in the order z, r, g:
//
//	z = σ(x·W_z + h·U_z + b_z)
//	r = σ(x·W_r + h·U_r + b_r)
//	g = tanh(x·W_g + r ⊙ (h·U_g) + b_g)
//	h' = z ⊙ h + (1-z) ⊙ g
//
// With Layer.CandidateBias h·U_g has a bias of its own: r ⊙ (h·U_g + b_u).
type GRU struct{}

func init() { Register(GRU{}) }

// Name returns "gru".
func (GRU) Name() string { return "gru" }

// Gates lists z, r and g.
func (GRU) Gates() []Gate {
	return []Gate{
		{Name: "update gate", High: 1, Keeps: 1},
		{Name: "reset gate", High: 1},
		{Name: Candidate, Low: -1, High: 1, Reset: true},
	}
}

// Step is the equations.
func (GRU) Step(a, u *G.Node, s State) (State, G.Nodes, error) {
	var e graph.Equations
	x, y := e.Split(a, 3), e.Split(u, 3)
	z := e.Sigmoid(e.Add(x[0], y[0]))
	r := e.Sigmoid(e.Add(x[1], y[1]))
	g := e.Tanh(e.Add(x[2], e.Mul(r, y[2])))
	h := e.Add(g, e.Mul(z, e.Sub(s.H, g)))
	return State{H: h}, G.Nodes{z, r, g}, e.Err()
}
