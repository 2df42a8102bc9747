package cells

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/graph"
)

// Cell is a kind of recurrent cell.
type Cell int

const (
	LSTM Cell = iota // long short-term memory, 4 gates
	GRU              // gated recurrent unit, 3 gates
	RNN              // plain recurrence with tanh, 1 gate
)

var cellNames = []string{"lstm", "gru", "rnn"}

// ParseCell returns the named cell, as String spells it, or an error that lists
// the names.
func ParseCell(name string) (Cell, error) {
	for k, n := range cellNames {
		if n == name {
			return Cell(k), nil
		}
	}
	return 0, errors.Errorf("cells: no cell %q; want lstm, gru or rnn", name)
}

// String returns "lstm", "gru" or "rnn".
func (c Cell) String() string {
	if c < 0 || int(c) >= len(cellNames) {
		return "unknown"
	}
	return cellNames[c]
}

// Gates returns the factor on the first output mode: 4, 3 or 1.
func (c Cell) Gates() int { return []int{4, 3, 1}[c] }

// GateNames lists the cell's gates in the order of their columns.
func (c Cell) GateNames() []string {
	return [][]string{
		{"input gate", "forget gate", Candidate, "output gate"},
		{"update gate", "reset gate", Candidate},
		{Candidate},
	}[c]
}

// state is what a cell carries from step to step, each (batch, hidden).
type state struct {
	h *G.Node
	c *G.Node // LSTM only
}

// step advances a cell: a (batch, gates·hidden) is x·W + b, u is h·U. It returns
// the next state and the gates, each (batch, hidden), in the order of GateNames.
type step func(a, u *G.Node, s state) (state, G.Nodes, error)

func (c Cell) step() step { return []step{lstmStep, gruStep, rnnStep}[c] }

// gates cuts a (batch, n·hidden) into its gates, each (batch, hidden).
func gates(a *G.Node, n int) (G.Nodes, error) { return graph.Split(a, 1, n) }

// calc chains operations and keeps the first error, so that cells read as their
// equations.
type calc struct{ err error }

func (k *calc) do(n *G.Node, err error) *G.Node {
	if k.err == nil {
		k.err = err
	}
	return n
}

func (k *calc) add(a, b *G.Node) *G.Node  { return k.binary(G.Add, a, b) }
func (k *calc) sub(a, b *G.Node) *G.Node  { return k.binary(G.Sub, a, b) }
func (k *calc) mul(a, b *G.Node) *G.Node  { return k.binary(G.HadamardProd, a, b) }
func (k *calc) sigmoid(a *G.Node) *G.Node { return k.unary(G.Sigmoid, a) }
func (k *calc) tanh(a *G.Node) *G.Node    { return k.unary(G.Tanh, a) }

func (k *calc) binary(f func(a, b *G.Node) (*G.Node, error), a, b *G.Node) *G.Node {
	if k.err != nil {
		return nil
	}
	return k.do(f(a, b))
}

func (k *calc) unary(f func(*G.Node) (*G.Node, error), a *G.Node) *G.Node {
	if k.err != nil {
		return nil
	}
	return k.do(f(a))
}
