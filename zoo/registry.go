package zoo

import (
	"bytes"
	"cmp"
	_ "embed" // for entries.json
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
)

// Entry is a named model with its published figures.
type Entry struct {
	Name string
	Spec Spec

	Paper string // where the configuration is from, with its arXiv number
	Data  string // the data set of the published figures; "" where there are none

	// PublishedParams is the number of input-to-hidden weights, all gates
	// together, without biases, in the paper's tables; 0 if none is given.
	PublishedParams int
	// PublishedAccuracy is the paper's accuracy in per cent, not reproduced here; 0 if none is given.
	PublishedAccuracy float64
	// Note says where this entry and the publication differ.
	Note string
	// Recipe is how the public code of the paper trains; nil where there is none.
	Recipe *Recipe
}

var entries []Entry

// entryName is what a file and a cell of a table may be called.
var entryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// Register adds an entry, for New, Find, List and programs to find. It is called from init functions or
// before the first use of the registry. It panics when the name is taken or is not letters, digits, -, _
// and . alone, a letter or digit first, and when New could not make a model of the spec.
func Register(e Entry) {
	if !entryName.MatchString(e.Name) {
		panic(fmt.Sprintf("zoo: Register: the name %q is not letters, digits, -, _ and . alone", e.Name))
	}
	if slices.ContainsFunc(entries, func(other Entry) bool { return other.Name == e.Name }) {
		panic(fmt.Sprintf("zoo: Register: the name %q is taken", e.Name))
	}
	if _, err := withoutWeights(e.Spec, Options{}); err != nil {
		panic(fmt.Sprintf("zoo: Register: %s: %v", e.Name, err))
	}
	entries = append(entries, e)
}

// List returns the entries whose names match a path.Match pattern, in the registry's order; "" and "*"
// match all. It returns an error when the pattern is malformed.
func List(pattern string) ([]Entry, error) {
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, errors.Errorf("zoo: pattern %q: %v", pattern, err)
	}
	var found []Entry
	for _, e := range entries {
		if ok, _ := path.Match(cmp.Or(pattern, "*"), e.Name); ok {
			found = append(found, e)
		}
	}
	return found, nil
}

// Find returns the entry with the given name, or an error that suggests the closest one.
func Find(name string) (Entry, error) {
	var names []string
	for _, e := range entries {
		if e.Name == name {
			return e, nil
		}
		names = append(names, e.Name)
	}
	return Entry{}, errors.Errorf("zoo: no model is called %q%s", name, didyoumean.Hint(name, names))
}

// Recipe is how a paper's public code trains a model: what of it is known, and our
// choice for the rest. train.FromRecipe makes a configuration of it.
type Recipe struct {
	// Code says whose code it is, and for what data. Published reports whether it trained this entry for
	// its PublishedAccuracy; where no code that did is public, it is the closest there is: that for the
	// same data, or else by the same authors.
	Code      string
	Published bool

	Optimizer, Schedule string // as train.ParseOptimizer and train.ParseSchedule read them
	LearningRate        float64
	Batch               int     // clips a step
	Epochs              int     // passes over the training clips
	Dropout             float64 // probability of dropping an input in training, see Options
	RecurrentDropout    float64 // probability of dropping a value of the state
	ClassifierL2        float64 // times the classifier's squared weights, added to the loss
	WeightDecay         float64 // of all weights but biases
	MaxGradNorm         float64 // the largest global norm of the gradients; 0 means no limit

	// How recordings become clips. Frames of 0x0 pixels mean that the code reads
	// features of frames, all of them.
	Normalise     string // minus128: less 128, values being 0 to 255; none: as they are
	Width, Height int    // of a frame in pixels
	Frames        int    // that are taken of a recording
	Sample        string // how they are taken: random, or even
	Split         string // into training and test clips: random, 80 % of the clips to 20 %; random:1/5, a fifth to test

	// From says where a field's value is from, by the field's name. What is behind a
	// colon completes a source.
	From map[string]string
}

// papers is the table of the entries of the papers, and of the fully decomposed ones;
// README.md says what it is made of.
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
			e, _ := Find(row.As) // Register panics for none
			e.Name = row.Name
			Register(e)
			continue
		}
		e := Entry{
			Name: row.Name, Spec: table.Shapes[row.Shape], Paper: table.Papers[row.Paper], Data: row.Data,
			PublishedParams: row.Params, PublishedAccuracy: row.Accuracy,
		}
		e.Spec.Cell, e.Spec.Joint, e.Spec.Bidirectional, e.Spec.Classes = row.Cell, row.Joint, row.Bidirectional, table.Classes[row.Data]
		for _, note := range row.Notes {
			e.Note += table.Notes[note]
		}
		recipe := table.Recipes[row.Recipe]
		recipe.Published = row.Trained
		e.Recipe = &recipe
		Register(e)
	}
}
