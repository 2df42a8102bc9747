package cells

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// Layer describes one recurrent layer. It is data; New checks it.
type Layer struct {
	Cell Cell  // nil means LSTM
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

	// CandidateBias adds a learnable bias to the candidate's columns of h·U, which
	// PyTorch, Keras and ONNX have in a GRU. It is an error where the cell's Gates
	// have no Reset: b does the same there.
	CandidateBias bool

	Dropout          float64 // probability of dropping an input feature in training, for all steps of a sequence
	RecurrentDropout float64 // the same for the state that U reads, if there is one

	Bidirectional bool // a second set of weights reads the steps in reverse; the outputs are joined
}

// Hidden returns the size of the state of one direction.
func (l Layer) Hidden() int { return dims.Size(l.Out) }

// InputSize returns the number of features the layer reads per step.
func (l Layer) InputSize() int {
	if l.Inputs != 0 {
		return l.Inputs
	}
	return dims.Size(l.In)
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

// copied returns a layer with a cell, whose modes nobody else changes.
func (l Layer) copied() Layer {
	if l.Cell == nil {
		l.Cell = LSTM{}
	}
	l.In, l.Out = slices.Clone(l.In), slices.Clone(l.Out)
	return l
}

func (l Layer) validate(name string) error {
	if err := checkCell(l.Cell); err != nil {
		return errors.Wrapf(err, "cells: %s", name)
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
	if g, both := len(l.Cell.Gates()), l.directions(); total(l.Out, g*both) > math.MaxInt32 {
		return errors.Errorf("cells: %s has output modes %v; with %d gates in %d directions they multiply to more than %d", name, l.Out, g, both, math.MaxInt32)
	}
	if l.Joint && l.Recurrent != nil {
		return errors.Errorf("cells: %s is joint and has a recurrent format, %s, of its own; want one of the two", name, l.Recurrent.Name())
	}
	if !readsState(l.Cell) && (l.Joint || l.Recurrent != nil) {
		return errors.Errorf("cells: %s is joint or has a recurrent format, but the gates of cell %s do not read the state: there are no such weights", name, l.Cell.Name())
	}
	if l.CandidateBias && !slices.ContainsFunc(l.Cell.Gates(), func(g Gate) bool { return g.Reset }) {
		return errors.Errorf("cells: %s has a candidate bias, but cell %s adds its products up, and their one bias does the same; leave it out", name, l.Cell.Name())
	}
	if p := l.Dropout; !(p >= 0 && p < 1) {
		return errors.Errorf("cells: %s has dropout %v; want at least 0 and below 1", name, p)
	}
	if p := l.RecurrentDropout; !(p >= 0 && p < 1) {
		return errors.Errorf("cells: %s has recurrent dropout %v; want at least 0 and below 1", name, p)
	}
	if n := dims.Size(l.In); l.Inputs < 0 || l.Inputs > n {
		return errors.Errorf("cells: %s has %d inputs, but input modes %s; want 1 to %d, or 0 for all", name, l.Inputs, modes(l.In), n)
	}
	return nil
}

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
	fail := func(role string, err error) error {
		if len(d.gates) > 1 { // the error is about to quote other output modes
			role += fmt.Sprintf(" (%d gates folded into the first of output modes %s)", len(d.gates), modes(l.Out))
		}
		return errors.Wrapf(err, "cells: %s, %s", name, role)
	}
	var err error
	if l.Joint {
		d.input.prefix, d.recurrent.prefix = name+".joint.", name+".joint."
		if d.joint, d.input.Matrix, d.recurrent.Matrix, err = newJoint(l, folded); err != nil {
			return nil, fail("joint", err)
		}
		return d, nil
	}
	d.input.prefix, d.recurrent.prefix = name+".input.", name+".recurrent."
	if d.input.Matrix, err = orDense(l.Input).Matrix(l.In, folded); err != nil {
		return nil, fail("input-to-hidden", err)
	}
	if readsState(l.Cell) {
		if d.recurrent.Matrix, err = orDense(l.Recurrent).Matrix(l.Out, folded); err != nil {
			return nil, fail("hidden-to-hidden", err)
		}
	}
	return d, nil
}

// width is the number of columns, gates·hidden.
func (d *direction) width() int { return len(d.gates) * d.layer.Hidden() }

func orDense(f decomp.Format) decomp.Format {
	if f == nil {
		return decomp.Dense{}
	}
	return f
}

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

// init returns the initial values in the order of params.
func (d *direction) init(rng *rand.Rand) [][]float64 {
	hidden := d.layer.Hidden()
	var values [][]float64
	if d.joint != nil {
		values = d.initJoint(rng)
	} else {
		values = d.input.Init(rng, d.input.Glorot())
		if _, dense := orDense(d.layer.Recurrent).(decomp.Dense); dense && d.recurrent.Matrix != nil {
			values = append(values, orthogonal(rng, hidden, len(d.gates)))
		} else if d.recurrent.Matrix != nil {
			// An orthogonal matrix of this size has elements of variance 1/hidden.
			values = append(values, d.recurrent.Init(rng, d.recurrent.LeCun())...)
		}
	}
	var bias []float64
	for _, g := range d.gates {
		bias = append(bias, slices.Repeat([]float64{g.Bias}, hidden)...)
	}
	values = append(values, bias)
	if d.layer.CandidateBias {
		values = append(values, make([]float64, hidden))
	}
	return values
}

// reads writes the input modes, and how many of the values they hold are zeros
// that the layer appends.
func (l Layer) reads() string {
	if zeros := dims.Size(l.In) - l.InputSize(); zeros > 0 {
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

// modes writes modes as users read them: 8·10·10·9·8 = 57600.
func modes(m []int) string { return fmt.Sprintf("%s = %d", dims.Dots(m), dims.Size(m)) }
