// Package decomp writes a large matrix as a small tensor network.
//
// A matrix W of shape (N, M) whose sizes factor into modes,
//
//	N = n_1·n_2·…·n_d  (input modes)    M = m_1·m_2·…·m_e  (output modes),
//
// is a tensor W[a_1..a_d, i_1..i_e], row-major in both groups. A [Format] says
// which small tensors, the cores, multiply to W and which of their axes meet:
//
//	TT     tensor train           [TT]
//	TR     tensor ring            [TR]
//	BT     block term             [BT], a sum of Tucker networks
//	HT     hierarchical Tucker    [HT]
//	Dense  W itself, the baseline [Dense]
//
// A format is data. Its Matrix method checks modes and ranks and lists the
// cores with named legs; everything else is written once for any [Matrix]:
//
//	m, err := decomp.HT{Leaf: []int{4}, Inner: []int{5}}.Matrix(
//		[]int{8, 10, 10, 9, 8}, []int{16, 4, 2, 4, 2})
//	m.Params()                           // 1245 instead of 58,982,400
//	values := m.Init(rng, m.Glorot())    // initial cores; Var(W) is as asked
//	w := m.Dense(values)                 // (N, M), for checking
//	y, err := m.Product(x, cores, nil)   // x (rows, N) -> y (rows, M), a gorgonia graph
//
// A block of rows, m.Restrict(ranges), is a matrix with the same cores, cut where
// it reads them.
//
// The product never forms W. A [Plan] merges the cores into a few factors and
// contracts these with x, in Tensordot and Mul nodes alone (a Tensordot may take two
// factors, one after the other); the gradients come from
// symbolic differentiation, graph.Grad.
package decomp
