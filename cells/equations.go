package cells

import (
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/graph"
)

// Equations adds elementwise operations to a graph, so that a Step reads as the
// cell's equations. It keeps the first error, after which all results are nil. The
// zero value is ready for use.
type Equations struct{ err error }

// Err returns the first error.
func (e *Equations) Err() error { return e.err }

// Split cuts a (batch, n·hidden) into n gates, each (batch, hidden).
func (e *Equations) Split(a *G.Node, n int) G.Nodes {
	if e.err == nil {
		var parts G.Nodes
		if parts, e.err = graph.Split(a, 1, n); e.err == nil {
			return parts
		}
	}
	return make(G.Nodes, n)
}

// Add returns a + b.
func (e *Equations) Add(a, b *G.Node) *G.Node { return e.binary(G.Add, a, b) }

// Sub returns a - b.
func (e *Equations) Sub(a, b *G.Node) *G.Node { return e.binary(G.Sub, a, b) }

// Mul returns a ⊙ b, the elementwise product.
func (e *Equations) Mul(a, b *G.Node) *G.Node { return e.binary(G.HadamardProd, a, b) }

// Sigmoid returns σ(a), the logistic function.
func (e *Equations) Sigmoid(a *G.Node) *G.Node { return e.unary(G.Sigmoid, a) }

// Tanh returns tanh(a).
func (e *Equations) Tanh(a *G.Node) *G.Node { return e.unary(G.Tanh, a) }

func (e *Equations) binary(f func(a, b *G.Node) (*G.Node, error), a, b *G.Node) (n *G.Node) {
	if e.err == nil {
		n, e.err = f(a, b)
	}
	return n
}

func (e *Equations) unary(f func(*G.Node) (*G.Node, error), a *G.Node) (n *G.Node) {
	if e.err == nil {
		n, e.err = f(a)
	}
	return n
}
