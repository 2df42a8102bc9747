package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// lowRank is a format that no package knows of: the product of two thin matrices.
type lowRank struct {
	Rank int `json:"rank"`
}

func (lowRank) Name() string { return "low-rank" }

func (f lowRank) Matrix(in, out []int) (*decomp.Matrix, error) {
	a := decomp.Leg{Kind: decomp.Input, Name: "a", Size: dims.Size(in)}
	i := decomp.Leg{Kind: decomp.Output, Name: "i", Size: dims.Size(out)}
	s := decomp.Leg{Kind: decomp.Rank, Name: "s", Size: f.Rank}
	return decomp.NewMatrix(f.Name(), []decomp.Leg{a}, []decomp.Leg{i}, decomp.Network{
		{Name: "A", Legs: []decomp.Leg{a, s}}, {Name: "B", Legs: []decomp.Leg{s, i}},
	})
}

func init() { decomp.Register(lowRank{}) }

// A registered format is compared like the others: trained, with checkpoints, in a
// process of its own.
func TestRegisteredFormat(t *testing.T) {
	dir := t.TempDir()
	spec, out := filepath.Join(dir, "low.json"), filepath.Join(dir, "report")
	require.NoError(t, os.WriteFile(spec, []byte(`{"cell": "gru", "format": "low-rank", "rank": 3, "in_modes": [12, 12], "out_modes": [16]}`), 0o600))
	var said bytes.Buffer
	err := run(context.Background(), strings.Fields("-models "+spec+" -out "+out+" -split few-subjects -epochs 1 -seeds 1 -rates 1e-2"), &said, &said)
	require.NoError(t, err, said.String())
	table := rows(t, out)
	require.Len(t, table, 1)
	require.Equal(t, "low-rank", table[0]["format"])
	require.Greater(t, parsed(t, table[0]["accuracy_mean"]), 0.125, "of 8 classes")
}
