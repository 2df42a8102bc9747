package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// squares makes 8 films of a square that moves to the right and 8 to the left, with
// one start of ffmpeg, which takes longer than a film.
func squares(t *testing.T, root string) {
	var filters, outputs []string
	for class, x := range map[string]string{"right": "%d+6*n", "left": "%d-6*n"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, class), 0o777))
		for k := range 8 {
			start := 3 * k
			if class == "left" {
				start += 30
			}
			name := fmt.Sprint(class, k)
			filters = append(filters, fmt.Sprintf("color=black:s=96x72:r=25[b%s];color=white:s=16x16:r=25[w%s];[b%s][w%s]overlay=x='"+x+"':y=%d[%s]", name, name, name, name, start, k*4, name))
			outputs = append(outputs, "-map", "["+name+"]", "-frames:v", "6", "-c:v", "mpeg4", "-q:v", "2", filepath.Join(root, class, fmt.Sprintf("%d.mp4", k)))
		}
	}
	args := append([]string{"-nostdin", "-v", "error", "-filter_complex", strings.Join(filters, ";")}, outputs...)
	out, err := exec.Command("ffmpeg", args...).CombinedOutput()
	require.NoError(t, err, string(out))
}

// A folder of squares that move to the right or to the left, which only the order
// of frames tells apart, is learned from its videos, evaluated from the checkpoint,
// and resumed with the cache; a damaged file is reported.
func TestVideoFolder(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("no ffmpeg; apt-get install ffmpeg")
	}
	root := filepath.Join(t.TempDir(), "clips")
	squares(t, root)
	require.NoError(t, os.WriteFile(filepath.Join(root, "left", "bad.avi"), []byte("no video"), 0o600))
	spec := filepath.Join(t.TempDir(), "spec.json")
	require.NoError(t, os.WriteFile(spec, []byte(`{"cell": "gru", "format": "tt", "in_modes": [12, 12], "out_modes": [4, 4], "ranks": [4]}`), 0o600))
	dir, cache := filepath.Join(t.TempDir(), "run"), t.TempDir()
	out, err := call("-spec", spec, "-data", "folder:"+root, "-cache", cache, "-max-bad", "0.1", "-epochs", "30", "-batch", "8", "-lr", "0.01", "-out", dir)
	require.NoError(t, err, out)
	require.Regexp(t, `test accuracy +│ 1\.0000 \(\d clips`, out)
	require.Contains(t, out, "1 clip left out for being damaged")

	again, err := call("-eval", dir)
	require.NoError(t, err)
	require.Contains(t, again, "1.0000")
	var stdout, stderr bytes.Buffer
	require.NoError(t, run(context.Background(), []string{"-eval", dir, "-split", "random:2/5"}, &stdout, &stderr))
	require.Contains(t, stderr.String(), "clips that it learned from may be tested here")
	stderr.Reset()
	require.NoError(t, run(context.Background(), []string{"-eval", dir}, &stdout, &stderr))
	require.NotContains(t, stderr.String(), "learned from")

	_, err = call("-spec", spec, "-data", "folder:"+root, "-cache", cache, "-max-bad", "0", "-epochs", "1", "-out", "none")
	require.ErrorContains(t, err, "1 of 17 clips are damaged, and 0 may be; the last one is "+filepath.Join(root, "left", "bad.avi"))
}

func TestVideoFlags(t *testing.T) {
	for line, want := range map[string]string{
		"-steps 0":         "want a number from 1 on, or all",
		"-cache-limit 2XB": "want a size such as 500MB or 2GB",
		"-size 160":        `train: -size: "160"; want WIDTHxHEIGHT, such as 160x120`,
		"-grey":            "-grey needs the size of the frames, such as -size 160x120",
		"-max-bad 2":       "-max-bad is 2; want a part from 0 to 1",
	} {
		_, err := call(append([]string{"-data", "folder:x"}, strings.Fields(line)...)...)
		require.ErrorContains(t, err, want)
		require.ErrorAs(t, err, new(cmdline.Usage))
	}
}

