package zoo

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// Counts holds the number of learnable values, counted three ways.
type Counts struct {
	// InputToHidden is the number of weights from the input, all gates together: what the papers' tables
	// count. For a joint layer it is the whole network, which the state goes through too.
	InputToHidden  int `json:"params_input_to_hidden"`
	RecurrentLayer int `json:"params_recurrent_layer"` // with the hidden-to-hidden weights and biases, all layers
	Model          int `json:"params_model"`           // with the classifier
}

// Description is a model in figures, without its weights.
type Description struct {
	Name     string `json:"name"`
	Cell     string `json:"cell"`
	Format   string `json:"format"`
	Joint    bool   `json:"joint,omitempty"` // one network for the input and the state
	InModes  []int  `json:"in_modes"`
	OutModes []int  `json:"out_modes"` // without the gate factor
	Ranks    []int  `json:"ranks"`     // of the first layer's input-to-hidden weights, in the order of its cores
	Features int    `json:"features"`
	Padding  int    `json:"padding,omitempty"` // zeros that are appended to the features of a step
	Hidden   int    `json:"hidden"`
	Classes  int    `json:"classes"`
	Counts
	Layers          []LayerDescription `json:"layers,omitempty"`
	PublishedParams int                `json:"published_params"` // 0 where none is published
	// MulAddsPerFrame is the number of multiply-adds of one step of one sequence through the recurrent
	// layers, forward, when trained with 16 clips of 6 frames in a graph.
	MulAddsPerFrame int `json:"mul_adds_per_frame"`
	// Plan lists the contractions of the first layer's input projection of these
	// 96 frames, step by step (decomp.Plan).
	Plan              string  `json:"plan,omitempty"`
	Dense             Counts  `json:"dense"` // of the same model without decompositions
	Paper             string  `json:"paper,omitempty"`
	Data              string  `json:"data,omitempty"`
	PublishedAccuracy float64 `json:"published_accuracy,omitempty"` // per cent, the authors'
	Note              string  `json:"note,omitempty"`
}

// The batch that MulAddsPerFrame and Plan are for.
const describedClips, describedSteps = 16, 6

// Describe returns the figures of an entry; for a Spec of your own, make an
// Entry with it and any name. It returns an error when FromSpec does.
func Describe(e Entry) (Description, error) {
	stack, err := e.Spec.stack()
	if err != nil {
		return Description{}, err
	}
	s := e.Spec
	w, _ := stack.Products(0)
	dense, err := s.dense().stack()
	if err != nil {
		return Description{}, err
	}
	return Description{
		Name: e.Name, Cell: s.Cell, Format: cmp.Or(s.Format, decomp.Format(decomp.Dense{})).Name(), Joint: s.Joint,
		InModes: s.InModes, OutModes: s.OutModes, Ranks: w.Ranks(),
		Features: stack.Inputs(), Padding: w.Rows() - stack.Inputs(), Hidden: dims.Size(s.OutModes), Classes: s.Classes,
		Counts: counts(stack, s.Classes), Layers: describeLayers(stack), Dense: counts(dense, s.Classes),
		MulAddsPerFrame: stack.MulAdds(describedClips, describedSteps),
		Plan:            w.Plan(decomp.PlanOptions{Rows: describedClips * describedSteps}).String(),
		PublishedParams: e.PublishedParams, PublishedAccuracy: e.PublishedAccuracy, Paper: e.Paper, Data: e.Data, Note: e.Note,
	}, nil
}

// dense is the spec without decompositions, and so without padding.
func (s Spec) dense() Spec {
	if s.Features != 0 {
		s.InModes = []int{s.Features}
	}
	s.Format, s.Recurrent, s.Joint = nil, nil, false
	s.Upper = slices.Clone(s.Upper)
	for k := range s.Upper {
		s.Upper[k].Format = nil
	}
	return s
}

// Counts returns the model's numbers of learnable values.
func (m *Model) Counts() Counts { return counts(m.stack, m.Classes()) }

// MulAddsPerFrame returns the multiply-adds of one step of one sequence, forward, in the plan for
// training with batch sequences of that many steps in a graph.
func (m *Model) MulAddsPerFrame(batch, steps int) int { return m.stack.MulAdds(batch, steps) }

// counts takes the largest int for a sum that an int of 32 bits does not hold.
func counts(s *cells.Stack, classes int) Counts {
	var input, all int64
	for _, p := range s.Params() {
		if p.Role == cells.InputToHidden || p.Role == cells.Joint {
			input += int64(p.Size())
		}
		all += int64(p.Size())
	}
	model := all + (int64(s.Features())+1)*int64(classes)
	return Counts{InputToHidden: int(min(input, math.MaxInt)), RecurrentLayer: int(min(all, math.MaxInt)), Model: int(min(model, math.MaxInt))}
}

// LayerDescription is a recurrent layer in figures. Its size follows from them: Directions times the
// blocks of each of the Weights times the shapes of their cores, and the Bias.
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
		l, m := &layers[w.Layer-1], w.Matrix
		d := WeightsDescription{
			Role: w.Role.String(), Format: strings.ToLower(m.Format), InModes: decomp.Sizes(m.In), OutModes: decomp.Sizes(m.Out),
			Ranks: m.Ranks(), Params: m.Params(),
		}
		cores := m.Cores()
		if d.Format == (decomp.BT{}).Name() { // whose blocks are alike
			d.Blocks = len(m.Terms)
			cores = cores[:len(cores)/d.Blocks]
		}
		for _, c := range cores {
			d.Cores = append(d.Cores, CoreDescription{c.Name, c.Shape()})
		}
		l.Weights = append(l.Weights, d)
		if w.Role != cells.HiddenToHidden {
			l.Bias += m.Cols()
		}
	}
	return layers
}
