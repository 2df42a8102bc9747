package cells

import (
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/graph"
)

// RNN is the plain recurrence of Elman (1990):
//
//	h' = tanh(x·W + h·U + b)
type RNN struct{}

func init() { Register(RNN{}) }

// Name returns "rnn".
func (RNN) Name() string { return "rnn" }

// Gates lists the one gate, the state itself.
func (RNN) Gates() []Gate { return []Gate{{Name: Candidate, Low: -1, High: 1}} }

// Step is the equation.
func (RNN) Step(a, u *G.Node, _ State) (State, G.Nodes, error) {
	var e graph.Equations
	h := e.Tanh(e.Add(a, u))
	return State{H: h}, G.Nodes{h}, e.Err()
}
