package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The drawings in the docs are those that the command makes.
func TestDrawingsOfTheDocs(t *testing.T) {
	for _, format := range []string{"tt", "tr", "bt", "ht"} {
		path := filepath.Join(t.TempDir(), format+".svg")
		out, err := call("-describe", "-model", format+"-lstm", "-svg", path)
		require.NoError(t, err)
		require.Contains(t, out, "input-to-hidden weights", "it prints as well")
		drawn, err := os.ReadFile(path)
		require.NoError(t, err)
		docs, err := os.ReadFile(filepath.Join("..", "..", "docs", "pictures", format+".svg"))
		require.NoError(t, err)
		require.Equal(t, string(docs), string(drawn), "go run ./cmd/train -describe -model %s-lstm -svg docs/pictures/%s.svg", format, format)
	}
}

// Recurrent weights are drawn where they are decomposed, and each layer's.
func TestDrawingOfLayers(t *testing.T) {
	dir := t.TempDir()
	spec, path := filepath.Join(dir, "small.json"), filepath.Join(dir, "small.svg")
	for text, titles := range map[string]int{
		`{"cell": "gru", "in_modes": [36, 64], "out_modes": [4, 4]}`:                                                                                 1,
		`{"cell": "gru", "format": "tt", "in_modes": [36, 64], "out_modes": [4, 4], "ranks": [2], "recurrent": {"format": "ht", "leaf_ranks": [2]}}`: 2,
		`{"cell": "gru", "format": "tt", "in_modes": [36, 64], "out_modes": [4, 4], "ranks": [2], "bidirectional": true,
		  "recurrent": {"format": "ht", "leaf_ranks": [2]}, "upper": [{"format": "tr", "ranks": [2]}]}`: 4,
	} {
		require.NoError(t, os.WriteFile(spec, []byte(text), 0o600))
		_, err := call("-describe", "-json", "-spec", spec, "-svg", path)
		require.NoError(t, err)
		drawn, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, titles, strings.Count(string(drawn), `font-weight="bold"`))
		require.Equal(t, titles > 1, strings.Contains(string(drawn), "hidden-to-hidden: 16 × 48 in "))
		require.Equal(t, titles > 2, strings.Contains(string(drawn), "layer 2, input-to-hidden: 32 × 48 in "))
	}
}
