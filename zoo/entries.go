package zoo

import (
	"bytes"
	_ "embed" // for entries.json
	"encoding/json"
	"strings"

	"github.com/pkg/errors"
)

// papers is the table of the entries of the papers, and of the fully decomposed ones.
//
// Shapes of the papers are for frames of 160x120 RGB, 57,600 values, into 256 units,
// and those of -cnn for the 2,048 features of a frame. The rank of tr that closes the
// ring is 10, all others are 5.
//
// What the fully decomposed entries share with their publication is the idea: shapes
// are the modes of the papers that decompose the input weights alone, and ranks that
// keep a whole layer, biases included, under 9,000 parameters. HT has larger ranks than
// for the input weights alone: it learned better with them (docs/formats/joint.md).
// fdtt-bigru, with 8,096, is the best of those that docs/results compares.
//
// The papers' tables give LSTM rows only: what a GRU of the same shape counts is
// arithmetic, its accuracy was not published. A recipe is by those whose code it is:
// that for the entry's data or, for frames of UCF11, for its format; dense is the
// baseline of TT's paper. Under a model's plain name, the caller's data say how many
// classes there are.
//
//go:embed entries.json
var papers []byte

func init() {
	var table struct {
		Papers, Notes map[string]string
		Classes       map[string]int // of a data set
		Shapes        map[string]Spec
		Recipes       map[string]Recipe
		Entries       []struct {
			Name, As                         string // As is the entry that this one is too, if it is
			Cell, Shape, Data, Paper, Recipe string
			Joint, Bidirectional             bool
			Params                           int
			Accuracy                         float64
			Notes                            []string
			Trained                          bool // by the recipe, for the accuracy
		}
	}
	dec := json.NewDecoder(bytes.NewReader(papers))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&table); err != nil {
		panic(errors.Wrap(err, "zoo: entries.json"))
	}
	for _, row := range table.Entries {
		if row.As != "" {
			e, err := Find(row.As)
			if err != nil {
				panic(err)
			}
			e.Name = row.Name
			Register(e)
			continue
		}
		e := Entry{
			Name: row.Name, Spec: of(table.Shapes, row.Shape), Paper: of(table.Papers, row.Paper), Data: row.Data,
			PublishedParams: row.Params, PublishedAccuracy: row.Accuracy,
		}
		e.Spec.Cell, e.Spec.Joint, e.Spec.Bidirectional, e.Spec.Classes = row.Cell, row.Joint, row.Bidirectional, of(table.Classes, row.Data)
		for k, note := range row.Notes {
			row.Notes[k] = of(table.Notes, note)
		}
		e.Note = strings.Join(row.Notes, "")
		recipe := of(table.Recipes, row.Recipe)
		recipe.Published = row.Trained
		e.Recipe = &recipe
		Register(e)
	}
}

// of looks up what a row refers to.
func of[T any](all map[string]T, name string) T {
	v, ok := all[name]
	if !ok {
		panic("zoo: entries.json has no " + name)
	}
	return v
}
