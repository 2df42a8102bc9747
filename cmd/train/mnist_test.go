package main

import (
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
)

// writePictures writes the four files of a set in which a picture of class c has a
// bright bar in row 2c+4, and noise.
func writePictures(t *testing.T, root string, train, test int) {
	for part, clips := range map[string]int{"train": train, "t10k": test} {
		rng := rand.New(rand.NewPCG(uint64(clips), 0))
		images := binary.BigEndian.AppendUint32([]byte{0, 0, 8, 3}, uint32(clips))
		images = append(images, 0, 0, 0, 28, 0, 0, 0, 28)
		labels := binary.BigEndian.AppendUint32([]byte{0, 0, 8, 1}, uint32(clips))
		for i := range clips {
			class := i % 10
			for row := range 28 {
				for range 28 {
					level := rng.IntN(40)
					if row == 2*class+4 {
						level += 200
					}
					images = append(images, byte(level))
				}
			}
			labels = append(labels, byte(class))
		}
		require.NoError(t, os.WriteFile(filepath.Join(root, part+"-images-idx3-ubyte"), images, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(root, part+"-labels-idx1-ubyte"), labels, 0o600))
	}
}

// Pictures are learned as sequences, scored from the checkpoint, and a run goes on with
// them; what a clip is comes from the run.
func TestPictures(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	writePictures(t, root, 200, 50)
	data := "mnist:" + root
	for sequence, c := range map[string]struct {
		spec, says string
		least      float64
	}{
		"rows":     {`{"cell": "gru", "format": "tt", "in_modes": [4, 7], "out_modes": [4, 4], "ranks": [4]}`, "200 training and 50 test clips of 28 steps of 28", 0.5},
		"bands:4":  {`{"cell": "gru", "format": "tt", "in_modes": [4, 28], "out_modes": [4, 4], "ranks": [4]}`, "200 training and 50 test clips of 7 steps of 4x28", 0.9},
		"digits:2": {`{"cell": "gru", "format": "tt", "in_modes": [28, 28], "out_modes": [4, 4], "ranks": [4]}`, "40 training and 10 test clips of 2 steps of 28x28", 0.9},
	} {
		name := strings.ReplaceAll(sequence, ":", "")
		spec, out := filepath.Join(dir, name+".json"), filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(spec, []byte(c.spec), 0o600))
		text, err := call("-spec", spec, "-data", data, "-sequence", sequence, "-epochs", "10", "-lr", "0.03", "-threads", "1", "-out", out)
		require.NoError(t, err)
		require.Contains(t, text, c.says)
		_, err = call("-resume", out, "-epochs", "11")
		require.NoError(t, err)
		text, err = call("-eval", out, "-json")
		require.NoError(t, err)
		var s scores
		require.NoError(t, json.Unmarshal([]byte(text), &s))
		require.Equal(t, data+" (official, "+sequence+")", s.Set)
		require.Greater(t, s.Test.Accuracy, c.least)
		_, err = call("-resume", out, "-epochs", "12", "-sequence", "bands:7")
		require.ErrorContains(t, err, "-sequence is bands:7, but the run in "+out+" was started with "+sequence)
	}
	for line, want := range map[string]string{
		"-data " + data + " -sequence bands:4":    "mnist:" + root + " (official, bands:4) has steps of 4x28; give a model whose",
		"-data " + data + " -sequence bands:5":    `there is no sequence "bands:5"; want rows, bands:4 or another divisor of 28`,
		"-data " + data + " -split random":        `there is no split "random" (known: official, fold:2/5)`,
		"-data " + data + " -size 16x12":          " is not scaled to 16x12; leave the size out",
		"-data actions -sequence rows":            `train: -sequence: actions has no sequences "rows"`,
		"-data fashion:" + root + "x":             "there is no train-images-idx3-ubyte in " + root + "x",
		"-data actions -split fold:1/20":          "16 groups cannot be cut into 20 folds",
		"-data " + data + " -split fold:1/999999": "250 clips cannot be cut into 999999 folds",
	} {
		_, err := call(append(strings.Fields(line), "-spec", filepath.Join(dir, "rows.json"), "-out", "none")...)
		if strings.HasPrefix(line, "-data actions") {
			_, err = call(append(strings.Fields(line), "-out", "none")...)
		}
		require.ErrorContains(t, err, want)
		require.ErrorAs(t, err, new(cmdline.Usage))
		require.NotContains(t, err.Error(), "\n")
	}
}

// The spec of docs/long reads the pictures pixel by pixel; with -bptt a piece is in memory at once.
func TestPixels(t *testing.T) {
	root, dir := t.TempDir(), filepath.Join(t.TempDir(), "run")
	writePictures(t, root, 20, 10)
	text, err := call("-spec", "../../docs/long/tt-gru-pixels.json", "-data", "fashion:"+root, "-sequence", "pixels", "-bptt", "300", "-epochs", "1", "-out", dir)
	require.NoError(t, err)
	require.Contains(t, text, "20 training and 10 test clips of 784 steps of 1;")
	text, err = call("-eval", dir, "-json")
	require.NoError(t, err)
	var s scores
	require.NoError(t, json.Unmarshal([]byte(text), &s))
	require.Equal(t, 10, s.Test.Clips)
}

// Folds are a split of a set as any other.
func TestFolds(t *testing.T) {
	root, dir := t.TempDir(), filepath.Join(t.TempDir(), "run")
	file := filepath.Join(root, "all.npz")
	writeSequences(t, file, 100, 1)
	spec := filepath.Join(root, "spec.json")
	require.NoError(t, os.WriteFile(spec, []byte(sequenceSpec), 0o600))
	text, err := call("-spec", spec, "-data", "npz:"+file, "-split", "fold:2/4", "-epochs", "1", "-out", dir)
	require.NoError(t, err)
	require.Contains(t, text, "on npz:"+file+" (fold:2/4): 75 training and 25 test clips")
	text, err = call("-eval", dir)
	require.NoError(t, err)
	require.Contains(t, text, "fold:2/4")
	_, err = call("-resume", dir, "-epochs", "2")
	require.NoError(t, err)
	_, err = call("-resume", dir, "-epochs", "3", "-split", "fold:1/4")
	require.ErrorContains(t, err, "-split is fold:1/4, but the run in")
}
