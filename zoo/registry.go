package zoo

import (
	"cmp"
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
	// PublishedAccuracy is the paper's accuracy in per cent, not reproduced
	// here; 0 if none is given.
	PublishedAccuracy float64
	// Note says where this entry and the publication differ.
	Note string
	// Recipe is how the public code of the paper trains; nil where there is none.
	Recipe *Recipe
}

var entries []Entry

// entryName is what a file and a cell of a table may be called.
var entryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// Register adds an entry, for New, Find, List and programs to find. It is called
// from init functions or before the first use of the registry. It panics when the
// name is taken or is not letters, digits, -, _ and . alone, a letter or digit
// first, and when New could not make a model of the spec.
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

// List returns the entries whose names match a path.Match pattern, in the
// registry's order; "" and "*" match all. It returns an error when the pattern
// is malformed.
func List(pattern string) ([]Entry, error) {
	var found []Entry
	for _, e := range entries {
		ok, err := path.Match(cmp.Or(pattern, "*"), e.Name)
		if err != nil {
			return nil, errors.Errorf("zoo: pattern %q: %v", pattern, err)
		}
		if ok {
			found = append(found, e)
		}
	}
	return found, nil
}

// Find returns the entry with the given name, or an error that suggests the
// closest one.
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
