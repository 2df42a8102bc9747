// Package names checks, compares and shows names that come from a file system, a
// checkpoint or an archive, and may hold any bytes at all.
//
// Names that a model keeps - of its classes and its own - pass [Check]: text without
// characters that a terminal acts on. Names are compared by [Key], so that é is one
// letter however a file system spells it; what is kept and shown is the name as it was
// written. All other names, such as those of files, are kept byte for byte. [Shown] and
// [Line] escape them where people read them, and [JSON] where programs do.
package names

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pkg/errors"
	"golang.org/x/text/unicode/norm"
)

// Check returns an error for a name that is not text on one line: one that is empty,
// is not UTF-8, or has control characters. The error quotes it.
func Check(name string) error {
	switch {
	case name == "":
		return errors.New("a name is empty")
	case !utf8.ValidString(name):
		return errors.Errorf("the name %q is not UTF-8", name)
	case strings.ContainsFunc(name, acts):
		return errors.Errorf("the name %q has control characters", name)
	}
	return nil
}

// Key returns what names are compared and sorted by: their Unicode normal form C. For
// most names it is the name itself.
func Key(name string) string { return norm.NFC.String(name) }

// CheckAll returns an error for the first of some names that Check refuses, or that is
// spelt as an earlier one is. what is what they are called together, as in classes[3].
func CheckAll(what string, all []string) error {
	first := make(map[string]int)
	for i, name := range all {
		if err := Check(name); err != nil {
			return errors.WithMessagef(err, "%s[%d]", what, i)
		}
		if k, there := first[Key(name)]; there {
			return errors.Errorf("%s[%d] is %+q, as %s[%d] is, %+q; give each its own name", what, i, name, what, k, all[k])
		}
		first[Key(name)] = i
	}
	return nil
}

// Equal reports whether two lists hold the same names in the same order.
func Equal(a, b []string) bool {
	return slices.EqualFunc(a, b, func(x, y string) bool { return Key(x) == Key(y) })
}

// Shown returns a name as people read it in a line or a table: itself or, where that
// would not show what it is, in quotes with escapes.
func Shown(name string) string {
	if !harmless(name) || strings.HasPrefix(name, `"`) {
		return strconv.Quote(name)
	}
	return name
}

// List writes names the way errors show them, and not all of very many.
func List(all []string) string {
	const most = 20
	var shown []string
	for _, name := range all[:min(len(all), most)] {
		shown = append(shown, Shown(name))
	}
	if len(all) > most {
		shown = append(shown, "...")
	}
	return strings.Join(shown, ", ")
}

// Line returns a message on one line, such as that of an error, with escapes for control
// characters in the names that it repeats.
func Line(text string) string {
	return escape(text, func(c string) string { return strings.Trim(strconv.Quote(c), `"`) })
}

// JSON is json.Marshal with escapes for everything that acts on a terminal; package json
// escapes only some of it.
func JSON(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	// What acts is within strings.
	return []byte(escape(string(text), func(c string) string { return fmt.Sprintf(`\u%04x`, []rune(c)[0]) })), err
}

// escape replaces each character, and each byte of none, that is not harmless.
func escape(text string, by func(c string) string) string {
	if harmless(text) {
		return text
	}
	all := strings.Split(text, "")
	for k, c := range all {
		if !harmless(c) {
			all[k] = by(c)
		}
	}
	return strings.Join(all, "")
}

func harmless(text string) bool { return utf8.ValidString(text) && !strings.ContainsFunc(text, acts) }

// acts reports whether a terminal would act on a character, or begin a line at it, or
// write what follows in another direction.
func acts(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}
