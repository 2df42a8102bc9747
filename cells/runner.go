package cells

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Runner runs a stack forward only, in float32 and without a graph: step by step
// through live sequences, carrying the state over, or over whole sequences. The
// cores are merged once, into the factors of plans for inference. A Runner is
// not safe for concurrent use, but different Runners of one stack may run
// concurrently.
type Runner struct {
	stack   *Stack
	batch   int
	layers  [][]*unit // by layer and direction
	carried []memo    // by layer
}

// block is the number of steps that go through W at once where a sequence has as
// many. A dense W is then read once for all of them, which takes a sixth of the
// time or less; decomposed ones gain little. A block of one size, unlike all
// steps at once, does with one plan and one program for sequences of any length.
const block = 8

// maxInput bounds the values of a block of steps: more is a mistake, or does not fit
// into memory where an int has 32 bits.
const maxInput = min(1<<31, math.MaxInt/8)

// unit is one direction of a layer.
type unit struct {
	d       *direction
	one     *projection // of a step
	several *projection // of a block of steps
	step    *recurrence
}

// memo is the state of a direction between steps, each (batch, hidden).
type memo struct{ h, c []float32 }

// Runner returns a Runner for batch sequences at a time, with copies of the
// parameters' values. It returns an error when batch is not positive or is too
// large, or when a parameter is missing, has the wrong shape or is not float32.
func (s *Stack) Runner(params map[string]*tensor.Dense, batch int) (*Runner, error) {
	if batch < 1 {
		return nil, errors.Errorf("cells: a batch of %d sequences; want at least 1", batch)
	}
	widest := 0
	s.each(func(d *direction) { widest = max(widest, d.input.Rows(), d.layer.Cell.Gates()*d.layer.Hidden()) })
	if batch > maxInput/block/widest {
		return nil, errors.Errorf("cells: a batch of %d sequences with %d values a step; want at most %d sequences", batch, widest, maxInput/block/widest)
	}
	r := &Runner{stack: s, batch: batch}
	for _, both := range s.directions {
		var units []*unit
		for _, d := range both {
			u, err := newUnit(d, params, batch)
			if err != nil {
				return nil, err
			}
			units = append(units, u)
		}
		r.layers = append(r.layers, units)
		r.carried = append(r.carried, units[0].memo(batch))
	}
	return r, nil
}

func newUnit(d *direction, params map[string]*tensor.Dense, batch int) (*unit, error) {
	values := map[string]*tensor.Dense{}
	for _, p := range d.params() {
		v := params[p.Name]
		if v == nil {
			return nil, errors.Errorf("cells: no value for parameter %s", p.Name)
		}
		if !slices.Equal(p.Shape, v.Shape()) || v.Dtype() != tensor.Float32 {
			return nil, errors.Errorf("cells: parameter %s is %v %v; want float32 %v", p.Name, v.Dtype(), v.Shape(), tensor.Shape(p.Shape))
		}
		values[p.Name] = v.Clone().(*tensor.Dense)
	}
	u := &unit{d: d}
	var err error
	if u.one, err = newProjection(d, values, batch); err != nil {
		return nil, err
	}
	if u.several, err = newProjection(d, values, batch*block); err != nil {
		return nil, err
	}
	u.step, err = newRecurrence(d, values, batch)
	return u, err
}

func (u *unit) memo(batch int) memo {
	n := batch * u.d.layer.Hidden()
	return memo{h: make([]float32, n), c: make([]float32, n)}
}

// Reset forgets the carried state: the next Step is the first of new sequences.
func (r *Runner) Reset() {
	for _, m := range r.carried {
		clear(m.h)
		clear(m.c)
	}
}

// Step advances each sequence by one step, x (batch, features). It returns the
// last layer's state, (batch, features), which is the carried state itself:
// read-only, and valid until the next call. It returns an error when x has the
// wrong size, or when a layer is bidirectional: its reverse direction would
// begin at the sequence's end, which is not there yet.
func (r *Runner) Step(x []float32) ([]float32, error) {
	for k, l := range r.stack.layers {
		if l.Bidirectional {
			return nil, errors.Errorf("cells: layer%d is bidirectional and reads a sequence from its end too; it runs on whole sequences only, with Sequence", k+1)
		}
	}
	if want := r.batch * r.stack.Inputs(); len(x) != want {
		return nil, errors.Errorf("cells: a step has %d values; want %d, %d sequences of %d", len(x), want, r.batch, r.stack.Inputs())
	}
	for k, units := range r.layers {
		u, m := units[0], r.carried[k]
		for b := range r.batch {
			u.one.put(b, x[b*r.stack.layers[k].InputSize():])
		}
		a, err := u.one.run()
		if err != nil {
			return nil, errors.Wrapf(err, "cells: %s", u.d.name)
		}
		if err := u.advance(a, m, nil); err != nil {
			return nil, err
		}
		x = m.h
	}
	return x, nil
}

