package cells

import (
	"cmp"
	"fmt"
	"math"
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

	// Memory is the number of steps over which a state can last at first: biases of the
	// gates that keep it begin at ±log(u), with u drawn between 1 and Memory-1 for each
	// unit (Tallec and Ollivier 2018, arXiv 1804.11188), in place of their Bias. The
	// units then forget after 2 to Memory steps. 0 means that biases begin at Bias.
	Memory int

	Dropout          float64 // probability of dropping an input feature in training, for all steps of a sequence
	RecurrentDropout float64 // the same for the state that U reads, if there is one

	Bidirectional bool // a second set of weights reads the steps in reverse; the outputs are joined
}

// Hidden returns the size of the state of one direction.
func (l Layer) Hidden() int { return dims.Size(l.Out) }

// InputSize returns the number of features the layer reads per step.
func (l Layer) InputSize() int { return cmp.Or(l.Inputs, dims.Size(l.In)) }

// Features returns the size of the layer's output: the hidden size, doubled if bidirectional.
func (l Layer) Features() int { return l.Hidden() * l.directions() }

func (l Layer) directions() int {
	if l.Bidirectional {
		return 2
	}
	return 1
}

// copied returns a layer with a cell, whose modes nobody else changes.
func (l Layer) copied() Layer {
	l.Cell = cmp.Or(l.Cell, Cell(LSTM{}))
	l.In, l.Out = slices.Clone(l.In), slices.Clone(l.Out)
	return l
}

// mostColumns bounds the rows and columns of a matrix; the largest int of 32 bits is what
// dims.Size has for more.
const mostColumns = min(math.MaxInt32, math.MaxInt-1)

func (l Layer) validate(name string) error {
	bad := func(format string, args ...any) error {
		return errors.Errorf("cells: %s %s", name, fmt.Sprintf(format, args...))
	}
	if err := checkCell(l.Cell); err != nil {
		return errors.Wrapf(err, "cells: %s", name)
	}
	gates, probability := l.Cell.Gates(), func(p float64) bool { return p >= 0 && p < 1 }
	switch {
	case slices.ContainsFunc(slices.Concat(l.In, l.Out), func(m int) bool { return m < 1 }):
		return bad("has input modes %v and output modes %v; every mode is at least 1", l.In, l.Out)
	case len(l.In) == 0 || len(l.Out) == 0:
		return bad("needs input modes and output modes, has %v and %v", l.In, l.Out)
	case dims.Size(l.In) > mostColumns:
		return bad("has input modes %v, which multiply to more than %d", l.In, math.MaxInt32)
	case dims.Size(l.Out) > mostColumns/(len(gates)*l.directions()):
		return bad("has output modes %v; with %d gates in %d directions they multiply to more than %d", l.Out, len(gates), l.directions(), math.MaxInt32)
	case l.Joint && l.Recurrent != nil:
		return bad("is joint and has a recurrent format, %s, of its own; want one of the two", l.Recurrent.Name())
	case !readsState(l.Cell) && (l.Joint || l.Recurrent != nil):
		return bad("is joint or has a recurrent format, but the gates of cell %s do not read the state: there are no such weights", l.Cell.Name())
	case l.CandidateBias && !slices.ContainsFunc(gates, func(g Gate) bool { return g.Reset }):
		return bad("has a candidate bias, but cell %s adds its products up, and their one bias does the same; leave it out", l.Cell.Name())
	case l.Memory < 0 || l.Memory == 1:
		return bad("has a memory of %d steps; want at least 2, or 0 for biases that begin alike", l.Memory)
	case l.Memory > 0 && !slices.ContainsFunc(gates, func(g Gate) bool { return g.Keeps != 0 }):
		return bad("has a memory of %d steps, but no gate of cell %s keeps the state; leave it out", l.Memory, l.Cell.Name())
	case !probability(l.Dropout):
		return bad("has dropout %v; want at least 0 and below 1", l.Dropout)
	case !probability(l.RecurrentDropout):
		return bad("has recurrent dropout %v; want at least 0 and below 1", l.RecurrentDropout)
	case l.Inputs < 0 || l.Inputs > dims.Size(l.In):
		return bad("has %d inputs, but input modes %s; want 1 to %d, or 0 for all", l.Inputs, modes(l.In), dims.Size(l.In))
	}
	return nil
}

// reads writes the input modes, and how many of the values they hold are zeros that the layer appends.
func (l Layer) reads() string {
	if zeros := dims.Size(l.In) - l.InputSize(); zeros > 0 {
		return fmt.Sprintf("%s, %d of them zeros", modes(l.In), zeros)
	}
	return modes(l.In)
}

// modes writes modes as users read them: 8·10·10·9·8 = 57600.
func modes(m []int) string { return fmt.Sprintf("%s = %d", dims.Dots(m), dims.Size(m)) }
