package cells

import G "gorgonia.org/gorgonia"

// Activation is a value inside a layer, for inspecting what it does: saturated
// gates, or the first place where a number overflowed.
type Activation struct {
	Layer string  // "layer1", or "layer1.backward" for the reverse direction
	Name  string  // that of the gate, Projection, Memory or Hidden
	Gate  *Gate   // nil for what is not a gate
	Step  int     // from 0; -1 for the projection, which has all steps
	Node  *G.Node // (batch, hidden); the projection (batch·steps, gates·hidden)
}

// Names of activations.
const (
	Candidate  = "candidate"  // the gate that has the new content of the state
	Projection = "projection" // x·W of all steps, without bias
	Memory     = "memory"     // State.C after the step
	Hidden     = "state"      // State.H after the step
)

// note keeps what a step computed. The states are those before padding is
// undone.
func (r *run) note(d *direction, step int, gates G.Nodes, s State) {
	add := func(name string, gate *Gate, n *G.Node) {
		r.activations = append(r.activations, Activation{Layer: d.name, Name: name, Gate: gate, Step: step, Node: n})
	}
	for k := range d.gates {
		add(d.gates[k].Name, &d.gates[k], gates[k])
	}
	if s.C != nil {
		add(Memory, nil, s.C)
	}
	add(Hidden, nil, s.H)
}