// Sequence runs whole sequences from their beginning, x (batch, steps, features)
// with lengths (batch) as in Options.Lengths; nil means that all have all steps.
// It returns Output.Last, (batch, features), in a new slice, and leaves the
// carried state alone. It returns an error when x has the wrong size, or a
// length is not from 1 to steps.
func (r *Runner) Sequence(x []float32, steps int, lengths []int) ([]float32, error) {
	inputs := r.stack.Inputs()
	if steps < 1 || len(x)%steps != 0 || len(x)/steps != r.batch*inputs {
		return nil, errors.Errorf("cells: sequences of %d steps have %d values; want %d sequences of steps of %d", steps, len(x), r.batch, inputs)
	}
	if lengths != nil && len(lengths) != r.batch {
		return nil, errors.Errorf("cells: %d lengths; want %d, one a sequence", len(lengths), r.batch)
	}
	for b, n := range lengths {
		if n < 1 || n > steps {
			return nil, errors.Errorf("cells: sequence %d has length %d; want 1 to %d", b+1, n, steps)
		}
	}
	var last []float32
	for k, units := range r.layers {
		s := sequences{x: x, batch: r.batch, steps: steps, inputs: r.stack.layers[k].InputSize(), lengths: lengths, features: r.stack.layers[k].Features()}
		s.last = make([]float32, r.batch*s.features)
		if k < len(r.layers)-1 {
			s.all = make([]float32, r.batch*steps*s.features)
		}
		for j, u := range units {
			if err := u.over(&s, j*u.d.layer.Hidden()); err != nil {
				return nil, err
			}
		}
		x, last = s.all, s.last
	}
	return last, nil
}

// sequences is what a layer reads and writes.
type sequences struct {
	x                              []float32 // (batch, steps, inputs)
	all                            []float32 // (batch, steps, features); nil when nobody reads them
	last                           []float32 // (batch, features)
	batch, steps, inputs, features int
	lengths                        []int
}

// over runs a direction over all steps, in blocks while they last. Its states
// stand in the features from column on.
func (u *unit) over(s *sequences, column int) error {
	m, hidden := u.memo(s.batch), u.d.layer.Hidden()
	active := make([]bool, s.batch)
	for from := 0; from < s.steps; {
		p, n := u.one, 1
		if s.steps-from >= block {
			p, n = u.several, block
		}
		for j := range n {
			for b := range s.batch {
				p.put(j*s.batch+b, s.x[(b*s.steps+u.at(from+j, s.steps))*s.inputs:])
			}
		}
		a, err := p.run()
		if err != nil {
			return errors.Wrapf(err, "cells: %s", u.d.name)
		}
		for j := range n {
			t := u.at(from+j, s.steps)
			for b := range active {
				active[b] = s.lengths == nil || t < s.lengths[b]
			}
			if err := u.advance(a[j*len(u.step.a):][:len(u.step.a)], m, active); err != nil {
				return err
			}
			for b := range s.batch {
				if s.all != nil {
					copy(s.all[(b*s.steps+t)*s.features+column:][:hidden], m.h[b*hidden:])
				}
			}
		}
		from += n
	}
	for b := range s.batch {
		copy(s.last[b*s.features+column:][:hidden], m.h[b*hidden:])
	}
	return nil
}

// at returns the k-th step to be run.
func (u *unit) at(k, steps int) int {
	if u.d.reverse {
		return steps - 1 - k
	}
	return k
}

// put copies the features that values start with into a row of x. The zeros
// after them, where the layer appends some, stay.
func (p *projection) put(row int, values []float32) {
	copy(p.x[row*p.width:][:p.inputs], values)
}

// run computes the rows that stand in p.x: (rows, gates·hidden).
func (p *projection) run() ([]float32, error) {
	err := p.program.Run()
	if err != nil {
		return nil, err
	}
	return p.program.Value(p.y).Data().([]float32), nil
}

// advance changes the state of the active sequences, nil being all, by a step
// whose x·W + b is a.
func (u *unit) advance(a []float32, m memo, active []bool) error {
	r := u.step
	copy(r.a, a)
	copy(r.h, m.h)
	copy(r.c, m.c)
	if err := r.program.Run(); err != nil {
		return errors.Wrapf(err, "cells: %s", u.d.name)
	}
	keep(m.h, r.program.Value(r.next.h).Data().([]float32), active)
	if r.next.c != nil {
		keep(m.c, r.program.Value(r.next.c).Data().([]float32), active)
	}
	return nil
}

// keep copies the rows of active sequences.
func keep(state, next []float32, active []bool) {
	if active == nil {
		copy(state, next)
		return
	}
	hidden := len(state) / len(active)
	for b, yes := range active {
		if yes {
			copy(state[b*hidden:][:hidden], next[b*hidden:])
		}
	}
}

// Close releases the programs.
func (r *Runner) Close() error {
	var first error
	for _, units := range r.layers {
		for _, u := range units {
			for _, p := range []interface{ Close() error }{u.one.program, u.several.program, u.step.program} {
				if err := p.Close(); first == nil {
					first = err
				}
			}
		}
	}
	return first
}
