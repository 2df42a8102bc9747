package cells

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/graph"
)

// LSTM is the long short-term memory of Hochreiter and Schmidhuber (1997) with the
// forget gate of Gers et al. (2000), open at first (Jozefowicz et al. 2015). Gates
// stand in the order i, f, g, o; σ is the logistic function, ⊙ the elementwise
// product:
//
//	i = σ(x·W_i + h·U_i + b_i)
//	f = σ(x·W_f + h·U_f + b_f)
//	g = tanh(x·W_g + h·U_g + b_g)
//	o = σ(x·W_o + h·U_o + b_o)
//	c' = f ⊙ c + i ⊙ g
//	h' = o ⊙ tanh(c')
type LSTM struct{}

func init() { Register(LSTM{}) }

// Name returns "lstm".
func (LSTM) Name() string { return "lstm" }

// Gates lists i, f, g and o.
func (LSTM) Gates() []Gate {
	return []Gate{
		{Name: "input gate", High: 1},
		{Name: "forget gate", High: 1, Bias: 1},
		{Name: Candidate, Low: -1, High: 1},
		{Name: "output gate", High: 1},
	}
}

// Step is the equations, in three operations.
func (LSTM) Step(a, u *G.Node, s State) (State, G.Nodes, error) {
	if n := a.Shape(); len(n) != 2 || !slices.Equal(n, u.Shape()) || !slices.Equal([]int{n[0], n[1] / 4}, s.C.Shape()) || n[1]%4 != 0 {
		return s, nil, errors.Errorf("cells: lstm of x·W %v, h·U %v and memory %v; want twice (batch, 4·hidden), and (batch, hidden)",
			a.Shape(), u.Shape(), s.C.Shape())
	}
	var e graph.Equations
	y := e.Binary(lstmGates, a, u)
	c := e.Binary(lstmMemory, y, s.C)
	h := e.Binary(lstmState, y, c)
	gates := e.Split(y, 4) // for a look at them; nothing else reads them
	return State{H: h, C: c}, gates, e.Err()
}
