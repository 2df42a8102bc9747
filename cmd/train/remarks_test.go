package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/train"
)

// A run says what it did other than it was told, or came to other than it looks
// like.
func TestRemarks(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	pictures(t, file("clips"), map[string]int{"a": 5, "b": 5, "bad a": 2})
	require.NoError(t, os.WriteFile(file("spec.json"), []byte(pictureSpec), 0o666))
	call := func(args ...string) (out, log string) {
		var stdout, stderr bytes.Buffer
		err := run(context.Background(), append([]string{"-spec", file("spec.json"), "-data", "folder:" + file("clips"), "-cache", file("cache"), "-max-bad", "0.5", "-epochs", "2"}, args...), &stdout, &stderr)
		require.NoError(t, err)
		return stdout.String(), stderr.String()
	}
	out, log := call("-batch", "1", "-out", "none")
	require.Regexp(t, `(?m)^epoch 1, step \d: all its clips are damaged, it moves nothing$`, out)
	require.NotContains(t, out+log, "diverged")

	out, log = call("-batch", "40000", "-lr", "1e9", "-out", file("run"))
	require.Regexp(t, `(?m)^-batch 40000 is more than all \d training clips, which go through the model at once$`, out)
	require.Regexp(t, `(?m)^the run has diverged: the test loss is \S+, more than ten times that of a uniform guess, ln\(2\) = 0\.6931; a lower -lr than 1e\+09 may help$`, log)
	require.Regexp(t, `(?m)^the run has diverged: the training loss of epoch 2 is `, log)
	result := result(t, file("run"))
	require.True(t, result.Diverged)
	require.Less(t, result.Batch, 12)

	// An evaluation asks nothing of settings that only training has.
	config, err := os.ReadFile(file("run/config.json"))
	require.NoError(t, err)
	require.Contains(t, string(config), `"optimizer": "adam"`)
	require.NoError(t, os.WriteFile(file("run/config.json"), bytes.Replace(config, []byte(`"adam"`), []byte(`"adam:0.9:0.9999999"`), 1), 0o666))
	var stdout, stderr bytes.Buffer
	require.NoError(t, run(context.Background(), []string{"-eval", file("run")}, &stdout, &stderr))
	require.ErrorContains(t, run(context.Background(), []string{"-resume", file("run")}, &stdout, &stderr), "β2 is 0.9999999; want a number above 0 and at most 0.999999")
}

// Too many damaged test clips, which may be found after the training, do not cost it.
func TestDamagedTestClips(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.WriteFile(file("spec.json"), []byte(pictureSpec), 0o666))
	pictures(t, file("clips"), map[string]int{"a": 5, "b": 5})
	_, err := call("-spec", file("spec.json"), "-data", "folder:"+file("clips"), "-cache", file("cache"), "-epochs", "1", "-out", file("run"))
	require.NoError(t, err)

	pictures(t, file("bad"), map[string]int{"a": 3, "b": 3, "bad a": 1})
	set, err := video.Open(t.Context(), "folder:"+file("bad"), video.Options{Options: datasets.Options{Normalise: "none"}, Height: 12, Width: 16, Steps: 2, Cache: file("cache"), MaxBad: -1})
	require.NoError(t, err)
	defer set.Close()
	x := make([]float32, set.Steps()*12*16*3)
	for part := range 2 {
		for k := range set.Clips(datasets.Part(part)) {
			if _, _, failed := set.Read(datasets.Part(part), k, x); failed != nil {
				err = failed
			}
		}
	}
	require.ErrorAs(t, err, new(*datasets.DamagedError))
	f := newFlags()
	require.ErrorContains(t, f.stopped(&folder{dir: file("run")}, err), "; what was trained is kept, go on with: ")
	require.NotContains(t, f.stopped(&folder{dir: file("none")}, err).Error(), "kept")
	require.ErrorAs(t, f.stopped(&folder{}, err), new(cmdline.Usage))
}

// The curves of the steps are of each step alone.
func TestStepCurves(t *testing.T) {
	o := &folder{dir: t.TempDir(), boards: true}
	o.step(train.Progress{Updates: 3}) // all clips are damaged
	o.step(train.Progress{Updates: 4, Score: train.Score{Loss: 7, Accuracy: 0.75, Clips: 8}, StepScore: train.Score{Loss: 5, Accuracy: 0.5, Clips: 2}})
	o.close()
	files, err := filepath.Glob(filepath.Join(o.dir, "tensorboard", "*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	events, err := os.ReadFile(files[0])
	require.NoError(t, err)
	for tag, want := range map[string]float32{"step/loss": 5, "step/accuracy": 0.5} {
		const simpleValue = 2<<3 | 5 // field 2 of a summary's value, 32 bits
		require.Contains(t, string(events), tag+string(binary.LittleEndian.AppendUint32([]byte{simpleValue}, math.Float32bits(want))))
		require.Equal(t, 1, bytes.Count(events, []byte(tag)))
	}
}
