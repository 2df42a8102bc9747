package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/sets"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// parsed reads a command line up to the printed preset.
func parsed(t *testing.T, args ...string) (*flags, string) {
	f, helped, err := parse(args, &bytes.Buffer{})
	require.NoError(t, err, args)
	require.False(t, helped)
	require.NotEmpty(t, f.preset, args)
	return f, f.preset
}

// ownData is what an entry of the zoo was trained on, as -data has it.
func ownData(e zoo.Entry) string {
	switch {
	case strings.HasPrefix(e.Name, "cnn-"):
		return "features:x"
	case strings.HasSuffix(e.Name, "-youtube"):
		return "youtube:x"
	}
	return "ucf11:x"
}

// Every entry of the zoo has a protocol on its own set, of which every flag has a
// value that the program takes, and is refused in a line on all others.
func TestProtocolOfEveryEntry(t *testing.T) {
	entries, err := zoo.List("*")
	require.NoError(t, err)
	// What is written down in the papers' code: rate, schedule, epochs, dropout of
	// the input and of the state, penalty, weight decay, steps.
	const (
		tt        = "0.0001 constant 1001 0.25 0.25 0.01 0 6"
		ttYouTube = "0.001 constant 101 0.25 0.25 0.01 0 85"
		bt        = "0.0001 inverse:0.000167 500 0.25 0.25 0.01 0 6"
		tr        = "0.0002 step:100:0.2 300 0.25 0 0 0.000167 "
	)
	var own []string
	for _, e := range entries {
		data := ownData(e)
		f, block := parsed(t, "-protocol", "paper", "-model", e.Name, "-data", data)
		want := bt
		switch {
		case data == "features:x":
			want = tr
		case data == "youtube:x":
			want = ttYouTube
		case e.Spec.Format.Name() == "tt" || e.Spec.Format.Name() == "dense":
			want = tt
		}
		require.Equal(t, want, fmt.Sprintf("%v %v %v %v %v %v %v %v", f.LearningRate, f.schedule, f.Epochs, f.dropout, f.stateDropout, f.ClassifierL2, f.WeightDecay, (*sets.Steps)(&f.video.Steps)), e.Name)
		require.Equal(t, 16, f.Batch)
		require.Equal(t, "adam", f.optimizer)
		require.Zero(t, f.MaxGradNorm)
		require.Regexp(t, "^random", f.split)
		if data == "features:x" {
			require.Equal(t, "none", f.normalise)
		} else {
			require.Equal(t, "minus128 160x120 random", fmt.Sprint(f.normalise, " ", f.size, " ", f.video.Sample))
		}
		require.NotContains(t, block, "overridden")
		if !strings.Contains(block, "we know of no public code that trains "+e.Name+" on "+e.Data+"; this is the closest") {
			require.Contains(t, block, e.Name+" is trained as in the ")
			own = append(own, e.Name)
		}

		for _, other := range []string{"npz:a.npz,b.npz", "mnist:x", "hmdb51:x", "ucf11:x", "youtube:x", "features:x"} {
			if other == data {
				continue
			}
			_, _, err := parse([]string{"-protocol", "paper", "-model", e.Name, "-data", other}, &bytes.Buffer{})
			require.ErrorContains(t, err, "-protocol paper: ", "%s on %s", e.Name, other)
			require.ErrorAs(t, err, new(cmdline.Usage))
			require.NotContains(t, err.Error(), "\n")
		}
	}
	require.Equal(t, strings.Fields("tt-lstm bt-lstm tt-lstm-ucf11 bt-lstm-ucf11 tt-lstm-youtube tt-gru-youtube cnn-tr-lstm cnn-tr-lstm-ucf11"), own)
}

// What the user says holds, and the block says so; what is the same anyway is not
// called overridden.
func TestProtocolOverridden(t *testing.T) {
	config := filepath.Join(t.TempDir(), "mine.json")
	require.NoError(t, os.WriteFile(config, []byte(`{"protocol": "paper", "model": "bt-lstm", "batch": 8, "epochs": 500, "lr": 1}`), 0o600))
	f, block := parsed(t, "-config", config, "-data", "ucf11:x", "-lr", "3e-4", "-classifier-l2", "1e-2", "-split", "group:2/5", "-steps", "all")
	require.Equal(t, 8, f.Batch)
	require.Equal(t, 500, f.Epochs)
	require.Equal(t, 3e-4, f.LearningRate)
	require.Equal(t, "group:2/5", f.split)
	require.Equal(t, "inverse:0.000167", f.schedule)
	require.Regexp(t, `-batch +│ 8 +│ overridden by you; 16 by BT's code\n`, block)
	require.Regexp(t, `-lr +│ 0.0003 +│ overridden by you; 0.0001 by BT's code\n`, block)
	require.Regexp(t, `-split +│ group:2/5 +│ overridden by you; random by BT's code\n`, block)
	require.Regexp(t, `-steps +│ all +│ overridden by you; 6 by BT's code\n`, block)
	require.Regexp(t, `-classifier-l2 +│ 0.01 +│ BT's code\n`, block)
	require.Equal(t, 4, strings.Count(block, "overridden"))
	require.NotContains(t, block, "both sides", "the split is by group")

	_, block = parsed(t, "-protocol", "paper", "-model", "tt-lstm", "-clip", "5", "-data", "folder:x")
	require.Regexp(t, `-clip +│ 5 +│ overridden by you; 0 by our choice\n`, block)
	require.Contains(t, block, "the protocol is that for UCF11, whatever is in the folder")
	require.Contains(t, block, "both sides of a split by clip, which flatters every model\n")
}

