package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/zoo"
)

func TestGrowth(t *testing.T) {
	s := sweeps[0]
	require.Equal(t, "input", s.name)
	s.values = []int{2, 4}
	dir := filepath.Join(t.TempDir(), "new")
	var out, progress bytes.Buffer
	f := &flags{growth: dir, threads: 1, batch: 2, steps: 1, runs: 3}
	require.NoError(t, growth(context.Background(), f, []sweep{s}, &out, &progress))
	require.Equal(t, "input: ........\n", progress.String())
	require.Contains(t, out.String(), " 16 - 256 ")
	require.FileExists(t, filepath.Join(dir, "growth-input.png"))
	file, err := os.Open(filepath.Join(dir, "growth.csv"))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+4*2)
	require.Equal(t, []string{"input", "tt", "16"}, rows[1][:3])
}

// Every point of every sweep is a valid model.
func TestSweeps(t *testing.T) {
	for _, s := range sweeps {
		for _, v := range s.values {
			p := point{modes: 4, in: 16, out: 4, rank: 4, batch: 16, steps: 6}
			s.set(&p, v)
			if s.name == "modes" {
				require.Equal(t, 65536.0, power(p.in, p.modes))
				require.Equal(t, 256.0, power(p.out, p.modes))
			}
			for _, format := range []string{"tt", "tr", "bt", "ht"} {
				_, err := zoo.Describe(zoo.Entry{Spec: p.spec(format)})
				require.NoError(t, err, "%s %d", s.name, v)
			}
		}
	}
}

func TestExponent(t *testing.T) {
	require.InDelta(t, 2, exponent(2, 8, 5, 80), 1e-12)
}
