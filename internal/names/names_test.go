package names

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const (
	composed   = "caf\u00e9"
	decomposed = "cafe\u0301"
)

func TestNames(t *testing.T) {
	for _, test := range []struct{ name, check, shown, line string }{
		{"walk", "", "walk", "walk"},
		{"brush hair", "", "brush hair", "brush hair"},
		{composed, "", composed, composed},
		{decomposed, "", decomposed, decomposed},
		{"نمی\u200cدانم", "", "نمی\u200cدانم", "نمی\u200cدانم"}, // a joiner that Persian is written with
		{"\ufffd", "", "\ufffd", "\ufffd"},
		{"", "a name is empty", "", ""},
		{"caf\xe9", `the name "caf\xe9" is not UTF-8`, `"caf\xe9"`, `caf\xe9`},
		{"\x1b[2Jred\nclip x", `the name "\x1b[2Jred\nclip x" has control characters`, `"\x1b[2Jred\nclip x"`, `\x1b[2Jred\nclip x`},
		{"a\x7fb", `the name "a\x7fb" has control characters`, `"a\x7fb"`, `a\x7fb`},
		{"a\u009bb", `the name "a\u009bb" has control characters`, `"a\u009bb"`, `a\u009bb`},
		{"gpj\u202e.exe", `the name "gpj\u202e.exe" has control characters`, `"gpj\u202e.exe"`, `gpj\u202e.exe`},
		{"a\u2028b", `the name "a\u2028b" has control characters`, `"a\u2028b"`, `a\u2028b`},
		{`"a"`, "", `"\"a\""`, `"a"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := Check(test.name); test.check == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, test.check)
			}
			require.Equal(t, test.shown, Shown(test.name))
			require.Equal(t, test.line, Line(test.name))
		})
	}
}

func TestEqual(t *testing.T) {
	require.True(t, Equal([]string{"a", composed}, []string{"a", decomposed}))
	require.False(t, Equal([]string{"a", composed}, []string{composed, "a"}))
	require.False(t, Equal([]string{"a"}, []string{"a", "b"}))
	require.Equal(t, composed, Key(decomposed))
	require.Equal(t, "caf\xe9", Key("caf\xe9"), "other bytes stay")
}

// Whatever is shown is one line without control characters, and no two names look the
// same; JSON is as harmless and gives every text back.
func TestShownIsHarmless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "name")
		for _, s := range []string{Shown(name), Line(name)} {
			require.True(t, utf8.ValidString(s))
			require.False(t, strings.ContainsFunc(s, acts), "%q", s)
		}
		back := Shown(name)
		if strings.HasPrefix(back, `"`) {
			var err error
			back, err = strconv.Unquote(back)
			require.NoError(t, err)
		}
		require.Equal(t, name, back)
		text, err := JSON([]string{name})
		require.NoError(t, err)
		require.False(t, strings.ContainsFunc(string(text), acts), "%q", text)
		var got []string
		require.NoError(t, json.Unmarshal(text, &got))
		require.Equal(t, strings.ToValidUTF8(name, "\ufffd") == name, got[0] == name)
	})
}
