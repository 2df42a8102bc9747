package cells

import (
	"maps"
	"regexp"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
)

// Cell is a kind of recurrent cell. Layers do the rest: the products with W and U,
// biases, directions, lengths, dropout.
type Cell interface {
	// Name is what specs call the cell: lower-case letters, digits and hyphens.
	Name() string
	// Gates lists the gates in the order of their columns. Their number is the factor on the first output mode.
	Gates() []Gate
	// Step adds a step to the graph: from a = x·W + b and u = h·U, each (batch,
	// gates·hidden), and the state before it, to the state after it and the gates,
	// each (batch, hidden), in the order of Gates. u is nil if the cell is InputGated.
	// A graph.Equations lets it read as the cell's equations.
	Step(a, u *G.Node, s State) (State, G.Nodes, error)
}

// State is what a cell carries from step to step, each (batch, hidden). It begins with zeros.
type State struct {
	H *G.Node // what the layer above and U read
	C *G.Node // a memory that the cell alone reads; nil after the step of a cell without one
}

// Gate is a block of a cell's columns.
type Gate struct {
	Name      string
	Low, High float64 // bounds of its values: 0 and 1 of a sigmoid, -1 and 1 of a tanh; equal if there are none
	Bias      float64 // the first value of its biases
	// Keeps is 1 where the state stays as it is while the gate is open, and -1 where it
	// does while the gate is shut; Layer.Memory looks at it.
	Keeps int
	// Reset says that Step multiplies this block of u with another gate before it
	// adds that of a, so that a bias of the former, Layer.CandidateBias, is not one
	// of the latter. It goes to the first such gate.
	Reset bool
}

// InputGated is a Cell whose gates read x alone, as those of minGRU do (arXiv
// 2410.01201). Its layers have no U.
type InputGated interface {
	Cell
	InputGated()
}

func readsState(c Cell) bool {
	_, no := c.(InputGated)
	return !no
}

var (
	registered = map[string]Cell{}
	validName  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

// Register makes a cell known by its name: specs may then have it, and checkpoints
// that do can be read. Call it from an init function. It panics when the name is
// taken, or when the cell's name or gates are not valid.
func Register(c Cell) {
	err := checkCell(c)
	if err == nil && registered[c.Name()] != nil {
		err = errors.Errorf("Register is called twice for cell %s", c.Name())
	}
	if err != nil {
		panic(errors.Wrap(err, "cells"))
	}
	registered[c.Name()] = c
}

// Find returns the cell that is registered under a name, or an error that lists the
// names and suggests the closest one.
func Find(name string) (Cell, error) {
	if c := registered[name]; c != nil {
		return c, nil
	}
	return nil, errors.Errorf("cells: no cell %q%s", name, didyoumean.Hint(name, Names()))
}

// Names lists the registered cells in the order of the alphabet.
func Names() []string { return slices.Sorted(maps.Keys(registered)) }

func checkCell(c Cell) error {
	if !validName.MatchString(c.Name()) {
		return errors.Errorf("a cell is called %q; want lower-case letters, digits and hyphens", c.Name())
	}
	if len(c.Gates()) == 0 {
		return errors.Errorf("cell %s has no gates; want at least one", c.Name())
	}
	taken := []string{"", Projection, Memory, Hidden}
	for _, g := range c.Gates() {
		if slices.Contains(taken, g.Name) {
			return errors.Errorf("cell %s has a gate %q; want gates with names of their own", c.Name(), g.Name)
		}
		taken = append(taken, g.Name)
	}
	return nil
}
