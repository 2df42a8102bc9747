package cells

import (
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/graph"
)

// lstmStep is the long short-term memory of Hochreiter and Schmidhuber (1997)
// with the forget gate of Gers et al. (2000). Gates stand in the order i, f, g,
// o; σ is the logistic function, ⊙ the elementwise product:
//
//	i = σ(x·W_i + h·U_i + b_i)
//	f = σ(x·W_f + h·U_f + b_f)
//	g = tanh(x·W_g + h·U_g + b_g)
//	o = σ(x·W_o + h·U_o + b_o)
//	c' = f ⊙ c + i ⊙ g
//	h' = o ⊙ tanh(c')
func lstmStep(a, u *G.Node, s state) (state, G.Nodes, error) {
	y, err := graph.LSTMGates(a, u)
	if err != nil {
		return s, nil, err
	}
	c, err := graph.LSTMMemory(y, s.c)
	if err != nil {
		return s, nil, err
	}
	h, err := graph.LSTMState(y, c)
	if err != nil {
		return s, nil, err
	}
	each, err := gates(y, 4) // for a look at them; nothing else reads them
	return state{h: h, c: c}, each, err
}
