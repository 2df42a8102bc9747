package decomp

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
)

// Ranked is a Format that one rank for all can size, as zoo.Suggest and the
// comparison of formats do.
type Ranked interface {
	Format
	// WithRank returns the format with the given rank in every place, for
	// matrices of d input modes.
	WithRank(rank, d int) Format
}

// formats are prototypes of the registered formats.
var formats = []Format{Dense{}, TT{}, TR{}, BT{}, HT{}}

// Register makes a format known under its Name, for specs, checkpoints and
// commands to read. The exported fields of its type, a struct, are those it has in
// JSON; names of fields of zoo.Spec are taken. The prototype's own values do not
// matter.
//
// Register is called from init functions or before the first use of a registered
// format. It panics when the name is empty or taken.
func Register(prototype Format) {
	name := prototype.Name()
	if name == "" || slices.Contains(Formats(), name) {
		panic("decomp: Register: the name \"" + name + "\" is empty or taken")
	}
	if structOf(prototype).Kind() != reflect.Struct {
		panic("decomp: Register: format " + name + " is no struct")
	}
	formats = append(formats, prototype)
}

// Formats lists the names of the registered formats, in the order of their registration.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.Name())
	}
	return names
}

// FormatFields lists the fields that the registered formats have in JSON, each once.
func FormatFields() (all []string) {
	for _, f := range formats {
		all = append(all, slices.DeleteFunc(fieldsOf(f), func(field string) bool { return slices.Contains(all, field) })...)
	}
	return all
}

func fieldsOf(f Format) (fields []string) {
	for _, field := range reflect.VisibleFields(structOf(f)) {
		tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.IsExported() && !field.Anonymous && tag != "-" {
			fields = append(fields, cmp.Or(tag, field.Name))
		}
	}
	return fields
}

// ParseFormat returns the registered format of that name with the given fields.
// It returns an error that lists the formats there are, or the fields that this
// one takes, and package json's for a value of another type. The format's Matrix
// checks whether the values fit.
func ParseFormat(name string, fields map[string]json.RawMessage) (Format, error) {
	at := slices.Index(Formats(), name)
	if at < 0 {
		return nil, errors.Errorf("decomp: no format %q%s", name, didyoumean.Hint(name, Formats()))
	}
	known := fieldsOf(formats[at])
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, field) }) {
			return nil, errors.Errorf("decomp: format %s has no field %q; it takes %s", name, field, cmp.Or(strings.Join(known, ", "), "none"))
		}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return nil, errors.Wrapf(err, "decomp: format %s", name)
	}
	f := reflect.New(structOf(formats[at]))
	if err := json.Unmarshal(text, f.Interface()); err != nil {
		return nil, errors.Wrapf(err, "decomp: format %s", name)
	}
	if reflect.TypeOf(formats[at]).Kind() != reflect.Pointer {
		f = f.Elem()
	}
	return f.Interface().(Format), nil
}

// structOf is the type of a format, or what it points to.
func structOf(f Format) reflect.Type {
	t := reflect.TypeOf(f)
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}
