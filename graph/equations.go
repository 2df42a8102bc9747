package graph

import G "gorgonia.org/gorgonia"

// Equations adds operations that follow each other to a graph, so that they read as
// equations. It keeps the first error, after which all results are nil. The zero value
// is ready for use.
type Equations struct{ err error }

// Err returns the first error.
func (e *Equations) Err() error { return e.err }

// Do returns what f returns, which is not called after an error.
func (e *Equations) Do(f func() (*G.Node, error)) (n *G.Node) {
	if e.err == nil {
		n, e.err = f()
	}
	return n
}

// Unary returns f(a).
func (e *Equations) Unary(f func(a *G.Node) (*G.Node, error), a *G.Node) *G.Node {
	return e.Do(func() (*G.Node, error) { return f(a) })
}

// Binary returns f(a, b).
func (e *Equations) Binary(f func(a, b *G.Node) (*G.Node, error), a, b *G.Node) *G.Node {
	return e.Do(func() (*G.Node, error) { return f(a, b) })
}

// Add returns a + b.
func (e *Equations) Add(a, b *G.Node) *G.Node { return e.Binary(G.Add, a, b) }

// Sub returns a - b.
func (e *Equations) Sub(a, b *G.Node) *G.Node { return e.Binary(G.Sub, a, b) }

// Mul returns a ⊙ b, the elementwise product.
func (e *Equations) Mul(a, b *G.Node) *G.Node { return e.Binary(G.HadamardProd, a, b) }

// AddRow returns a matrix with a row, (1, columns), added to each of its rows.
func (e *Equations) AddRow(a, row *G.Node) *G.Node {
	return e.Do(func() (*G.Node, error) { return G.BroadcastAdd(a, row, nil, []byte{0}) })
}

// Sigmoid returns σ(a), the logistic function.
func (e *Equations) Sigmoid(a *G.Node) *G.Node { return e.Unary(G.Sigmoid, a) }

// Tanh returns tanh(a).
func (e *Equations) Tanh(a *G.Node) *G.Node { return e.Unary(G.Tanh, a) }

// Reshape is the function Reshape.
func (e *Equations) Reshape(a *G.Node, shape ...int) *G.Node {
	return e.Do(func() (*G.Node, error) { return Reshape(a, shape...) })
}

// Split cuts a (batch, n·hidden) into n parts, each (batch, hidden), such as the gates of a cell.
func (e *Equations) Split(a *G.Node, n int) G.Nodes { return e.split(a, 1, n) }

func (e *Equations) split(a *G.Node, axis, n int) G.Nodes {
	if e.err == nil {
		var parts G.Nodes
		if parts, e.err = Split(a, axis, n); e.err == nil {
			return parts
		}
	}
	return make(G.Nodes, n)
}