// pictures makes a folder of one folder of six frames a clip, so many of each class.
// Those of the classes called bad are not pictures.
func pictures(t *testing.T, root string, clips map[string]int) {
	for class, n := range clips {
		for k := range n {
			dir := filepath.Join(root, strings.TrimPrefix(class, "bad "), fmt.Sprint(class, k))
			require.NoError(t, os.MkdirAll(dir, 0o777))
			for step := range 6 {
				var frame bytes.Buffer
				if img := image.NewGray(image.Rect(0, 0, 8, 6)); strings.HasPrefix(class, "bad ") {
					frame.WriteString("no picture")
				} else {
					img.Pix[8*k%48+step] = 255
					require.NoError(t, png.Encode(&frame, img))
				}
				require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(step, ".png")), frame.Bytes(), 0o666))
			}
		}
	}
}

// pictureSpec is of a model that reads frames of 8x6.
const pictureSpec = `{"cell": "gru", "format": "tt", "in_modes": [12, 12], "out_modes": [4, 4], "ranks": [4]}`

// Clips and rows of -logits match, also behind damaged clips, which have NaN; and it is
// said which class has no test clip.
func TestVideoLogits(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	pictures(t, file("clips"), map[string]int{"a": 20, "b": 20, "bad a": 5, "bad b": 5, "once": 1})
	require.NoError(t, os.WriteFile(file("spec.json"), []byte(pictureSpec), 0o666))
	out, err := call("-spec", file("spec.json"), "-data", "folder:"+file("clips"), "-cache", file("cache"), "-max-bad", "0.5", "-epochs", "1", "-out", file("run"), "-logits", file("a.npy"))
	require.NoError(t, err)
	require.Contains(t, out, "no test clips of 1 of the 3 classes, which have too few for this split: once\n")

	set, err := video.Open(t.Context(), "folder:"+file("clips"), video.Options{Width: 8, Height: 6, Cache: file("cache"), MaxBad: 1})
	require.NoError(t, err)
	defer set.Close()
	n := set.Clips(datasets.Test)
	logits := readNPY(t, file("a.npy"), n, 3)
	m, err := zoo.Load(filepath.Join(file("run"), "best"))
	require.NoError(t, err)
	p, err := m.Predictor(1)
	require.NoError(t, err)
	defer p.Close()
	x := make([]float32, set.Steps()*144)
	damaged := 0
	for i := range n {
		row := logits[3*i : 3*i+3]
		if _, _, err := set.Read(datasets.Test, i, x); err != nil {
			require.ErrorAs(t, err, new(*datasets.SkipError))
			damaged++
			for _, v := range row {
				require.True(t, math.IsNaN(float64(v)))
			}
			continue
		}
		want, err := p.Clip(x, set.Steps(), nil)
		require.NoError(t, err)
		require.InDeltaSlice(t, want, row, 1e-4)
	}
	require.Positive(t, damaged)
	require.Less(t, damaged, n)
	_, err = call("-eval", file("run"), "-logits", file("b.npy"))
	require.NoError(t, err)
	a, err := os.ReadFile(file("a.npy"))
	require.NoError(t, err)
	b, err := os.ReadFile(file("b.npy"))
	require.NoError(t, err)
	require.Equal(t, a, b)
}

