package zoo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// LayerSpec is a further layer on top of the first.
type LayerSpec struct {
	// OutModes are the layer's output modes; empty means those of the layer below. Its input modes are
	// the output modes of the layer below, the first one doubled if that is bidirectional.
	OutModes []int `json:"out_modes,omitempty"`

	Format decomp.Format `json:"format,omitempty"` // of the layer's input-to-hidden weights; nil means decomp.Dense
}

// Spec describes a classifier of sequences. The zero value of each field except
// Cell, InModes and OutModes is a sensible default.
type Spec struct {
	// Cell is lstm, gru, rnn, or the name of a cell that cells.Register was given.
	Cell string `json:"cell"`

	// Format is the decomposition of the input-to-hidden weights, such as decomp.TT{Ranks: []int{4}};
	// nil means decomp.Dense. In JSON it is its name and, beside it, its fields.
	Format decomp.Format `json:"format,omitempty"`

	// InModes multiply to the features of a step, or more; OutModes, without the
	// gate factor, multiply to the hidden size.
	InModes  []int `json:"in_modes"`
	OutModes []int `json:"out_modes"`

	// Features is the number of values of a step; 0 means the product of InModes. If there are fewer,
	// the model appends zeros to every step that it reads.
	Features int `json:"features,omitempty"`

	// Hidden, when given, is checked against OutModes.
	Hidden int `json:"hidden,omitempty"`

	// Recurrent is the decomposition of the hidden-to-hidden weights; nil means decomp.Dense.
	Recurrent decomp.Format `json:"recurrent,omitempty"`

	// Joint makes the input-to-hidden and the hidden-to-hidden weights of every layer one network, over
	// the rows of [x; h]; see cells.Layer. Recurrent must then be nil.
	Joint bool `json:"joint,omitempty"`

	// CandidateBias adds to every layer of a gru the bias inside the reset gate's
	// product that PyTorch, Keras and ONNX have; see cells.Layer.
	CandidateBias bool `json:"candidate_bias,omitempty"`

	// Memory is the number of steps over which the layers' states can last at first; see
	// cells.Layer. It helps with hundreds of steps. 0 means nothing in particular.
	Memory int `json:"memory,omitempty"`

	// Upper lists the layers above the first, of the same cell.
	Upper []LayerSpec `json:"upper,omitempty"`

	// Bidirectional adds to every layer a second one that reads in reverse.
	Bidirectional bool `json:"bidirectional,omitempty"`

	// Dropout and RecurrentDropout are probabilities, in training, for the input
	// and the state of every layer.
	Dropout          float64 `json:"dropout,omitempty"`
	RecurrentDropout float64 `json:"recurrent_dropout,omitempty"`

	// Classes is the number of classes; 0 leaves it to Options.Classes.
	Classes int `json:"classes,omitempty"`
}

// stack checks the spec and returns its recurrent layers.
func (s Spec) stack() (*cells.Stack, error) {
	cell, err := cells.Find(s.Cell)
	if err != nil {
		return nil, errors.Wrap(err, "zoo: spec field \"cell\"")
	}
	if err := s.checkLists(); err != nil {
		return nil, err
	}
	if s.Classes > maxParams {
		return nil, errors.Errorf("zoo: spec field \"classes\" is %d; want at most %d", s.Classes, maxParams)
	}
	if s.Recurrent != nil && s.Joint {
		return nil, errors.New("zoo: spec has fields \"joint\" and \"recurrent\"; joint weights are one network, in the format of the layer")
	}
	if n := dims.Size(s.InModes); s.Features < 0 || s.Features > n && slices.Min(s.InModes) > 0 {
		return nil, errors.Errorf("zoo: spec field \"features\" is %d, but \"in_modes\" multiply to %d; want at most that, zeros making up for what is missing", s.Features, n)
	}
	layers := []cells.Layer{{
		Cell: cell, In: s.InModes, Inputs: s.Features, Out: s.OutModes, Input: s.Format, Recurrent: s.Recurrent, Joint: s.Joint,
		CandidateBias: s.CandidateBias, Memory: s.Memory, Dropout: s.Dropout, RecurrentDropout: s.RecurrentDropout, Bidirectional: s.Bidirectional,
	}}
	for k, u := range s.Upper {
		l := layers[k]
		l.In, l.Inputs = slices.Clone(l.Out), 0
		if s.Bidirectional {
			l.In[0] *= 2
		}
		if len(u.OutModes) > 0 {
			l.Out = u.OutModes
		}
		l.Input = u.Format
		layers = append(layers, l)
	}
	stack, err := cells.New(layers...)
	if err != nil {
		return nil, err
	}
	if s.Hidden != 0 && s.Hidden != layers[0].Hidden() {
		return nil, errors.Errorf("zoo: spec field \"hidden\" is %d, but \"out_modes\" multiply to %d", s.Hidden, layers[0].Hidden())
	}
	return stack, nil
}

// Weights lists the matrices of the spec's layers, as cells.Stack does. It returns an
// error when FromSpec does.
func (s Spec) Weights() ([]cells.Weights, error) {
	stack, err := s.stack()
	if err != nil {
		return nil, err
	}
	return stack.Weights(), nil
}

// String writes the spec as indented JSON.
func (s Spec) String() string {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Sprint(err) // of a format of somebody else
	}
	return string(data)
}

// Bounds on the lists of a spec, far above what any model needs: the time to plan and
// to build one grows faster than they do.
const (
	maxModes  = 64  // of a matrix on one side, and axes of a step
	maxRanks  = 128 // in a list of a format
	maxLayers = 64
)

// checkLists returns an error that names the first field that is missing or above its bound.
func (s Spec) checkLists() error {
	if n := 1 + len(s.Upper); n > maxLayers {
		return errors.Errorf("zoo: spec field \"upper\" makes %d layers; want at most %d", n, maxLayers)
	}
	check := func(field string, n, least int) error {
		switch {
		case n < least:
			return errors.Errorf("zoo: spec field %q is missing; want a list of modes such as [8, 10, 10, 9, 8]", field)
		case n > maxModes:
			return tooLong(field, n, maxModes)
		}
		return nil
	}
	err := cmp.Or(check("in_modes", len(s.InModes), 1), check("out_modes", len(s.OutModes), 1))
	for _, u := range s.Upper {
		err = cmp.Or(err, check("out_modes", len(u.OutModes), 0))
	}
	return err
}

func tooLong(field string, is, most int) error {
	return errors.Errorf("zoo: spec field %q has %d entries; want at most %d", field, is, most)
}
