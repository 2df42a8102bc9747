package zoo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
)

// FormatSpec is a decomposition without its modes. Fields of other formats
// stay empty.
type FormatSpec struct {
	// Format is dense, tt, tr, bt or ht; "" means dense.
	Format string `json:"format,omitempty"`

	// Ranks are those of tt (r_1..r_{d-1}), tr (R_0..R_{d+e-1}) or bt
	// (R_1..R_d), or one for all.
	Ranks []int `json:"ranks,omitempty"`

	// Blocks is the number of blocks of bt; 0 means 1.
	Blocks int `json:"blocks,omitempty"`

	// LeafRanks, InnerRanks and RootRank are those of ht, see decomp.HT.
	LeafRanks  []int `json:"leaf_ranks,omitempty"`
	InnerRanks []int `json:"inner_ranks,omitempty"`
	RootRank   int   `json:"root_rank,omitempty"`

	// Tree is that of ht as nested pairs of modes, e.g. [[[1,2],3],[4,5]]; the
	// default gives each left child half the modes, rounded up.
	Tree *Tree `json:"tree,omitempty"`

	// ShareTransfer makes transfer tensors of ht with the same level and shape
	// one tensor.
	ShareTransfer bool `json:"share_transfer,omitempty"`
}

// LayerSpec is a further layer on top of the first.
type LayerSpec struct {
	FormatSpec
	// OutModes are the layer's output modes; empty means those of the layer
	// below. Its input modes are the output modes of the layer below, the first
	// one doubled if that is bidirectional.
	OutModes []int `json:"out_modes,omitempty"`
}

// Spec describes a classifier of sequences. The zero value of each field except
// Cell, InModes and OutModes is a sensible default.
type Spec struct {
	// Cell is lstm, gru, rnn, or the name of a cell that cells.Register was given.
	Cell string `json:"cell"`

	// FormatSpec is the decomposition of the input-to-hidden weights.
	FormatSpec

	// InModes multiply to the features of a step, or more; OutModes, without the
	// gate factor, multiply to the hidden size.
	InModes  []int `json:"in_modes"`
	OutModes []int `json:"out_modes"`

	// Features is the number of values of a step; 0 means the product of
	// InModes. If there are fewer, the model appends zeros to every step that it
	// reads.
	Features int `json:"features,omitempty"`

	// Hidden, when given, is checked against OutModes.
	Hidden int `json:"hidden,omitempty"`

	// Recurrent is the decomposition of the hidden-to-hidden weights; nil means
	// dense.
	Recurrent *FormatSpec `json:"recurrent,omitempty"`

	// Joint makes the input-to-hidden and the hidden-to-hidden weights of every
	// layer one network, over the rows of [x; h]; see cells.Layer. Recurrent
	// must then be nil.
	Joint bool `json:"joint,omitempty"`

	// CandidateBias adds to every layer of a gru the bias inside the reset gate's
	// product that PyTorch, Keras and ONNX have; see cells.Layer.
	CandidateBias bool `json:"candidate_bias,omitempty"`

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

// ParseSpec reads a Spec from JSON. It returns an error that gives the field,
// line and column when a field is unknown or has the wrong type. FromSpec checks
// whether the values fit together.
func ParseSpec(data []byte) (Spec, error) {
	var s Spec
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // the byte order mark of editors on Windows
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); errors.Is(err, io.EOF) {
		return s, errors.New("zoo: spec is empty; want a JSON object")
	} else if err != nil {
		return s, misread(data, err)
	}
	if dec.More() {
		return s, errors.New("zoo: spec goes on after its closing brace; want one JSON object")
	}
	return s, nil
}

func wanted(goType string) string {
	switch goType {
	case "int":
		return "a whole number"
	case "[]int":
		return "a list of whole numbers, such as [3]"
	case "float64":
		return "a number"
	case "bool":
		return "true or false"
	case "zoo.FormatSpec":
		return `an object such as {"format": "tt", "ranks": [4]}`
	case "zoo.LayerSpec", "[]zoo.LayerSpec":
		return `a list of layers, such as [{"format": "tt", "ranks": [4]}]`
	case "string":
		return "text"
	}
	return goType
}

// Tree is decomp.Tree with JSON as nested pairs: a mode or [left, right].
type Tree struct{ decomp.Tree }

// UnmarshalJSON reads a mode or a pair of trees.
func (t *Tree) UnmarshalJSON(data []byte) error {
	if err := checkTree(data); err != nil {
		return err
	}
	if err := json.Unmarshal(data, &t.Mode); err == nil {
		return nil
	}
	var pair []*Tree
	if err := json.Unmarshal(data, &pair); err != nil || len(pair) != 2 || pair[0] == nil || pair[1] == nil {
		return errors.Errorf("tree %.200s: want a mode or a pair of trees, such as [[[1,2],3],[4,5]]", data)
	}
	t.Left, t.Right = &pair[0].Tree, &pair[1].Tree
	return nil
}

