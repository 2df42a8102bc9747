package cells

import G "gorgonia.org/gorgonia"

// gruStep is the gated recurrent unit of Cho et al. (2014), with the reset gate
// after the product with U, as in cuDNN and PyTorch: h·U is then one product for
// all gates and may be of any format. Gates stand in the order z, r, g:
//
//	z = σ(x·W_z + h·U_z + b_z)
//	r = σ(x·W_r + h·U_r + b_r)
//	g = tanh(x·W_g + r ⊙ (h·U_g) + b_g)
//	h' = z ⊙ h + (1-z) ⊙ g
func gruStep(a, u *G.Node, s state) (state, G.Nodes, error) {
	x, err := gates(a, 3)
	if err != nil {
		return s, nil, err
	}
	y, err := gates(u, 3)
	if err != nil {
		return s, nil, err
	}
	var k calc
	z := k.sigmoid(k.add(x[0], y[0]))
	r := k.sigmoid(k.add(x[1], y[1]))
	g := k.tanh(k.add(x[2], k.mul(r, y[2])))
	h := k.add(g, k.mul(z, k.sub(s.h, g)))
	return state{h: h}, G.Nodes{z, r, g}, k.err
}
