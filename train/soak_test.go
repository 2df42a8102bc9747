package train

import (
	"bytes"
	"context"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSoak trains for 100,000 steps, with a checkpoint after each of a thousand
// epochs: resident memory stays flat, files and goroutines are those of the
// beginning.
func TestSoak(t *testing.T) {
	if os.Getenv("TENSORZOO_LONG") != "1" {
		t.Skip("trains for minutes; TENSORZOO_LONG=1 runs it")
	}
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	set := newWalks(1600, 20, true)
	cfg := Config{Epochs: 1000, Batch: 16, LearningRate: 1e-3, Clip: 1, Seed: 1, Dir: t.TempDir()}
	type use struct{ updates, resident, files, goroutines int }
	var seen []use
	cfg.OnStep = func(p Progress) {
		if p.Updates%10_000 == 0 {
			seen = append(seen, use{p.Updates, resident(t), openFiles(t), runtime.NumGoroutine()})
		}
	}
	_, err := Run(context.Background(), newModel(t, 1, 0.1), set, cfg)
	require.NoError(t, err)
	require.Len(t, seen, 10)
	t.Log(seen)
	first := seen[0]
	for _, u := range seen[1:] {
		require.InEpsilon(t, first.resident, u.resident, 0.05, "after %d steps", u.updates)
		require.Equal(t, first.files, u.files, "after %d steps", u.updates)
		require.Equal(t, first.goroutines, u.goroutines, "after %d steps", u.updates)
	}
}

// resident returns the bytes of the process in memory.
func resident(t *testing.T) int {
	data, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	pages, err := strconv.Atoi(string(bytes.Fields(data)[1]))
	require.NoError(t, err)
	return pages * os.Getpagesize()
}

func openFiles(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}
