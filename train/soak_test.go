package train

import (
	"bytes"
	"context"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestSoak trains for 100,000 steps, with about a thousand checkpoints: resident
// memory stays flat, files and goroutines are no more than at the beginning.
func TestSoak(t *testing.T) {
	if os.Getenv("TENSORZOO_LONG") != "1" {
		t.Skip("trains for minutes; TENSORZOO_LONG=1 runs it")
	}
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	set := newWalks(400_000, 20, true)
	cfg := Config{Epochs: 4, Batch: 16, LearningRate: 1e-3, MaxGradNorm: 1, Seed: 1, Dir: t.TempDir(), SaveEvery: 100 * time.Millisecond}
	saved := 0
	cfg.OnSave = func(string) { saved++ }
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // as the command does
	// The collector makes the memory of a moment go up and down by more than
	// 5 %: a window's figure is the mean of many moments. In the first window the
	// heap finds its size.
	const window, every = 10_000, 20
	// Goroutines and files come and go: a leak is what even a window's least moment
	// has, and the most of the first window has not.
	type use struct{ resident, files, mostFiles, goroutines, mostGoroutines int }
	windows := make([]use, 100_000/window)
	for k := range windows {
		windows[k].files, windows[k].goroutines = math.MaxInt, math.MaxInt
	}
	cfg.OnStep = func(p Progress) {
		if p.Updates%every != 0 {
			return
		}
		w := &windows[(p.Updates-1)/window]
		w.resident += resident(t) / (window / every)
		files, goroutines := openFiles(t), runtime.NumGoroutine()
		w.files, w.mostFiles = min(w.files, files), max(w.mostFiles, files)
		w.goroutines, w.mostGoroutines = min(w.goroutines, goroutines), max(w.mostGoroutines, goroutines)
	}
	_, err := Run(context.Background(), newModel(t, 1, 0.1), set, cfg)
	require.NoError(t, err)
	t.Log(saved, "checkpoints", windows)
	require.Greater(t, saved, 100)
	for k, w := range windows[1:] {
		require.InEpsilon(t, windows[1].resident, w.resident, 0.05, "window %d", k+2)
		require.LessOrEqual(t, w.files, windows[0].mostFiles, "files open in window %d", k+2)
		require.LessOrEqual(t, w.goroutines, windows[0].mostGoroutines, "goroutines in window %d", k+2)
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
