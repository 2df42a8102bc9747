package cells

import G "gorgonia.org/gorgonia"

// Activation is a value inside a layer, for inspecting what it does: saturated
// gates, or the first place where a number overflowed.
type Activation struct {
	Layer string  // "layer1", or "layer1.backward" for the reverse direction
	Name  string  // one of the cell's GateNames, Projection, Memory or Hidden
	Gate  bool    // the name is one of GateNames
	Step  int     // from 0; -1 for the projection, which has all steps
	Node  *G.Node // (batch, hidden); the projection (batch·steps, gates·hidden)
}

// Names of activations: the one gate from -1 to 1 (the others are from 0 to 1),
// and those that are not gates.
const (
	Candidate  = "candidate"
	Projection = "projection" // x·W of all steps, without bias
	Memory     = "memory"     // c of an LSTM, after the step
	Hidden     = "state"      // h after the step
)

// note keeps what a step computed. The states are those before padding is
// undone.
func (r *run) note(d *direction, step int, gates G.Nodes, s state) {
	add := func(name string, gate bool, n *G.Node) {
		r.activations = append(r.activations, Activation{Layer: d.name, Name: name, Gate: gate, Step: step, Node: n})
	}
	for k, name := range d.layer.Cell.GateNames() {
		add(name, true, gates[k])
	}
	if s.c != nil {
		add(Memory, false, s.c)
	}
	add(Hidden, false, s.h)
}
