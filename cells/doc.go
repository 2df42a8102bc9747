// Package cells builds recurrent layers whose weight matrices are tensor networks
// of package decomp.
//
// A layer reads x (batch, steps, features) and keeps a state h (batch, hidden). Of
// g gates, input modes n_1·…·n_d = features, output modes m_1·…·m_e = hidden,
//
//	x (batch, steps, n_1..n_d)
//	│  all steps of all sequences at once: they do not depend on h
//	▼
//	W (n_1·…·n_d, (g·m_1)·m_2·…·m_e), any format     one product of batch·steps rows
//	▼
//	(batch, steps, g, hidden) ── step t ──► + b + h·U ──► Cell ──► h (batch, hidden)
//	                                            ▲                   │
//	                         U (hidden, g·hidden), any format ◄─────┘
//
// The gates are folded into the first output mode, as in the papers: the g·hidden
// columns are row-major, so each gate is a block of hidden columns.
//
//	stack, err := cells.New(cells.Layer{
//		Cell: cells.LSTM{}, In: []int{8, 10, 10, 9, 8}, Out: []int{4, 4, 2, 4, 2},
//		Input: decomp.HT{Leaf: []int{4}, Inner: []int{5}},
//	})
//	// nodes are by the names of stack.Params(), with initial values of stack.Init(seed)
//	out, err := stack.Forward(x, nodes, cells.Options{}) // out.Last is (batch, hidden)
//
// LSTM, GRU and RNN are Cells. One of your own says what its gates are and how a
// step goes, and Register gives it a name for specs. A Joint layer has one network
// instead of two: W and U are blocks of it. Sequences of unequal length share a
// batch (Options.Lengths). A Runner is for inference, without a graph.
package cells
