package didyoumean

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEditDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0},
		{"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"acton", "actions", 2},
	} {
		assert.Equal(t, test.want, editDistance(test.a, test.b), "%q %q", test.a, test.b)
	}
}

func TestHint(t *testing.T) {
	names := []string{"ht-lstm", "ht-gru", "lstm"}
	for bad, want := range map[string]string{
		"ht-lstn": `; did you mean "ht-lstm"? (known: ht-lstm, ht-gru, lstm)`,
		"HT-GRU":  `; did you mean "ht-gru"? (known: ht-lstm, ht-gru, lstm)`,
		"resnet":  ` (known: ht-lstm, ht-gru, lstm)`,
	} {
		assert.Equal(t, want, Hint(bad, names))
	}
	// A short word is two edits from any other.
	formats := []string{"dense", "tt", "tr", "bt", "ht"}
	for bad, want := range map[string]string{"cp": "", "c": "", "": "", "gru": "", "tx": "tt", "TT": "tt", "ttt": "tt", "dens": "dense", "desne": "dense"} {
		assert.Equal(t, want, Closest(bad, formats), "%q", bad)
	}
}