// MarshalJSON writes nested pairs.
func (t *Tree) MarshalJSON() ([]byte, error) { return []byte(t.Tree.String()), nil }

// format returns the decomposition, or an error naming a field that belongs to
// another one.
func (f FormatSpec) format() (decomp.Format, error) {
	given := map[string]bool{
		"ranks": f.Ranks != nil, "blocks": f.Blocks != 0, "leaf_ranks": f.LeafRanks != nil, "inner_ranks": f.InnerRanks != nil,
		"root_rank": f.RootRank != 0, "tree": f.Tree != nil, "share_transfer": f.ShareTransfer,
	}
	allow := func(fields ...string) error {
		for _, name := range specFields {
			if given[name] && !slices.Contains(fields, name) {
				return errors.Errorf("zoo: format %s has no field %q; it takes %s", f.name(), name, list(fields))
			}
		}
		return nil
	}
	switch f.name() {
	case "dense":
		return decomp.Dense{}, allow()
	case "tt":
		return decomp.TT{Ranks: f.Ranks}, allow("ranks")
	case "tr":
		return decomp.TR{Ranks: f.Ranks}, allow("ranks")
	case "bt":
		return decomp.BT{Blocks: orOne(f.Blocks), Ranks: f.Ranks}, allow("ranks", "blocks")
	case "ht":
		ht := decomp.HT{Leaf: f.LeafRanks, Inner: f.InnerRanks, Root: f.RootRank, Share: f.ShareTransfer}
		if f.Tree != nil {
			ht.Tree = &f.Tree.Tree
		}
		return ht, allow("leaf_ranks", "inner_ranks", "root_rank", "tree", "share_transfer")
	}
	return nil, errors.Errorf("zoo: no format %q%s", f.Format, didyoumean.Hint(f.Format, []string{"dense", "tt", "tr", "bt", "ht"}))
}

func (f FormatSpec) name() string {
	if f.Format == "" {
		return "dense"
	}
	return f.Format
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func orOne(n int) int {
	if n == 0 {
		return 1
	}
	return n
}

// stack checks the spec and returns its recurrent layers.
func (s Spec) stack() (*cells.Stack, error) {
	cell, err := cells.Find(s.Cell)
	if err != nil {
		return nil, errors.Wrap(err, "zoo: spec field \"cell\"")
	}
	if err := s.checkLengths(); err != nil {
		return nil, err
	}
	for _, list := range []struct {
		field string
		modes []int
	}{{"in_modes", s.InModes}, {"out_modes", s.OutModes}} {
		if len(list.modes) == 0 {
			return nil, errors.Errorf("zoo: spec field %q is missing; want a list of modes such as [8, 10, 10, 9, 8]", list.field)
		}
	}
	if s.Classes > maxParams {
		return nil, errors.Errorf("zoo: spec field \"classes\" is %d; want at most %d", s.Classes, maxParams)
	}
	input, err := s.format()
	if err != nil {
		return nil, err
	}
	var recurrent decomp.Format
	if s.Recurrent != nil && s.Joint {
		return nil, errors.New("zoo: spec has fields \"joint\" and \"recurrent\"; joint weights are one network, in the format of the layer")
	}
	if s.Recurrent != nil {
		if recurrent, err = s.Recurrent.format(); err != nil {
			return nil, errors.Wrap(err, "zoo: spec field \"recurrent\"")
		}
	}
	if n := size(s.InModes); s.Features < 0 || s.Features > n {
		return nil, errors.Errorf("zoo: spec field \"features\" is %d, but \"in_modes\" multiply to %d; want at most that, zeros making up for what is missing", s.Features, n)
	}
	layers := []cells.Layer{{
		Cell: cell, In: s.InModes, Inputs: s.Features, Out: s.OutModes, Input: input, Recurrent: recurrent, Joint: s.Joint,
		CandidateBias: s.CandidateBias, Dropout: s.Dropout, RecurrentDropout: s.RecurrentDropout, Bidirectional: s.Bidirectional,
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
		if l.Input, err = u.format(); err != nil {
			return nil, errors.Wrapf(err, "zoo: spec field \"upper\", layer %d", k+2)
		}
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

// String writes the spec as indented JSON.
func (s Spec) String() string {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Sprint(err) // no value of a Spec fails to marshal
	}
	return string(data)
}