func TestProtocolMistakes(t *testing.T) {
	spec := small(t)
	for line, text := range map[string]string{
		"-protocol papers":                                    `no protocol is called "papers"; did you mean "paper"? (known: paper)`,
		"-protocol paper -spec " + spec:                       "-protocol paper is for the models of the zoo; no paper trained " + spec,
		"-protocol paper -list":                               "-protocol says how to train; leave it out with -list",
		"-protocol paper -eval x":                             "-protocol says how to train",
		"-protocol paper -model tt-lst":                       `no model is called "tt-lst"; did you mean "tt-lstm"?`,
		"-protocol paper -model tt-lstm -data youtube:x":      "tt-lstm has its shape for UCF11, but youtube:x is YouTube Celebrities Faces; -list -model '*-youtube' has the models for that",
		"-protocol paper -model tt-gru-youtube -data ucf11:x": "tt-gru-youtube has its shape for YouTube Celebrities Faces, but ucf11:x is UCF11; -list -model '*-ucf11' has the models for that",
		"-protocol paper -model lstm -data hmdb51:x":          "the papers train no model on frames of HMDB51, but on CNN features of them: -model cnn-tr-lstm-hmdb51 -data features:DIR",
		"-protocol paper -model cnn-lstm":                     "the papers train cnn-lstm on CNN features of UCF11; give -data features:DIR, not actions",
		"-protocol paper -model lstm -data npz:a.npz,b.npz":   "the papers' code does not train on data such as npz:a.npz,b.npz; want ucf11:DIR, youtube:DIR or folder:DIR for lstm, or actions to try it",
		"-protocol paper -model lstm -data features:x":        "does not train on data such as features:x",
		"-classifier-l2 -1":                                   "-classifier-l2 is -1; want a number from 1e-30 to 1e30, or 0 for none",
		"-recurrent-dropout 1":                                "-recurrent-dropout is 1; want at least 0 and below 1",
	} {
		_, err := call(strings.Fields(line)...)
		require.ErrorContains(t, err, text, line)
		require.ErrorAs(t, err, new(cmdline.Usage), line)
		require.NotContains(t, err.Error(), "\n", line)
	}
}

func TestProtocolIsPrinted(t *testing.T) {
	help, err := call("-h")
	require.NoError(t, err)
	for _, name := range []string{"-protocol", "-classifier-l2", "-recurrent-dropout"} {
		require.Regexp(t, "(?m)^  "+name+"( \\w+)?$", help)
	}
	require.Contains(t, help, "-protocol paper -model tt-lstm -data ucf11:DIR")

	out, err := call("-describe", "-protocol", "paper", "-model", "cnn-lstm-hmdb51")
	require.NoError(t, err)
	require.Contains(t, out, "we know of no public code that trains cnn-lstm-hmdb51 on HMDB51; this is the closest, the TR authors' public benchmark code for CNN features of UCF11\n")
	require.Regexp(t, `-split +│ random +│ TR's code: 80/20 by clip\n`, out)

	out, err = call("-list", "-model", "tt-lstm")
	require.NoError(t, err)
	require.Contains(t, out, "-protocol paper")
	out, err = call("-list", "-json", "-model", "tt-lstm")
	require.NoError(t, err)
	require.NotContains(t, out, "-protocol paper")
}

// On the embedded clips what is of videos alone is left as it is.
func TestProtocolOnEmbeddedClips(t *testing.T) {
	f, block := parsed(t, "-protocol", "paper", "-model", "ht-lstm")
	require.Contains(t, block, "\nactions is no set of the papers")
	require.Equal(t, 1e-4, f.LearningRate)
	for _, name := range ofVideos {
		require.NotContains(t, block, "-"+name+" ")
		require.False(t, f.given(name))
	}
}

