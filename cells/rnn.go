package cells

import G "gorgonia.org/gorgonia"

// rnnStep is the plain recurrence of Elman (1990):
//
//	h' = tanh(x·W + h·U + b)
func rnnStep(a, u *G.Node, s state) (state, G.Nodes, error) {
	var k calc
	h := k.tanh(k.add(a, u))
	return state{h: h}, G.Nodes{h}, k.err
}
