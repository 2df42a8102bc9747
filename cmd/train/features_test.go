package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets/features"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/layout"
)

// writeFeatureFolder writes features of clips of three classes, as UCF11 names them, in
// 4 to 7 steps: one pattern, then another, or the other way round, which only the order
// of steps tells apart, or the first alone, with two clips in a group.
func writeFeatureFolder(t *testing.T, root string, clips, features int) {
	t.Helper()
	patterns := rand.New(rand.NewPCG(1, 0))
	first, second := make([]float64, features), make([]float64, features)
	for k := range features {
		first[k], second[k] = patterns.NormFloat64(), patterns.NormFloat64()
	}
	for class, order := range map[string][2][]float64{"there": {first, second}, "back": {second, first}, "stay": {first, first}} {
		for clip := range clips {
			rng := rand.New(rand.NewPCG(uint64(clip), uint64(len(class))))
			steps := 4 + rng.IntN(4)
			x := make([]float32, 0, steps*features)
			for step := range steps {
				for _, v := range order[2*step/steps] {
					x = append(x, 5+float32(v+rng.NormFloat64()/2)) // far from 0: normalisation matters
				}
			}
			dir := filepath.Join(root, class, fmt.Sprintf("v_%s_%02d", class, 1+clip/2))
			require.NoError(t, os.MkdirAll(dir, 0o777))
			var file bytes.Buffer
			require.NoError(t, writeNPY(&file, x, features))
			require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("v_%s_%02d_%02d.npy", class, 1+clip/2, 1+clip%2)), file.Bytes(), 0o600))
		}
	}
}

// An entry for the features of a CNN learns from a folder of such, 2,048 a step. Most of
// the time goes to drawing its 16.8 million recurrent weights. TENSORZOO_LONG=1 runs it.
func TestFeaturesOfCNN(t *testing.T) {
	if os.Getenv("TENSORZOO_LONG") != "1" {
		t.Skip("takes 20 seconds; TENSORZOO_LONG=1 runs it")
	}
	root := filepath.Join(t.TempDir(), "features")
	writeFeatureFolder(t, root, 10, 2048)
	out, err := call("-model", "cnn-ht-lstm", "-data", "features:"+root, "-steps", "2", "-sample", "even", "-epochs", "3", "-batch", "12", "-dropout", "0", "-out", "none", "-json")
	require.NoError(t, err)
	var s summary
	require.NoError(t, json.Unmarshal([]byte(out), &s))
	require.Less(t, s.Epochs[2].Train.Loss, s.Epochs[0].Train.Loss/2)
	require.Equal(t, 6, s.Test.Clips)
	require.Greater(t, s.Test.Accuracy, 0.8)
}

// The same of cnn-tr-lstm, whose ring takes longer. TENSORZOO_LONG=1 runs it.
func TestFeaturesOfCNNInRing(t *testing.T) {
	if os.Getenv("TENSORZOO_LONG") != "1" {
		t.Skip("takes a minute; TENSORZOO_LONG=1 runs it")
	}
	root := filepath.Join(t.TempDir(), "features")
	writeFeatureFolder(t, root, 10, 2048)
	out, err := call("-model", "cnn-tr-lstm", "-data", "features:"+root, "-steps", "2", "-sample", "even", "-epochs", "3", "-batch", "12", "-dropout", "0", "-out", "none", "-json")
	require.NoError(t, err)
	var s summary
	require.NoError(t, json.Unmarshal([]byte(out), &s))
	require.Less(t, s.Epochs[2].Train.Loss, s.Epochs[0].Train.Loss)
}

