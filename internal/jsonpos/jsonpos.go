// Package jsonpos says where in a JSON text something is.
package jsonpos

import (
	"bytes"
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
