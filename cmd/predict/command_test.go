package main

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// The commands as users run them: ht-lstm in the papers' size learns moving shapes
// from videos, of which the order of frames decides the class, and cmd/predict
// answers what cmd/train -eval -sample even does.
func TestMovingShapes(t *testing.T) {
	if os.Getenv("TENSORZOO_LONG") == "" {
		t.Skip("a minute; set TENSORZOO_LONG=1")
	}
	clips, bin := shapeVideos(t, 20), t.TempDir()
	out, err := exec.Command("go", "build", "-o", bin, "../train", ".").CombinedOutput()
	require.NoError(t, err, string(out))
	do := func(name string, args ...string) []byte {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		require.NoError(t, err)
		return out
	}
	dir, cache, logits := filepath.Join(bin, "run"), t.TempDir(), filepath.Join(bin, "logits.npy")
	do("train", "-model", "ht-lstm", "-data", "folder:"+clips, "-cache", cache, "-epochs", "12", "-lr", "5e-3", "-quiet", "-out", dir)
	var scores struct{ Test struct{ Accuracy float64 } }
	require.NoError(t, json.Unmarshal(do("train", "-eval", dir, "-sample", "even", "-json", "-logits", logits), &scores))
	require.GreaterOrEqual(t, scores.Test.Accuracy, 0.95)

	set, err := video.Open(t.Context(), "folder:"+clips, video.Options{TestOnly: true, Cache: cache, Sample: "even"})
	require.NoError(t, err)
	defer set.Close()
	args := []string{"-checkpoint", dir, "-json", "-top", "8"}
	x := make([]float32, 6*57600)
	right := 0
	for i := range set.Clips(datasets.Test) {
		args = append(args, filepath.Join(clips, set.Group(datasets.Test, i)))
	}
	all := answers(t, string(do("predict", args...)))
	require.Len(t, all, set.Clips(datasets.Test))
	m, err := zoo.Load(train.CheckpointDir(dir))
	require.NoError(t, err)
	file, err := os.ReadFile(logits)
	require.NoError(t, err)
	values := make([]float32, 8*len(all)) // what the file ends with
	_, err = binary.Decode(file[len(file)-4*len(values):], binary.LittleEndian, values)
	require.NoError(t, err)
	for i, a := range all {
		want, err := m.Guesses(values[8*i : 8*i+8])
		require.NoError(t, err)
		require.Equal(t, want[0].Class, a.Classes[0].Class)
		require.InDelta(t, want[0].Probability, a.Classes[0].Probability, 1e-5)
		label, _, err := set.Read(datasets.Test, i, x)
		require.NoError(t, err)
		if set.Classes()[label] == a.Classes[0].Class {
			right++
		}
	}
	require.InDelta(t, scores.Test.Accuracy, float64(right)/float64(len(all)), 1e-12)

	steps := answers(t, string(do("predict", "-checkpoint", dir, "-json", "-top", "8", "-follow", args[5])))
	require.Len(t, steps, 6)
	requireSame(t, all[0].Classes[:3], steps[5].Classes[:3])
}