// Features of clips of their own lengths are learned, scored from the checkpoint, also
// when what the normalisation was measured on has changed, and a run goes on with them;
// a damaged file is reported.
func TestFeatureFolder(t *testing.T) {
	root, dir := filepath.Join(t.TempDir(), "features"), filepath.Join(t.TempDir(), "run")
	writeFeatureFolder(t, root, 20, 12)
	require.NoError(t, os.WriteFile(filepath.Join(root, "stay", "v_stay_01", "v_stay_01_03.npy"), []byte("no array"), 0o600))
	spec := filepath.Join(t.TempDir(), "spec.json")
	require.NoError(t, os.WriteFile(spec, []byte(`{"cell": "gru", "format": "tt", "in_modes": [3, 4], "out_modes": [4, 4], "ranks": [4]}`), 0o600))
	data := "features:" + root
	out, err := call("-spec", spec, "-data", data, "-max-bad", "0.1", "-epochs", "15", "-batch", "8", "-lr", "0.01", "-out", dir, "-json", "-logits", filepath.Join(dir, "..", "after.npy"))
	require.NoError(t, err, out)
	var s summary
	require.NoError(t, json.Unmarshal([]byte(out), &s))
	require.Equal(t, data+" (group)", s.Set)
	require.Equal(t, 12, s.Test.Clips, "two groups of each class")
	require.Greater(t, s.Test.Accuracy, 0.9)

	_, err = call("-spec", spec, "-data", data, "-max-bad", "0", "-out", "none")
	require.ErrorContains(t, err, "1 of 61 clips are damaged, and 0 may be; the last one is "+filepath.Join(root, "stay"))
	require.ErrorAs(t, err, new(cmdline.Usage))

	// Fewer steps, another split, and options that do not fit.
	for line, want := range map[string]string{
		"-steps 3 -sample even -split fold:2/5": `\(fold:2/5\): 49 training and 12 test clips of 3 steps of 12|\(fold:2/5\): 48 training and 13 test clips of 3 steps of 12`,
		"-split random:1/3 -normalise none":     `\(random:1/3\)`,
	} {
		out, err := call(append([]string{"-spec", spec, "-data", data, "-max-bad", "0.1", "-epochs", "1", "-out", "none"}, strings.Fields(line)...)...)
		require.NoError(t, err)
		require.Regexp(t, want, out)
		require.Contains(t, out, "1 clip left out for being damaged")
	}
	for line, want := range map[string]string{
		"-split official:1": `there is no split "official:1"; want group, random`,
		"-split fold:6/5":   `split "fold:6/5": want group`,
		"-size 16x12":       " is not scaled to 16x12; leave the size out",
		"-sequence rows":    `has no sequences "rows"; mnist:DIR and fashion:DIR have`,
		"-model ht-lstm":    "has steps of 12; give a model whose",
	} {
		args := []string{"-data", data, "-max-bad", "0.1", "-out", "none"}
		if !strings.HasPrefix(line, "-model") {
			args = append(args, "-spec", spec)
		}
		_, err := call(append(args, strings.Fields(line)...)...)
		require.ErrorContains(t, err, want)
		require.ErrorAs(t, err, new(cmdline.Usage))
	}

	_, err = call("-resume", dir, "-epochs", "16")
	require.NoError(t, err)
	_, err = call("-eval", dir, "-logits", filepath.Join(dir, "..", "before.npy"))
	require.NoError(t, err)

	// The training clips are others by now: the checkpoint's normalisation is taken.
	before := readNPY(t, filepath.Join(dir, "..", "before.npy"), 12, 3)
	changed := filepath.Join(t.TempDir(), "changed")
	require.NoError(t, os.CopyFS(changed, os.DirFS(root)))
	l, err := layout.Features(changed)
	require.NoError(t, err)
	training, _, err := l.Cut("")
	require.NoError(t, err)
	for _, k := range training {
		path := filepath.Join(changed, l.Clips[k].Path)
		file, err := os.ReadFile(path)
		require.NoError(t, err)
		for at := 3; at < 48 && len(file) > 128+48; at += 4 {
			file[128+at] ^= 1 // another exponent of the values of the first step
		}
		require.NoError(t, os.WriteFile(path, file, 0o600))
	}
	other, err := features.Open(t.Context(), "features:"+changed, features.Options{MaxBad: 0.1})
	require.NoError(t, err)
	same, err := features.Open(t.Context(), "features:"+root, features.Options{MaxBad: 0.1})
	require.NoError(t, err)
	require.NotEqual(t, same.Normalisation(), other.Normalisation())
	_, err = call("-eval", dir, "-data", "features:"+changed, "-logits", filepath.Join(dir, "..", "changed.npy"))
	require.NoError(t, err)
	require.Equal(t, before, readNPY(t, filepath.Join(dir, "..", "changed.npy"), 12, 3))
}