// films writes clips of two classes, which the test skips without ffmpeg.
func films(t *testing.T) string {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("no ffmpeg; apt-get install ffmpeg")
	}
	root := filepath.Join(t.TempDir(), "clips")
	for _, class := range []string{"white", "black"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, class), 0o777))
		for k := range 5 {
			out, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color="+class+":s=64x48:r=25", "-frames:v", "8", filepath.Join(root, class, fmt.Sprintf("%d.mp4", k))).CombinedOutput()
			require.NoError(t, err, string(out))
		}
	}
	return root
}

// A run of -protocol keeps what it was trained with: it goes on and is evaluated
// without the flag, and with it to the same bits.
func TestProtocolResumes(t *testing.T) {
	args := []string{"-model", "ht-lstm", "-data", "folder:" + films(t), "-cache", t.TempDir(), "-batch", "3"}
	through, dir := filepath.Join(t.TempDir(), "through"), filepath.Join(t.TempDir(), "run")
	out, err := call(append(args, "-protocol", "paper", "-epochs", "2", "-out", through)...)
	require.NoError(t, err)
	require.Regexp(t, `(?s)^protocol paper: .*-epochs +│ 2 +│ overridden by you; 500 by BT's code.*whatever is in the folder.*training ht-lstm`, out)
	require.Contains(t, out, "(random): 8 training and 2 test clips of 6 steps of 120x160x3")
	_, err = call(append(args, "-protocol", "paper", "-epochs", "1", "-out", dir)...)
	require.NoError(t, err)

	var config map[string]any
	read := func() {
		text, err := os.ReadFile(filepath.Join(dir, configFile))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &config))
	}
	read()
	for name, want := range map[string]any{
		"protocol": "paper", "lr": 1e-4, "schedule": "inverse:0.000167", "classifier-l2": 0.01, "dropout": 0.25, "recurrent-dropout": 0.25,
		"clip": 0.0, "normalise": "minus128", "epochs": 1.0, "split": "random", "size": "160x120", "steps": "6", "batch": 3.0,
	} {
		require.Equal(t, want, config[name], name)
	}
	_, err = call("-resume", dir, "-epochs", "2", "-lr", "1e-3")
	require.ErrorContains(t, err, "-lr is 0.001, but the run in "+dir+" was started with 0.0001")
	out, err = call("-resume", dir, "-epochs", "2", "-protocol", "paper")
	require.NoError(t, err)
	require.NotContains(t, out, "protocol paper:")
	read()
	require.Equal(t, "paper", config["protocol"])
	for _, name := range []string{"last/model.safetensors", "best/model.safetensors", "metrics.csv"} {
		want, err := os.ReadFile(filepath.Join(through, name))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), name)
	}
	model, err := zoo.Load(filepath.Join(dir, "last"))
	require.NoError(t, err)
	require.Equal(t, []float64{128}, model.Input.Mean)
	require.Equal(t, []float64{1}, model.Input.Std)
	require.Equal(t, 0.25, model.Spec().RecurrentDropout)
	out, err = call("-eval", dir)
	require.NoError(t, err)
	require.Contains(t, out, "(2 clips")
	_, err = call("-eval", dir, "-protocol", "paper")
	require.ErrorContains(t, err, "-protocol says how to train; leave it out")
	_, err = call("-eval", filepath.Join(dir, "best"), "-config", filepath.Join(through, configFile))
	require.NoError(t, err, "a file for training may say so")

	plain := filepath.Join(t.TempDir(), "plain")
	_, err = call(append(tiny(t), "-epochs", "1", "-out", plain)...)
	require.NoError(t, err)
	_, err = call("-resume", plain, "-protocol", "paper")
	require.ErrorContains(t, err, "was started without -protocol; leave it out")
}

// -recurrent-dropout alone is that of the state, and leaves -dropout the input.
func TestRecurrentDropout(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	_, err := call(append(tiny(t), "-epochs", "1", "-dropout", "0.25", "-recurrent-dropout", "0", "-out", dir)...)
	require.NoError(t, err)
	model, err := zoo.Load(filepath.Join(dir, "last"))
	require.NoError(t, err)
	require.Equal(t, 0.25, model.Spec().Dropout)
	require.Zero(t, model.Spec().RecurrentDropout)
	_, err = call("-resume", dir, "-dropout", "0.25", "-recurrent-dropout", "0.25")
	require.ErrorContains(t, err, "-recurrent-dropout is 0.25, but the run in "+dir+" was started with 0")
	_, err = call("-resume", dir, "-epochs", "2")
	require.NoError(t, err)

	one := filepath.Join(t.TempDir(), "run")
	require.NoError(t, os.MkdirAll(one, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(one, configFile), []byte(`{"dropout": 0.25}`), 0o600))
	_, err = call("-resume", one, "-recurrent-dropout", "0")
	require.ErrorContains(t, err, "was started without -recurrent-dropout; leave it out", "it was that of -dropout")
}
