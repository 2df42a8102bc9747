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
