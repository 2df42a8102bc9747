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
	// The collector makes the memory of a moment go up and down by more than
	// 5 %: a window's figure is the mean of many moments.
	const window, every = 10_000, 20
	type use struct{ resident, files, goroutines int }
	windows := make([]use, 100_000/window)
	cfg.OnStep = func(p Progress) {
		if p.Updates%every != 0 {
			return
		}
		w := &windows[(p.Updates-1)/window]
		w.resident += resident(t) / (window / every)
		if p.Updates%window == 0 {
			w.files, w.goroutines = openFiles(t), runtime.NumGoroutine()
		}
	}
	_, err := Run(context.Background(), newModel(t, 1, 0.1), set, cfg)
	require.NoError(t, err)
	t.Log(windows)
	first := windows[0]
	for k, w := range windows[1:] {
		require.InEpsilon(t, first.resident, w.resident, 0.05, "window %d", k+2)
		require.Equal(t, first.files, w.files, "window %d", k+2)
		require.Equal(t, first.goroutines, w.goroutines, "window %d", k+2)
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
