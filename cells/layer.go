package cells

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// Layer describes one recurrent layer. It is data; New checks it.
type Layer struct {
	Cell Cell
	In   []int // input modes n_1..n_d; their product is the number of features of a step
	Out  []int // output modes m_1..m_e without the gate factor; their product is the hidden size

	// Inputs is the number of features of a step if less than the product of In:
	// the layer appends zeros to them. 0 means the product of In.
	Inputs int

	Input     decomp.Format // of the input-to-hidden weights W; nil means Dense
	Recurrent decomp.Format // of the hidden-to-hidden weights U, over modes Out and (g·m_1)..m_e; nil means Dense

	// Joint makes W and U two blocks of one network in the format Input, over
	// the rows of [x; h]: the fully decomposed cell of FDHT-LSTM (arXiv
	// 2104.05758), docs/formats/joint.md. Recurrent must then be nil.
	Joint bool

	Dropout          float64 // probability of dropping an input feature in training, for all steps of a sequence
	RecurrentDropout float64 // the same for the state that U reads

	Bidirectional bool // a second set of weights reads the steps in reverse; the outputs are joined
}

// Hidden returns the size of the state of one direction.
func (l Layer) Hidden() int { return product(l.Out) }

// InputSize returns the number of features the layer reads per step.
func (l Layer) InputSize() int {
	if l.Inputs != 0 {
		return l.Inputs
	}
	return product(l.In)
}

// Features returns the size of the layer's output: the hidden size, doubled if
// bidirectional.
func (l Layer) Features() int { return l.Hidden() * l.directions() }

func (l Layer) directions() int {
	if l.Bidirectional {
		return 2
	}
	return 1
}

func (l Layer) validate(name string) error {
	if l.Cell < LSTM || l.Cell > RNN {
		return errors.Errorf("cells: %s has cell %d; want LSTM, GRU or RNN", name, l.Cell)
	}
	for _, m := range slices.Concat(l.In, l.Out) {
		if m < 1 {
			return errors.Errorf("cells: %s has input modes %v and output modes %v; every mode is at least 1", name, l.In, l.Out)
		}
	}
	if len(l.In) == 0 || len(l.Out) == 0 {
		return errors.Errorf("cells: %s needs input modes and output modes, has %v and %v", name, l.In, l.Out)
	}
	if total(l.In, 1) > math.MaxInt32 {
		return errors.Errorf("cells: %s has input modes %v, which multiply to more than %d", name, l.In, math.MaxInt32)
	}
	if g, both := l.Cell.Gates(), l.directions(); total(l.Out, g*both) > math.MaxInt32 {
		return errors.Errorf("cells: %s has output modes %v; with %d gates in %d directions they multiply to more than %d", name, l.Out, g, both, math.MaxInt32)
	}
	if l.Joint && l.Recurrent != nil {
		return errors.Errorf("cells: %s is joint and has a recurrent format, %s, of its own; want one of the two", name, l.Recurrent.Name())
	}
	if p := l.Dropout; !(p >= 0 && p < 1) {
		return errors.Errorf("cells: %s has dropout %v; want at least 0 and below 1", name, p)
	}
	if p := l.RecurrentDropout; !(p >= 0 && p < 1) {
		return errors.Errorf("cells: %s has recurrent dropout %v; want at least 0 and below 1", name, p)
	}
	return nil
}

// direction is one set of weights of a layer.
type direction struct {
	layer            Layer
	name             string // prefix of parameter names
	reverse          bool
	input, recurrent weights
	joint            *decomp.Matrix // of which both are blocks; nil where they have cores of their own
}

// weights is a matrix with the prefix of its cores' parameter names.
type weights struct {
	*decomp.Matrix
	prefix string
}

func newDirection(l Layer, name string, reverse bool) (*direction, error) {
	folded := slices.Clone(l.Out)
	folded[0] *= l.Cell.Gates()
	if n := product(l.In); l.Inputs < 0 || l.Inputs > n {
		return nil, errors.Errorf("cells: %s has %d inputs, but input modes %s; want 1 to %d, or 0 for all", name, l.Inputs, modes(l.In), n)
	}
	if l.Joint {
		joint, input, recurrent, err := newJoint(l, folded)
		if err != nil {
			return nil, errors.Wrapf(err, "cells: %s, joint%s", name, l.folding())
		}
		prefix := name + ".joint."
		return &direction{layer: l, name: name, reverse: reverse, joint: joint, input: weights{input, prefix}, recurrent: weights{recurrent, prefix}}, nil
	}
	input, err := orDense(l.Input).Matrix(l.In, folded)
	if err != nil {
		return nil, errors.Wrapf(err, "cells: %s, input-to-hidden%s", name, l.folding())
	}
	recurrent, err := orDense(l.Recurrent).Matrix(l.Out, folded)
	if err != nil {
		return nil, errors.Wrapf(err, "cells: %s, hidden-to-hidden%s", name, l.folding())
	}
	return &direction{layer: l, name: name, reverse: reverse, input: weights{input, name + ".input."}, recurrent: weights{recurrent, name + ".recurrent."}}, nil
}

// folding explains the output modes that an error is about to quote.
func (l Layer) folding() string {
	if l.Cell.Gates() == 1 {
		return ""
	}
	return fmt.Sprintf(" (%d gates folded into the first of output modes %s)", l.Cell.Gates(), modes(l.Out))
}

func orDense(f decomp.Format) decomp.Format {
	if f == nil {
		return decomp.Dense{}
	}
	return f
}

// params lists the direction's learnable tensors: input cores and recurrent
// cores, or joint ones, then the bias.
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
		list(d.recurrent, HiddenToHidden)
	}
	return append(ps, Param{Name: d.name + ".bias", Shape: []int{1, d.layer.Cell.Gates() * d.layer.Hidden()}, Role: Bias})
}

// init returns the initial values in the order of params.
func (d *direction) init(rng *rand.Rand) [][]float64 {
	hidden, n := d.layer.Hidden(), d.layer.Cell.Gates()
	var values [][]float64
	if d.joint != nil {
		values = d.initJoint(rng)
	} else {
		values = d.input.Init(rng, d.input.Glorot())
		if _, dense := orDense(d.layer.Recurrent).(decomp.Dense); dense {
			values = append(values, orthogonal(rng, hidden, n))
		} else {
			// An orthogonal matrix of this size has elements of variance 1/hidden.
			values = append(values, d.recurrent.Init(rng, d.recurrent.LeCun())...)
		}
	}
	bias := make([]float64, n*hidden)
	if d.layer.Cell == LSTM {
		// Forget gates start open (Jozefowicz et al. 2015).
		for j := hidden; j < 2*hidden; j++ {
			bias[j] = 1
		}
	}
	return append(values, bias)
}

// reads writes the input modes, and how many of the values they hold are zeros
// that the layer appends.
func (l Layer) reads() string {
	if zeros := product(l.In) - l.InputSize(); zeros > 0 {
		return fmt.Sprintf("%s, %d of them zeros", modes(l.In), zeros)
	}
	return modes(l.In)
}

// total multiplies, without overflow.
func total(sizes []int, times int) float64 {
	p := float64(times)
	for _, s := range sizes {
		p *= float64(s)
	}
	return p
}

func product(sizes []int) int {
	p := 1
	for _, s := range sizes {
		p *= s
	}
	return p
}

// modes writes modes as users read them: 8·10·10·9·8 = 57600.
func modes(m []int) string {
	return fmt.Sprintf("%s = %d", strings.ReplaceAll(strings.Trim(fmt.Sprint(m), "[]"), " ", "·"), product(m))
}