// A checkpoint is scored on the frames that it was trained on, or on those that
// -sample says.
func TestEvalSamplesAsTold(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	pictures(t, file("clips"), map[string]int{"a": 20, "b": 20})
	require.NoError(t, os.WriteFile(file("spec.json"), []byte(pictureSpec), 0o666))
	_, err := call("-spec", file("spec.json"), "-data", "folder:"+file("clips"), "-cache", file("cache"), "-steps", "3", "-epochs", "1", "-out", file("run"), "-logits", file("trained.npy"))
	require.NoError(t, err)
	set, err := video.Open(t.Context(), "folder:"+file("clips"), video.Options{Width: 8, Height: 6, Cache: file("cache"), Steps: 3, Sample: "even"})
	require.NoError(t, err)
	defer set.Close()
	m, err := zoo.Load(filepath.Join(file("run"), "best"))
	require.NoError(t, err)
	e, err := train.Evaluate(t.Context(), m, set, datasets.Test, 16)
	require.NoError(t, err)

	logits := map[string][]float32{}
	for _, sample := range []string{"", "random", "even"} {
		args := []string{"-eval", file("run"), "-logits", file("logits.npy")}
		if sample != "" {
			args = append(args, "-sample", sample)
		}
		var stderr bytes.Buffer
		require.NoError(t, run(t.Context(), args, io.Discard, &stderr))
		logits[sample] = readNPY(t, file("logits.npy"), set.Clips(datasets.Test), 2)
		const line = "frames are taken by -sample even, and the model was trained with -sample random\n"
		require.Equal(t, sample == "even", strings.Contains(stderr.String(), line))
	}
	require.Equal(t, readNPY(t, file("trained.npy"), set.Clips(datasets.Test), 2), logits[""])
	require.Equal(t, logits[""], logits["random"])
	require.InDeltaSlice(t, e.Logits, logits["even"], 1e-6)
	require.NotEqual(t, logits[""], logits["even"])
}

// Ctrl-C ends a run also before it has a set to train on.
func TestVideoInterruptedOpening(t *testing.T) {
	dir := t.TempDir()
	pictures(t, filepath.Join(dir, "clips"), map[string]int{"a": 5, "b": 5})
	spec := filepath.Join(dir, "spec.json")
	require.NoError(t, os.WriteFile(spec, []byte(pictureSpec), 0o666))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := run(ctx, []string{"-spec", spec, "-data", "folder:" + filepath.Join(dir, "clips"), "-cache", filepath.Join(dir, "cache"), "-steps", "all", "-out", filepath.Join(dir, "run")}, io.Discard, io.Discard)
	require.ErrorIs(t, err, context.Canceled)
	require.EqualError(t, err, "train: stopped while the data were read; videos that are decoded stay in the cache")
}

