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
	input, recurrent weights        // recurrent without a matrix if the cell is InputGated
	joint            *decomp.Matrix // of which both are blocks; nil where they have cores of their own
}

// weights is a matrix with the prefix of its cores' parameter names.
type weights struct {
	*decomp.Matrix
	prefix string
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
	role, err := "joint", error(nil)
	if l.Joint {
		d.input.prefix, d.recurrent.prefix = name+".joint.", name+".joint."
		d.joint, d.input.Matrix, d.recurrent.Matrix, err = newJoint(l, folded)
	} else {
		role = "input-to-hidden"
		d.input.prefix, d.recurrent.prefix = name+".input.", name+".recurrent."
		if d.input.Matrix, err = orDense(l.Input).Matrix(l.In, folded); err == nil && readsState(l.Cell) {
			role = "hidden-to-hidden"
			d.recurrent.Matrix, err = orDense(l.Recurrent).Matrix(l.Out, folded)
		}
	}
	if len(d.gates) > 1 { // an error is about to quote other output modes
		role += fmt.Sprintf(" (%d gates folded into the first of output modes %s)", len(d.gates), modes(l.Out))
	}
	return d, errors.Wrapf(err, "cells: %s, %s", name, role)
}

// width is the number of columns, gates·hidden.
func (d *direction) width() int { return len(d.gates) * d.layer.Hidden() }

func orDense(f decomp.Format) decomp.Format { return cmp.Or(f, decomp.Format(decomp.Dense{})) }

// params lists the direction's learnable tensors: input cores and recurrent
// cores, or joint ones, then the biases.
func (d *direction) params() []Param {
	var ps []Param
	list := func(w weights, role Role) {
		for _, c := range w.Cores() {
			ps = append(ps, Param{Name: w.prefix + c.Name, Shape: c.Shape(), Role: role})
		}
	}
	if d.joint != nil {
		list(d.input, Joint)
	} else {
		list(d.input, InputToHidden)
		if d.recurrent.Matrix != nil {
			list(d.recurrent, HiddenToHidden)
		}
	}
	return append(ps, d.biases()...)
}

func (d *direction) biases() []Param {
	ps := []Param{{Name: d.name + biasName, Shape: []int{1, d.width()}, Role: Bias}}
	if d.layer.CandidateBias {
		ps = append(ps, Param{Name: d.name + candidateBiasName, Shape: []int{1, d.layer.Hidden()}, Role: Bias})
	}
	return ps
}
