package jsonpos

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFault(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": [1]}`:             "",
		``:                       " (line 1, column 1)",
		`{`:                      " (line 1, column 2)",
		`{"a" 1}`:                " (line 1, column 6)",
		"{\n  \"a\": [1,,2]\n}":  " (line 2, column 11)",
		"{\n\"é\": 1,\n\"ü\" 2}": " (line 3, column 5)",
		"{\"a\": 1,\n":           " (line 2, column 1)",
		"{}\nx":                  " (line 2, column 1)",
	} {
		require.Equal(t, want, Fault([]byte(text)), "%q", text)
	}
}

func TestAt(t *testing.T) {
	const text = "ab\ncd"
	for offset, want := range []string{"1, column 1", "1, column 2", "1, column 3", "2, column 1", "2, column 2", "2, column 3", "2, column 3"} {
		require.Equal(t, " (line "+want+")", At([]byte(text), offset))
	}
	require.True(t, strings.HasPrefix(At(nil, -1), " (line 1, column 1"))
}

func TestMembers(t *testing.T) {
	text := `  {"a": [1, {"b": 2}] , "é"  :  null}`
	members := Members([]byte(text), 2)
	require.Len(t, members, 2)
	for k, want := range []Member{{"a", []byte(`[1, {"b": 2}]`), 3, 8}, {"é", []byte("null"), 24, 33}} {
		require.Equal(t, want, members[k])
		require.Equal(t, string(want.Value), text[want.Begin:want.Begin+len(want.Value)])
	}
	inner := Members([]byte(text), members[0].Begin)
	require.Equal(t, []Member{{Value: []byte("1"), Begin: 9}, {Value: []byte(`{"b": 2}`), Begin: 12}}, inner)
	require.Empty(t, Members([]byte("{}"), 0))
}

func TestKind(t *testing.T) {
	for text, want := range map[string]string{"{}": "object", "[]": "array", `""`: "string", "true": "bool", "false": "bool", "null": "null", "-1": "number", "0.5": "number"} {
		require.Equal(t, want, Kind([]byte(text)))
	}
}