// Ctrl-C while the first clips are decoded is acknowledged and ends the run, whatever
// the decoder is at: this one never ends by itself.
func TestVideoInterruptedDecoding(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.Mkdir(file("bin"), 0o777))
	require.NoError(t, os.WriteFile(file("bin/ffmpeg"), []byte("#!/bin/sh\n: > "+file("decoding")+"\nexec sleep 1000\n"), 0o777))
	t.Setenv("PATH", file("bin")+":"+os.Getenv("PATH"))
	for _, class := range []string{"a", "b"} {
		require.NoError(t, os.MkdirAll(file("clips/"+class), 0o777))
		for k := range 5 {
			require.NoError(t, os.WriteFile(file(fmt.Sprintf("clips/%s/%d.avi", class, k)), []byte("x"), 0o666))
		}
	}
	require.NoError(t, os.WriteFile(file("spec.json"), []byte(pictureSpec), 0o666))
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for {
			if _, err := os.Stat(file("decoding")); err == nil {
				cancel()
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	var out, log bytes.Buffer
	err := run(ctx, []string{"-spec", file("spec.json"), "-data", "folder:" + file("clips"), "-cache", file("cache"), "-accumulate", "2", "-batch", "2", "-out", file("run")}, &out, &log)
	require.ErrorIs(t, err, context.Canceled)
	require.Regexp(t, `^train: stopped in epoch 1 after step 0; it is saved, go on with: .+ -resume \S+$`, err.Error())
	require.Equal(t, "stopping after this step; again to stop now\n", log.String())
}

// A disk that the cache fills is a line, and training goes on.
func TestVideoCacheFull(t *testing.T) {
	disk, dir := smallDisk(t, "64k"), t.TempDir()
	pictures(t, filepath.Join(dir, "clips"), map[string]int{"a": 20, "b": 20})
	spec := filepath.Join(dir, "spec.json")
	require.NoError(t, os.WriteFile(spec, []byte(pictureSpec), 0o666))
	var out, log bytes.Buffer
	err := run(context.Background(), []string{"-spec", spec, "-data", "folder:" + filepath.Join(dir, "clips"), "-cache", disk, "-epochs", "2", "-quiet", "-out", "none"}, &out, &log)
	require.NoError(t, err)
	require.Contains(t, out.String(), "test accuracy")
	require.Regexp(t, `^datasets: folder:\S+ \(random\): cache: .*no space left on device \(training goes on; clips that are not in the cache are decoded each time\)\n$`, log.String())
	left, err := filepath.Glob(filepath.Join(disk, "*.tmp"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// For a model that does not read 4:3 frames the error says what to give, and it trains with
// such a size.
func TestOtherSizes(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("sq.json", []byte(`{"cell": "gru", "in_modes": [12, 12, 3], "out_modes": [4]}`), 0o666))
	require.NoError(t, os.WriteFile("small.json", []byte(`{"cell": "gru", "in_modes": [6], "out_modes": [4]}`), 0o666))
	pictures(t, "clips", map[string]int{"a": 10, "b": 10})
	pictures(t, "single", map[string]int{"a": 10})
	for args, want := range map[string]string{
		"-spec sq.json -data folder:clips": "sq.json: the model reads 432 values a step, and frames of 4:3 in colour have 4j x 3j x 3, such as 160x120x3 = 57600 or 64x48x3 = 9216; " +
			`give the size of frames that have as many (-size, or -grey -size), or take another model, whose "in_modes" multiply to the values of a frame`,
		"-spec small.json": "small.json: -data is actions by default, give -data for other data; of actions: the model reads 6 values a step, and frames",
		"-spec sq.json -size 12x12 -data folder:single": "train: folder:single (random) has one class, a; a classifier needs two",
	} {
		_, err := call(append(strings.Fields(args), "-out", "none")...)
		require.ErrorContains(t, err, want, args)
		require.ErrorAs(t, err, new(cmdline.Usage))
	}
	for _, size := range []string{"-size 12x12", "-grey -size 24x18"} {
		_, err := call(strings.Fields("-spec sq.json -data folder:clips -cache cache -epochs 1 -quiet -out none " + size)...)
		require.NoError(t, err, size)
	}
}

// The errors for mistakes with -data.
func TestDataSlips(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.MkdirAll(filepath.Join("clips", "a"), 0o777))
	for args, want := range map[string]string{
		"-data clips":                       `no set is called "clips" (known: `,
		"-data foldr:clips":                 `did you mean "folder"`,
		"-data actions -grey":               "-grey says nothing about -data actions",
		"-data npz:x.npz -steps 3":          "-steps says nothing about -data npz:x.npz",
		"-data folder:clips -cache-limit 2": "-cache-limit is 2 bytes; want at least 1MB",
		"-data features:clips -cache clips": "-cache says nothing about",
	} {
		_, err := call(append(strings.Fields(args), "-out", "none")...)
		require.ErrorContains(t, err, want, args)
		require.ErrorAs(t, err, new(cmdline.Usage))
	}
}

// Too many damaged clips are the user's to mend.
func TestTooManyDamaged(t *testing.T) {
	f := newFlags()
	f.video.MaxBad = 0.02
	var many *datasets.DamagedError
	root := t.TempDir()
	for _, path := range []string{"a/1.npy", "a/2.npy", "b/1.npy", "b/2.npy"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(path)), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(root, path), nil, 0o666))
	}
	_, err := datasets.Open("features:"+root, datasets.Options{Split: "random:1/2"})
	require.ErrorAs(t, err, &many)
	err = f.damaged(err)
	require.ErrorAs(t, err, new(cmdline.Usage))
	require.ErrorContains(t, err, "remove what is damaged, or allow for more than -max-bad 0.02")
	other := errors.New("other")
	require.Equal(t, other, f.damaged(other))
}
