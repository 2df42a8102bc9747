package cells

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// Options are the options of one forward graph.
type Options struct {
	// Lengths (batch) holds the number of steps of each sequence, as values of
	// x's type. Later steps are padding: their values change neither the state
	// nor any gradient. Nil means that all sequences have all steps.
	Lengths *G.Node
	// Training turns dropout on.
	Training bool
	// Seed and the number of the run determine dropout: run k of two graphs with
	// the same seed drops the same values. Run points to that number, for a
	// caller who runs several graphs or resumes training; nil makes the graph
	// count its own runs from 0.
	Seed uint64
	Run  *uint64
	// Row is the row of this batch's first sequence in a larger batch that
	// several graphs share out. What is dropped depends on the row there.
	Row int
	// Activations asks for those of Output.
	Activations bool
	// Truncate cuts sequences into pieces of so many steps, through which gradients do not
	// go back (truncated backpropagation through time); 0 means no cuts.
	Truncate int
	// Start is the state of each layer before the first step; nil means zeros. Its C is ignored,
	// and may be nil, where the cell has no memory. It is an error where a layer reads in reverse.
	Start []State
	// Unroll makes every step nodes of the graph, for second derivatives.
	Unroll bool
}

// Output is the result of a stack for a batch of sequences.
type Output struct {
	Last  *G.Node // (batch, features): the state after each sequence's last step; of a reverse direction, after its first
	Steps *G.Node // (batch, steps, features), the last layer's state after each step; padding repeats the state before it

	// End is the state of each layer after each sequence's last step, with which a graph for the
	// steps that follow can start. Gradients go through its H alone.
	End []State

	// Activations are the values inside the layers, layer by layer.
	Activations []Activation
}

// Activation is a value inside a layer, for inspecting what it does: saturated
// gates, or the first place where a number overflowed.
type Activation struct {
	Layer string  // "layer1", or "layer1.backward" for the reverse direction
	Name  string  // that of the gate, Projection, Memory or Hidden
	Gate  *Gate   // nil for what is not a gate
	Node  *G.Node // (batch, steps, hidden); the projection (batch, steps, gates·hidden)
}

// Names of activations.
const (
	Candidate  = "candidate"  // the gate that has the new content of the state
	Projection = "projection" // x·W of all steps, without bias
	Memory     = "memory"     // State.C after the step
	Hidden     = "state"      // State.H after the step
)

// Forward adds the stack to x's graph. x is (batch, steps, n_1, ..., n_d), where
// n_1·…·n_d is Inputs; params maps the name of each parameter to a node of its
// shape. It returns an error when a shape does not fit or a parameter is
// missing.
func (s *Stack) Forward(x *G.Node, params map[string]*G.Node, opt Options) (*Output, error) {
	shape := x.Shape()
	if x.Dims() < 3 || dims.Size(shape[2:]) != s.Inputs() {
		return nil, errors.Errorf("cells: layer1 input modes %s, but x has shape %v; want (batch, steps, %d)", s.layers[0].reads(), shape, s.Inputs())
	}
	for _, p := range s.Params() {
		n := params[p.Name]
		if n == nil {
			return nil, errors.Errorf("cells: no node for parameter %s", p.Name)
		}
		if !slices.Equal(p.Shape, n.Shape()) {
			return nil, errors.Errorf("cells: parameter %s has shape %v; want %v", p.Name, n.Shape(), p.Shape)
		}
	}
	r := &run{params: params, opt: opt, batch: shape[0], steps: shape[1]}
	if opt.Lengths != nil {
		if l := opt.Lengths.Shape(); len(l) != 1 || l[0] != r.batch {
			return nil, errors.Errorf("cells: lengths have shape %v, x %v; want (%d)", l, shape, r.batch)
		}
		r.mask = r.Do(func() (*G.Node, error) { return before(opt.Lengths, r.steps) })
		x = r.Binary(selected, x, r.mask)
	}
	if opt.Start != nil {
		if err := s.checkStart(opt.Start, r.batch); err != nil {
			return nil, err
		}
	}
	out := &Output{End: make([]State, len(s.layers))}
	for k, both := range s.directions {
		if k > 0 {
			x = out.Steps
		}
		if n, size := s.layers[k].InputSize(), both[0].input.Rows(); n < size {
			x = r.Reshape(x, r.batch, r.steps, n)
			x = r.Do(func() (*G.Node, error) { return graph.Pad(x, 2, size) })
		}
		if r.Err() != nil {
			return nil, r.Err()
		}
		r.first = k == 0
		for _, d := range both {
			var start State
			if opt.Start != nil {
				start = opt.Start[k]
			}
			states, last := r.direction(d, x, start)
			out.End[k] = last
			if d.reverse {
				states = r.Do(func() (*G.Node, error) { return graph.Concat(2, out.Steps, states) })
				last.H = r.Do(func() (*G.Node, error) { return graph.Concat(1, out.Last, last.H) })
			}
			out.Steps, out.Last = states, last.H
		}
	}
	out.Activations = r.activations
	return out, r.Err()
}

// checkStart returns an error when the layers cannot start with these states. Whether a
// cell needs a C is known later: checkMemory.
func (s *Stack) checkStart(start []State, batch int) error {
	if len(start) != len(s.layers) {
		return errors.Errorf("cells: %d states to start with; want one for each of the %d layers", len(start), len(s.layers))
	}
	for k, l := range s.layers {
		if l.Bidirectional {
			return errors.Errorf("cells: layer%d reads in reverse too, from a sequence's end, and cannot start with a state", k+1)
		}
		if h := start[k].H; h == nil || !slices.Equal([]int{batch, l.Hidden()}, h.Shape()) {
			return errors.Errorf("cells: layer%d starts with an H of %s; want (%d, %d)", k+1, shapeOf(h), batch, l.Hidden())
		}
	}
	return nil
}

// checkMemory returns an error when a cell that has a memory cannot start with this one.
func (r *run) checkMemory(d *direction, c *G.Node) error {
	if c == nil || !slices.Equal([]int{r.batch, d.layer.Hidden()}, c.Shape()) {
		return errors.Errorf("cell %s has a memory, but starts with a C of %s; want (%d, %d)", d.layer.Cell.Name(), shapeOf(c), r.batch, d.layer.Hidden())
	}
	return nil
}

func shapeOf(n *G.Node) string {
	if n == nil {
		return "no node"
	}
	return fmt.Sprintf("shape %v", n.Shape())
}
