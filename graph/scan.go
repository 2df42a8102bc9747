package graph

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// Recurrence describes what Scan repeats.
type Recurrence struct {
	X      G.Nodes // read step by step, each (batch, steps, n)
	State  G.Nodes // before the first step, each (batch, n)
	Shared G.Nodes // read whole by every step, such as weights; of any shape

	// Mask (batch, steps) is 0 where a step is padding: the sequence's state stays as it
	// is. Nil means that there is none. It has no gradient.
	Mask    *G.Node
	Reverse bool // the last step comes first
	// Truncate cuts the sequences into pieces of so many steps, from one to the next of
	// which the state goes on but no gradient goes back (truncated backpropagation through
	// time). 0 means that it goes all the way.
	Truncate int
	Unroll   bool // every step becomes nodes of the graph itself
	Forward  bool // no gradient is wanted

	// Step adds a step to the graph of its operands, one node for each of X (batch, n),
	// State (batch, n) and Shared, and uses no other nodes but constants. It returns the
	// next state, of the shapes of State, and what else it has to show, each (batch, n). It
	// is called several times and does the same each time; nothing in it is drawn at random.
	Step func(x, state, shared G.Nodes) (next, out G.Nodes, err error)
}

// Scanned is what Scan computes. All but Last are (batch, steps, n), in the order of X's
// steps.
type Scanned struct {
	States G.Nodes // the state after each step
	Out    G.Nodes // what else Step returns
	Last   G.Nodes // the state after the step that comes last, each (batch, n)
}

// Scan repeats a step over sequences. The graph gets one node for all steps: a step is
// built in a graph of its own, differentiated there (Grad), and run as often as there are
// steps. The build takes as long for any number of them, and what is kept for the gradient
// is the states; the rest of a step is computed again. That gradient has no gradient: for
// derivatives of higher order, Unroll. Both compute the same up to rounding.
//
// It returns an error when shapes don't fit, and that of Step.
func Scan(r Recurrence) (*Scanned, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	if r.Unroll {
		return r.unrolled()
	}
	s := &scan{Recurrence: r, batch: r.State[0].Shape()[0], steps: r.X[0].Shape()[1]}
	if err := s.build(); err != nil {
		return nil, err
	}
	operands := s.operands()
	if r.Mask != nil {
		operands = append(operands, r.Mask)
	}
	y, err := ops.Apply(s.op(), operands...)
	if err != nil {
		return nil, err
	}
	s.y = y
	var e Equations
	out, at := &Scanned{}, 0
	for k, n := range s.widths {
		part := e.Do(func() (*G.Node, error) { return Slice(y, 2, at, at+n) })
		at += n
		if k >= len(r.State) {
			out.Out = append(out.Out, part)
			continue
		}
		out.States = append(out.States, part)
		t := s.order(s.steps - 1)
		last := e.Do(func() (*G.Node, error) { return Slice(part, 1, t, t+1) })
		out.Last = append(out.Last, e.Reshape(last, s.batch, n))
	}
	return out, e.Err()
}

func (r Recurrence) check() error {
	if len(r.X) == 0 || len(r.State) == 0 || r.Step == nil {
		return errors.Errorf("graph: a recurrence of %d inputs and %d states; want at least one of each, and a Step", len(r.X), len(r.State))
	}
	for _, of := range []struct {
		name  string
		nodes G.Nodes
	}{{"X", r.X}, {"State", r.State}, {"Shared", r.Shared}} {
		if k := slices.Index(of.nodes, nil); k >= 0 {
			return errors.Errorf("graph: a recurrence whose %s[%d] is nil; want a node", of.name, k)
		}
	}
	first := r.X[0].Shape()
	for _, x := range r.X {
		if s := x.Shape(); len(s) != 3 || !slices.Equal(s[:2], first[:2]) {
			return errors.Errorf("graph: a recurrence over inputs of shapes %v and %v; want each (batch, steps, n)", first, s)
		}
	}
	for _, h := range r.State {
		if s := h.Shape(); len(s) != 2 || s[0] != first[0] {
			return errors.Errorf("graph: a recurrence over inputs of shape %v from a state %v; want (%d, n)", first, s, first[0])
		}
	}
	if r.Truncate < 0 {
		return errors.Errorf("graph: a recurrence is cut into pieces of %d steps; want at least 1, or 0 for no cuts", r.Truncate)
	}
	if r.Mask != nil && !slices.Equal(r.Mask.Shape(), first[:2]) {
		return errors.Errorf("graph: a recurrence over inputs of shape %v with a mask %v; want (batch, steps)", first, r.Mask.Shape())
	}
	return nil
}

