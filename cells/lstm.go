package cells

import G "gorgonia.org/gorgonia"

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
	var k calc
	all := k.add(a, u)
	if k.err != nil {
		return s, nil, k.err
	}
	gate, err := gates(all, 4)
	if err != nil {
		return s, nil, err
	}
	i, f, g, o := k.sigmoid(gate[0]), k.sigmoid(gate[1]), k.tanh(gate[2]), k.sigmoid(gate[3])
	c := k.add(k.mul(f, s.c), k.mul(i, g))
	h := k.mul(o, k.tanh(c))
	return state{h: h, c: c}, G.Nodes{i, f, g, o}, k.err
}
