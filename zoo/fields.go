package zoo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
	"github.com/tensorzoo/tensorzoo/internal/jsonpos"
)

var (
	formatFields = []string{"format", "ranks", "blocks", "leaf_ranks", "inner_ranks", "root_rank", "tree", "share_transfer"}
	layerFields  = append([]string{"out_modes"}, formatFields...)
	specFields   = []string{
		"cell", "format", "in_modes", "out_modes", "ranks", "blocks", "leaf_ranks", "inner_ranks", "root_rank", "tree",
		"share_transfer", "features", "hidden", "recurrent", "joint", "candidate_bias", "upper", "bidirectional", "dropout", "recurrent_dropout", "classes",
	}
)

// fieldsIn lists the fields of an object of a spec, by the keys that lead to it.
func fieldsIn(path []string) []string {
	switch {
	case len(path) == 0:
		return specFields
	case strings.EqualFold(path[0], "upper"):
		return layerFields
	}
	return formatFields
}

// key is one of a JSON text.
type key struct {
	at   int      // its first byte
	path []string // the keys that lead to it, itself the last
}

// mostNested is deeper than the fields of a spec are.
const mostNested = 4

// keysOf lists the keys of the JSON value that a text starts with, in order.
func keysOf(text []byte) []key {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber() // of any size
	var keys []key
	var value func(path []string)
	value = func(path []string) {
		open, _ := dec.Token()
		if _, nested := open.(json.Delim); !nested {
			return
		}
		for dec.More() {
			if open != json.Delim('{') {
				value(path)
				continue
			}
			at := int(dec.InputOffset())
			at += bytes.IndexByte(text[at:], '"') // behind a comma and space
			name, _ := dec.Token()
			if len(path) == mostNested {
				value(path)
				continue
			}
			k := key{at, append(slices.Clone(path), name.(string))}
			keys = append(keys, k)
			value(k.path)
		}
		dec.Token() // what closes it
	}
	value(nil)
	return keys
}

// misread words the error that Go has for a spec, with the place of the field.
func misread(text []byte, err error) error {
	var fault *json.SyntaxError
	if errors.As(err, &fault) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.Errorf("zoo: spec%s is not valid JSON: %v", jsonpos.Fault(text), err)
	}
	keys := keysOf(text)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field == "":
		return errors.Errorf("zoo: spec is a JSON %s; want an object such as {\"cell\": \"lstm\", ...}", wrong.Value)
	case errors.As(err, &wrong):
		field := strings.ReplaceAll(wrong.Field, "FormatSpec.", "") // how Go embeds it is nobody's business
		where := ""
		for _, k := range keys {
			if k.at < int(wrong.Offset) { // the last key before the value
				where = jsonpos.At(text, k.at)
			}
		}
		want := wanted(wrong.Type.String())
		if digits, is := strings.CutPrefix(wrong.Value, "number "); is && wrong.Type.Kind() == reflect.Int && strings.Trim(digits, "-0123456789") == "" {
			want = fmt.Sprintf("a whole number of at most %d", math.MaxInt) // an int does not hold it
		}
		return errors.Errorf("zoo: spec field %q%s is a JSON %s; want %s", field, where, wrong.Value, want)
	}
	for _, k := range keys {
		above, name := k.path[:len(k.path)-1], k.path[len(k.path)-1]
		known := fieldsIn(above)
		if !slices.ContainsFunc(known, func(field string) bool { return strings.EqualFold(field, name) }) {
			in := ""
			if len(above) > 0 {
				in = " in " + strings.Join(above, ".")
			}
			return errors.Errorf("zoo: spec%s has no field %q%s%s", jsonpos.At(text, k.at), name, in, didyoumean.Hint(name, known))
		}
		if strings.EqualFold(name, "tree") {
			value := text[k.at+bytes.IndexByte(text[k.at:], ':')+1:]
			if err := json.NewDecoder(bytes.NewReader(value)).Decode(new(Tree)); err != nil {
				return errors.Errorf("zoo: spec%s: %v", jsonpos.At(text, k.at), err)
			}
		}
	}
	return errors.Errorf("zoo: spec: %v", err)
}
