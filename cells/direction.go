package cells

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// direction is one set of weights of a layer.
type direction struct {
	layer            Layer
	gates            []Gate
	name             string // prefix of parameter names
	reverse          bool
	input, recurrent weights // recurrent without a matrix if the cell is InputGated
	joint            weights // of which both are blocks; without a matrix where they have cores of their own
}

// weights is a matrix with what it is for and the prefix of its cores' parameter names.
type weights struct {
	*decomp.Matrix
	role   Role
	prefix string
}

// own lists the matrices that have cores of their own.
func (d *direction) own() []weights {
	list := []weights{d.input, d.recurrent}
	if d.joint.Matrix != nil {
		list = []weights{d.joint}
	}
	return slices.DeleteFunc(list, func(w weights) bool { return w.Matrix == nil })
}

// The names of biases, after that of the direction.
const (
	biasName          = ".bias"
	candidateBiasName = ".candidate_bias"
)

func newDirection(l Layer, name string, reverse bool) (*direction, error) {
	d := &direction{layer: l, gates: l.Cell.Gates(), name: name, reverse: reverse}
	folded := slices.Clone(l.Out)
	folded[0] *= len(d.gates)
	what, err := Joint, error(nil)
	if l.Joint {
		of := weights{role: Joint, prefix: name + ".joint."}
		d.input, d.recurrent, d.joint = of, of, of
		d.joint.Matrix, d.input.Matrix, d.recurrent.Matrix, err = newJoint(l, folded)
	} else {
		what = InputToHidden
		d.input, d.recurrent = weights{role: InputToHidden, prefix: name + ".input."}, weights{role: HiddenToHidden, prefix: name + ".recurrent."}
		if d.input.Matrix, err = orDense(l.Input).Matrix(l.In, folded); err == nil && readsState(l.Cell) {
			what = HiddenToHidden
			d.recurrent.Matrix, err = orDense(l.Recurrent).Matrix(l.Out, folded)
		}
	}
	gates := ""
	if len(d.gates) > 1 { // an error is about to quote other output modes
		gates = fmt.Sprintf(" (%d gates folded into the first of output modes %s)", len(d.gates), modes(l.Out))
	}
	return d, errors.Wrapf(err, "cells: %s, %s%s", name, what, gates)
}

// width is the number of columns, gates·hidden.
func (d *direction) width() int { return len(d.gates) * d.layer.Hidden() }

func orDense(f decomp.Format) decomp.Format { return cmp.Or(f, decomp.Format(decomp.Dense{})) }

// params lists the direction's learnable tensors: input cores and recurrent
// cores, or joint ones, then the biases.
func (d *direction) params() []Param {
	var ps []Param
	for _, w := range d.own() {
		for _, c := range w.Cores() {
			ps = append(ps, Param{Name: w.prefix + c.Name, Shape: c.Shape(), Role: w.role})
		}
	}
	ps = append(ps, Param{Name: d.name + biasName, Shape: []int{1, d.width()}, Role: Bias})
	if d.layer.CandidateBias {
		ps = append(ps, Param{Name: d.name + candidateBiasName, Shape: []int{1, d.layer.Hidden()}, Role: Bias})
	}
	return ps
}
