// Package jsonpos says where in a JSON text something is.
package jsonpos

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// At writes the place of a byte, given by its number from 0, as in
// " (line 3, column 5)". Columns count characters.
func At(text []byte, offset int) string {
	before := text[:min(max(offset, 0), len(text))]
	line := bytes.LastIndexByte(before, '\n') + 1
	return fmt.Sprintf(" (line %d, column %d)", 1+bytes.Count(before, []byte{'\n'}), 1+utf8.RuneCount(before[line:]))
}

// Fault is At for where the text stops being JSON, its end if it is cut short, and "" if
// it is JSON.
func Fault(text []byte) string {
	var fault *json.SyntaxError
	if !errors.As(json.Unmarshal(text, new(json.RawMessage)), &fault) {
		return ""
	}
	at := int(fault.Offset)
	if fault.Error() != "unexpected end of JSON input" {
		at-- // the byte that was read last
	}
	return At(text, at)
}

// Member is one of an object or, without a name, of an array.
type Member struct {
	Name      string
	Value     json.RawMessage
	At, Begin int // the first byte of the name with its quote, and of the value
}

// Members lists those of the object or array that begins at an offset of a valid JSON
// text, in order.
func Members(text []byte, begin int) (list []Member) {
	dec := json.NewDecoder(bytes.NewReader(text[begin:]))
	open, _ := dec.Token()
	for dec.More() {
		var m Member
		if open == json.Delim('{') {
			m.At = begin + int(dec.InputOffset())
			m.At += bytes.IndexByte(text[m.At:], '"') // behind a comma and space
			name, _ := dec.Token()
			m.Name = name.(string)
		}
		dec.Decode(&m.Value)
		m.Begin = begin + int(dec.InputOffset()) - len(m.Value)
		list = append(list, m)
	}
	return list
}

// Kind names a JSON value as the errors of package json do.
func Kind(value []byte) string {
	kinds := map[byte]string{'{': "object", '[': "array", '"': "string", 't': "bool", 'f': "bool", 'n': "null"}
	return cmp.Or(kinds[value[0]], "number")
}
