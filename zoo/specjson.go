package zoo

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
	"github.com/tensorzoo/tensorzoo/internal/jsonpos"
)

// field is a field of an object in a spec's JSON, and a pointer to the value in Go.
// The fields of a format follow its name.
type field struct {
	name     string
	value    any
	required bool
}

const formatField = "format"

// fieldsOf lists the fields of a Spec or LayerSpec by their tags.
func fieldsOf(object any) (all []field) {
	v := reflect.ValueOf(object).Elem()
	for k := range v.NumField() {
		name, _, optional := strings.Cut(v.Type().Field(k).Tag.Get("json"), ",")
		all = append(all, field{name, v.Field(k).Addr().Interface(), !optional})
	}
	return all
}

// MarshalJSON writes the object that ParseSpec reads.
func (s Spec) MarshalJSON() ([]byte, error) { return object(fieldsOf(&s)) }

// MarshalJSON writes an object of the field "upper".
func (l LayerSpec) MarshalJSON() ([]byte, error) {
	fields := fieldsOf(&l)
	slices.Reverse(fields) // the format first, as ever
	return object(fields)
}

// object writes fields, without those that need not be there.
func object(fields []field) ([]byte, error) {
	var out []byte
	for _, f := range fields {
		v := reflect.ValueOf(f.value).Elem()
		if !f.required && (v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0) {
			continue
		}
		value, own := v.Interface(), []byte(nil)
		if format, is := value.(decomp.Format); is && f.name != formatField {
			value = LayerSpec{Format: format} // an object with nothing but a format
		} else if is {
			var err error
			if own, err = json.Marshal(format); err != nil {
				return nil, err
			}
			value = format.Name()
		}
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		out = append(fmt.Appendf(out, ",%q:", f.name), text...)
		if len(own) > len("{}") {
			out = fmt.Appendf(out, ",%s", own[1:len(own)-1])
		}
	}
	return fmt.Appendf(nil, "{%s}", bytes.TrimPrefix(out, []byte{','})), nil
}

// ParseSpec reads a Spec from JSON. It returns an error that gives the field, line and column when a
// field or a format is unknown or has the wrong type. FromSpec checks whether the values fit together.
func ParseSpec(data []byte) (s Spec, err error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // the byte order mark of editors on Windows
	dec := json.NewDecoder(bytes.NewReader(data))
	var whole json.RawMessage
	if err := dec.Decode(&whole); errors.Is(err, io.EOF) {
		return s, errors.New("zoo: spec is empty; want a JSON object")
	} else if err != nil {
		return s, errors.Errorf("zoo: spec%s is not valid JSON: %v", jsonpos.Fault(data), err)
	}
	r := specReader{data, func(offset int) string { return jsonpos.At(data, offset) }, ""}
	if err := r.spec(int(dec.InputOffset())-len(whole), &s); err != nil {
		return s, err
	}
	if dec.More() {
		return s, errors.New("zoo: spec goes on after its closing brace; want one JSON object")
	}
	return s, nil
}

// UnmarshalJSON is ParseSpec of an object within another text.
func (s *Spec) UnmarshalJSON(data []byte) error {
	return specReader{data, func(int) string { return "" }, ""}.spec(0, s)
}

// specReader reads valid JSON.
type specReader struct {
	text []byte
	at   func(offset int) string // writes a place in the text
	in   string                  // the field whose object is read, "" for the spec
}

func (r specReader) spec(begin int, s *Spec) error {
	if kind := jsonpos.Kind(r.text[begin:]); kind != "object" {
		return errors.Errorf("zoo: spec is a JSON %s; want an object such as {\"cell\": \"lstm\", ...}", kind)
	}
	return r.object(begin, fieldsOf(s))
}

// object reads the object that begins at an offset into fields. Members of other
// names are fields of its format.
func (r specReader) object(begin int, fields []field) (err error) {
	at := func(name string) int {
		return slices.IndexFunc(fields, func(f field) bool { return strings.EqualFold(f.name, name) })
	}
	target := at(formatField)
	var own []jsonpos.Member // of the format
	named, name := jsonpos.Member{At: begin}, ""
	for _, m := range jsonpos.Members(r.text, begin) {
		k, null := at(m.Name), string(m.Value) == "null"
		switch {
		case k < 0:
			if err = r.ofSomeFormat(m, fields); !null {
				own = append(own, m)
			}
		case null:
		case k == target:
			named, err = m, r.field(m, &name)
		default:
			err = r.field(m, fields[k].value)
		}
		if err != nil {
			return err
		}
	}
	if name != "" || len(own) > 0 {
		*fields[target].value.(*decomp.Format), err = r.format(cmp.Or(name, decomp.Dense{}.Name()), named, own)
	}
	return err
}

