package zoo

import (
	"strings"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/decomp"
)

// LayerDescription is a recurrent layer in figures. Its size follows from them:
// Directions times the blocks of each of the Weights times the shapes of their cores, and
// the Bias.
type LayerDescription struct {
	Features   int                  `json:"features"`   // per step
	Hidden     int                  `json:"hidden"`     // units per direction
	Directions int                  `json:"directions"` // 2 if a second set of weights reads in reverse
	Weights    []WeightsDescription `json:"weights"`    // of each direction
	Bias       int                  `json:"bias"`       // values of each direction
}

// WeightsDescription is a matrix of a layer in figures.
type WeightsDescription struct {
	Role     string            `json:"role"`   // input-to-hidden, hidden-to-hidden, or joint for both
	Format   string            `json:"format"` // as in a spec
	InModes  []int             `json:"in_modes"`
	OutModes []int             `json:"out_modes"`        // with the gates in the first
	Ranks    []int             `json:"ranks,omitempty"`  // in the order of the cores
	Blocks   int               `json:"blocks,omitempty"` // of bt
	Cores    []CoreDescription `json:"cores"`            // of one block; shared ones once
	Params   int               `json:"params"`
}

// CoreDescription is the shape of a learnable tensor.
type CoreDescription struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
}

// describeLayers lists the layers of a stack.
func describeLayers(stack *cells.Stack) []LayerDescription {
	var layers []LayerDescription
	for _, l := range stack.Layers() {
		d := LayerDescription{Features: l.InputSize(), Hidden: l.Hidden(), Directions: l.Features() / l.Hidden()}
		if l.CandidateBias {
			d.Bias = l.Hidden()
		}
		layers = append(layers, d)
	}
	for _, w := range stack.Weights() {
		l := &layers[w.Layer-1]
		l.Weights = append(l.Weights, describeWeights(w))
		if w.Role != cells.HiddenToHidden {
			l.Bias += w.Matrix.Cols()
		}
	}
	return layers
}

func describeWeights(w cells.Weights) WeightsDescription {
	m := w.Matrix
	d := WeightsDescription{Role: w.Role.String(), Format: strings.ToLower(m.Format), InModes: legSizes(m.In), OutModes: legSizes(m.Out), Ranks: m.Ranks(), Params: m.Params()}
	cores := m.Cores()
	if d.Format == (decomp.BT{}).Name() { // whose blocks are alike
		d.Blocks = len(m.Terms)
		cores = cores[:len(cores)/d.Blocks]
	}
	for _, c := range cores {
		d.Cores = append(d.Cores, CoreDescription{c.Name, c.Shape()})
	}
	return d
}

func legSizes(legs []decomp.Leg) []int { return decomp.Core{Legs: legs}.Shape() }