// cut reports whether no gradient goes back from the step that comes k-th.
func (r Recurrence) cut(k int) bool { return r.Truncate > 0 && k%r.Truncate == 0 && k > 0 }

// operands lists what has a gradient.
func (r Recurrence) operands() G.Nodes { return slices.Concat(r.X, r.State, r.Shared) }

// order returns the step that comes k-th.
func (r Recurrence) order(k int) int {
	if r.Reverse {
		return r.X[0].Shape()[1] - 1 - k
	}
	return k
}

// step calls Step and checks what it returns.
func (r Recurrence) step(x, state, shared G.Nodes) (next, out G.Nodes, err error) {
	next, out, err = r.Step(x, state, shared)
	if err != nil {
		return nil, nil, err
	}
	if len(next) != len(state) {
		return nil, nil, errors.Errorf("graph: a recurrence of %d states has a Step that returns %d", len(state), len(next))
	}
	for k, n := range slices.Concat(next, out) {
		switch {
		case n == nil:
			return nil, nil, errors.New("graph: the Step of a recurrence returns a node that is nil")
		case k < len(state) && !slices.Equal(n.Shape(), state[k].Shape()):
			return nil, nil, errors.Errorf("graph: the Step of a recurrence makes a state of shape %v of one of %v", n.Shape(), state[k].Shape())
		case n.Dims() != 2 || n.Shape()[0] != state[0].Shape()[0]:
			return nil, nil, errors.Errorf("graph: the Step of a recurrence returns %v; want (%d, n)", n.Shape(), state[0].Shape()[0])
		}
	}
	return next, out, nil
}

// unrolled adds every step to the graph.
func (r Recurrence) unrolled() (*Scanned, error) {
	var e Equations
	shape := r.X[0].Shape()
	batch, steps := shape[0], shape[1]
	cut := func(x *G.Node) G.Nodes { return e.split(e.Reshape(x, batch, dimsAfter(x)), 1, steps) }
	var xs []G.Nodes // by input, then by step
	for _, x := range r.X {
		xs = append(xs, cut(x))
	}
	var masks G.Nodes
	if r.Mask != nil {
		masks = cut(r.Mask)
	}
	var all []G.Nodes // by state or output, then by step
	state := r.State
	for k := range steps {
		t := r.order(k)
		now := make(G.Nodes, len(xs))
		for j := range xs {
			now[j] = xs[j][t]
		}
		before := state
		if r.cut(k) {
			state = slices.Clone(state)
			for j, h := range state {
				state[j] = e.Unary(withoutGradient, h)
			}
		}
		if e.Err() != nil {
			return nil, e.Err()
		}
		next, out, err := r.step(now, state, r.Shared)
		if err != nil {
			return nil, err
		}
		if masks != nil {
			for j, old := range before { // padding is no step, and cuts nothing
				kept := e.Do(func() (*G.Node, error) { return Select(old, masks[t], true) })
				next[j] = e.Add(e.Do(func() (*G.Node, error) { return Select(next[j], masks[t], false) }), kept)
			}
		}
		if k == 0 {
			all = make([]G.Nodes, len(next)+len(out))
			for j := range all {
				all[j] = make(G.Nodes, steps)
			}
		}
		for j, n := range slices.Concat(next, out) {
			all[j][t] = n
		}
		state = next
	}
	s := &Scanned{Last: state}
	for j, each := range all {
		n := e.Do(func() (*G.Node, error) { return Concat(1, each...) })
		if n != nil {
			n = e.Reshape(n, batch, steps, each[0].Shape()[1])
		}
		if j < len(state) {
			s.States = append(s.States, n)
		} else {
			s.Out = append(s.Out, n)
		}
	}
	return s, e.Err()
}

// withoutGradient returns x, which counts as a constant.
func withoutGradient(x *G.Node) (*G.Node, error) {
	return ops.Apply(&ops.Op{
		Name: "without gradient",
		F32:  func(out []float32, in [][]float32) { copy(out, in[0]) },
		F64:  func(out []float64, in [][]float64) { copy(out, in[0]) },
	}, x)
}

// dimsAfter is the number of elements of a row.
func dimsAfter(x *G.Node) int { return x.Shape().TotalSize() / x.Shape()[0] }