// field reads a member into a field of a spec or of a layer.
func (r specReader) field(m jsonpos.Member, value any) error {
	switch v := value.(type) {
	case *decomp.Format: // of the hidden-to-hidden weights
		*v = decomp.Dense{}
		return r.nested(m, m, `an object such as {"format": "tt", "ranks": [4]}`, []field{{formatField, v, false}})
	case *[]LayerSpec:
		const want = `a list of layers, such as [{"format": "tt", "ranks": [4]}]`
		if kind := jsonpos.Kind(m.Value); kind != "array" {
			return r.mistyped(m, kind, want)
		}
		*v = nil
		for _, layer := range jsonpos.Members(r.text, m.Begin) {
			var l LayerSpec
			if err := r.nested(m, layer, want, fieldsOf(&l)); err != nil {
				return err
			}
			*v = append(*v, l)
		}
		return nil
	}
	if err := json.Unmarshal(m.Value, value); err != nil {
		return r.wrong(m, err)
	}
	return nil
}

// nested reads an object of the member m.
func (r specReader) nested(m, object jsonpos.Member, want string, fields []field) error {
	if kind := jsonpos.Kind(object.Value); kind != "object" {
		return r.mistyped(m, kind, want)
	}
	r.in = m.Name
	return r.object(object.Begin, fields)
}

// ofSomeFormat returns an error for a member that no format has as a field, and for
// a list that is longer than any of a format.
func (r specReader) ofSomeFormat(m jsonpos.Member, fields []field) error {
	var known []string
	for _, f := range fields {
		known = append(known, f.name)
	}
	known = append(known, decomp.FormatFields()...)
	if !slices.ContainsFunc(known, func(name string) bool { return strings.EqualFold(name, m.Name) }) {
		return errors.Errorf("zoo: spec%s has no field %q%s", r.at(m.At), r.name(m), didyoumean.Hint(m.Name, known))
	}
	var list []json.RawMessage
	if json.Unmarshal(m.Value, &list) == nil && len(list) > maxRanks {
		return tooLong(m.Name, len(list), maxRanks)
	}
	return nil
}

// format makes the named format of the members that are its own.
func (r specReader) format(name string, named jsonpos.Member, own []jsonpos.Member) (decomp.Format, error) {
	fields := map[string]json.RawMessage{}
	for _, m := range own {
		fields[m.Name] = m.Value
	}
	f, err := decomp.ParseFormat(name, fields)
	if err == nil {
		return f, nil
	}
	for _, m := range own { // which member is to blame, if the format is known
		_, err := decomp.ParseFormat(name, map[string]json.RawMessage{m.Name: m.Value})
		if err != nil && slices.Contains(decomp.Formats(), name) {
			return nil, r.wrong(m, err)
		}
	}
	return nil, r.wrong(named, err)
}

// wanted says what stands for a Go type in JSON.
var wanted = map[string]string{
	"int": "a whole number", "[]int": "a list of whole numbers, such as [3]", "float64": "a number", "bool": "true or false", "string": "text",
}

// wrong words the error of reading a member.
func (r specReader) wrong(m jsonpos.Member, err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return errors.Errorf("zoo: spec%s: %s", r.at(m.At), strings.TrimPrefix(errors.Cause(err).Error(), "decomp: "))
	}
	want := cmp.Or(wanted[wrong.Type.String()], wrong.Type.String())
	if digits, is := strings.CutPrefix(wrong.Value, "number "); is && wrong.Type.Kind() == reflect.Int && strings.Trim(digits, "-0123456789") == "" {
		want = fmt.Sprintf("a whole number of at most %d", math.MaxInt) // an int does not hold it
	}
	return r.mistyped(m, wrong.Value, want)
}

func (r specReader) mistyped(m jsonpos.Member, is, want string) error {
	return errors.Errorf("zoo: spec field %q%s is a JSON %s; want %s", r.name(m), r.at(m.At), is, want)
}

func (r specReader) name(m jsonpos.Member) string { return strings.TrimPrefix(r.in+"."+m.Name, ".") }
