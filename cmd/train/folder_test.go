package main

import (
	"encoding/csv"
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/gofrs/flock"
	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
)

// small writes a model that trains in a moment, and returns its file.
func small(t *testing.T) string {
	spec := filepath.Join(t.TempDir(), "small.json")
	require.NoError(t, os.WriteFile(spec, []byte(smallSpec), 0o600))
	return spec
}

// tiny writes a model and data that train in less, and returns the flags for them: for
// tests of what is around the training.
func tiny(t *testing.T) []string {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	writeSequences(t, file("train.npz"), 60, 1)
	writeSequences(t, file("test.npz"), 30, 2)
	require.NoError(t, os.WriteFile(file("tiny.json"), []byte(sequenceSpec), 0o600))
	return []string{"-spec", file("tiny.json"), "-data", "npz:" + file("train.npz") + "," + file("test.npz")}
}

// A run leaves in its folder what the documentation says.
func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	out, err := call("-spec", small(t), "-split", "few-subjects", "-epochs", "2", "-lr", "0.005", "-validation", "0.1", "-tensorboard", "-out", dir)
	require.NoError(t, err)
	require.Contains(t, out, "-eval "+dir)
	require.Regexp(t, "; backend "+regexp.QuoteMeta(backend.Name)+", \\d+ threads?\n", out)
	for _, name := range []string{"curves.png", "confusion.png", "gates.png"} {
		file, err := os.Open(filepath.Join(dir, name))
		require.NoError(t, err)
		picture, err := png.Decode(file)
		require.NoError(t, err)
		require.NoError(t, file.Close())
		require.Greater(t, picture.Bounds().Dx(), 300)
	}
	file, err := os.Open(filepath.Join(dir, "metrics.csv"))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"epoch", "step", "learning_rate", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy"}, rows[0])
	require.Len(t, rows, 3)
	require.Equal(t, []string{"2", "24", "0.005"}, rows[2][:3])
	events, err := filepath.Glob(filepath.Join(dir, "tensorboard", "events.out.tfevents.*"))
	require.NoError(t, err)
	require.Len(t, events, 1)
	command, err := os.ReadFile(filepath.Join(dir, "evaluate.txt"))
	require.NoError(t, err)
	require.Regexp(t, "^cd .+ && .+ -eval "+dir+"\n$", string(command))

	// What evaluates the run has the score that the run reported.
	var e scores
	text, err := call("-eval", dir, "-json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(text), &e))
	s := result(t, dir)
	require.Equal(t, s.Test, e.Test)
	require.Equal(t, "small", e.Model)
	require.Len(t, e.Classes, 8)
	sum := 0
	for k, row := range e.Confusion {
		require.Equal(t, 96, e.Classes[k].Clips)
		for _, n := range row {
			sum += n
		}
	}
	require.Equal(t, 768, sum)
	text, err = call("-eval", filepath.Join(dir, "best"))
	require.NoError(t, err)
	require.Contains(t, text, "precision")
	require.Contains(t, text, `true \ predicted`)

	// Nobody trains over a run.
	_, err = call("-spec", small(t), "-out", dir)
	require.ErrorContains(t, err, "there is a run in "+dir+"; go on with it by -resume "+dir)
}

// The file a run writes makes the same run again, and the command line comes
// before it.
func TestConfiguration(t *testing.T) {
	top := t.TempDir()
	first, second, third := filepath.Join(top, "1"), filepath.Join(top, "2"), filepath.Join(top, "3")
	_, err := call(append(tiny(t), "-epochs", "1", "-lr", "0.005", "-optimizer", "adamw", "-schedule", "warmup:1,cosine",
		"-weight-decay", "0.01", "-label-smoothing", "0.1", "-dropout", "0.1", "-seed", "5", "-save-every", "1m", "-quiet", "-out", first)...)
	require.NoError(t, err)
	_, err = call("-config", filepath.Join(first, "config.json"), "-out", second)
	require.NoError(t, err)
	a, b := result(t, first), result(t, second)
	require.Equal(t, a, b)
	written := func(dir string) (m map[string]any) {
		data, err := os.ReadFile(filepath.Join(dir, "config.json"))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &m))
		return m
	}
	one, two := written(first), written(second)
	require.Equal(t, "1m0s", one["save-every"])
	require.Equal(t, 5.0, one["seed"])
	require.EqualValues(t, runtime.GOMAXPROCS(0), one["threads"], "the number itself, for a machine that has others")
	require.Equal(t, 0.1, one["dropout"])
	delete(one, "out")
	delete(two, "out")
	require.Equal(t, one, two)
	_, err = call("-config", filepath.Join(first, "config.json"), "-out", third, "-seed", "6", "-model", "rnn-x")
	require.ErrorContains(t, err, `no model is called "rnn-x"`, "the command line's model, and not the file's spec")
	_, err = call("-config", filepath.Join(first, "config.json"), "-out", third, "-seed", "6")
	require.NoError(t, err)
	require.NotEqual(t, a.Epochs, result(t, third).Epochs)
}

func TestConfigurationMistakes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.json")
	for content, text := range map[string]string{
		`{"epoch": 3}`:             `c.json: there is no flag "epoch"; did you mean "epochs"?`,
		`{"config": "x"}`:          `there is no flag "config"`,
		`{"epochs": "three"}`:      `c.json: "epochs" is three; want a whole number`,
		`{"epochs": [3]}`:          `"epochs" is no text, number, true or false`,
		`{"epochs": 0}`:            "-epochs is 0; want at least 1",
		`["epochs"]`:               "want a JSON object of flags",
		`{"epochs": 3`:             "not valid JSON (line 1, column 13)",
		"{\n \"epochs\": ,\n}":     "c.json: not valid JSON (line 2, column 12)",
		"{\n \"epochs\": 3\n 4}":   "not valid JSON (line 3, column 2)",
		`{"epochs": 3} {}`:         "not valid JSON (line 1, column 15): invalid character '{' after top-level value",
		``:                         "not valid JSON (line 1, column 1)",
		`{"optimizer": "adom"}`:    `no optimizer is called "adom"; did you mean "adam"?`,
		`{"schedule": "cosine:x"}`: `"x" is not a number`,
	} {
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		_, err := call("-config", file, "-out", "none")
		require.ErrorContains(t, err, text, content)
		var u cmdline.Usage
		require.True(t, errors.As(err, &u), content)
		require.NotContains(t, err.Error(), "\n", content)
	}
}

// "resume" and "eval" may stand in a file as well, and what the run was begun
// with comes after them. A resume that is refused changes nothing in the folder.
func TestResumeFromConfiguration(t *testing.T) {
	top := t.TempDir()
	dir, file := filepath.Join(top, "run"), filepath.Join(top, "c.json")
	write := func(v map[string]any) {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, text, 0o600))
	}
	_, err := call(append(tiny(t), "-epochs", "1", "-seed", "7", "-out", dir)...)
	require.NoError(t, err)
	before, err := os.ReadFile(filepath.Join(dir, "config.json"))
	require.NoError(t, err)
	write(map[string]any{"resume": dir, "seed": 8})
	_, err = call("-config", file)
	require.ErrorContains(t, err, "-seed is 8, but the run in "+dir+" was started with 7")
	after, err := os.ReadFile(filepath.Join(dir, "config.json"))
	require.NoError(t, err)
	require.Equal(t, before, after)
	write(map[string]any{"resume": dir, "epochs": 2})
	_, err = call("-config", file)
	require.NoError(t, err)
	require.Len(t, result(t, dir).Epochs, 2)
	write(map[string]any{"eval": true, "out": dir})
	out, err := call("-config", file)
	require.NoError(t, err)
	require.Contains(t, out, "precision")
}

// One process per folder.
func TestFolderIsLocked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	_, err := call(append(tiny(t), "-epochs", "1", "-out", dir)...)
	require.NoError(t, err)
	other := flock.New(filepath.Join(dir, ".lock"))
	locked, err := other.TryLock()
	require.NoError(t, err)
	require.True(t, locked)
	_, err = call("-resume", dir, "-epochs", "2")
	require.ErrorContains(t, err, "another process trains in "+dir)
	require.NoError(t, other.Close())
	_, err = call("-resume", dir, "-epochs", "2")
	require.NoError(t, err)
}

// A folder is resumed as it was begun.
func TestResumeMistakes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	_, err := call(append(tiny(t), "-epochs", "1", "-out", dir)...)
	require.NoError(t, err)
	for line, text := range map[string]string{
		"-resume " + dir + " -lr 0.1":             "-lr is 0.1, but the run in " + dir + " was started with 0.002",
		"-resume " + dir + " -model ht-lstm":      "-model",
		"-resume " + dir + " -out elsewhere":      "goes on in that folder",
		"-resume " + dir + " -dropout 0.5":        "was started without -dropout; leave it out",
		"-resume " + dir + " -threads 77":         "-threads is 77, but the run",
		"-eval " + dir + " -normalise none":       "-eval takes the model, its normalisation and its frames from the checkpoint",
		"-eval " + dir + " -logits nodir/x.npy":   "-logits nodir/x.npy: there is no folder nodir",
		"-resume " + dir + "x":                    "there is no run in " + dir + "x: it has no config.json",
		"-resume " + dir + " -eval " + dir:        "-resume trains and -eval does not",
		"-resume":                                 "-resume of which run?",
		"-eval":                                   "-eval of which run?",
		"-eval " + dir + "x":                      "there is no run or checkpoint in ",
		"-eval " + dir + " -model ht-lstm":        "-eval takes the model, its normalisation and its frames from the checkpoint",
		"-eval " + dir + " -data npz:nothing.npz": "nothing.npz: no such file",
		"-eval " + dir + " -split half":           `no split "half"`,
	} {
		_, err := call(strings.Fields(line)...)
		require.ErrorContains(t, err, text, line)
		var u cmdline.Usage
		require.True(t, errors.As(err, &u), line)
	}
	// Another model in the file that the run was started with.
	other := filepath.Join(filepath.Dir(dir), "other")
	args := tiny(t)
	spec := args[1]
	_, err = call(append(args, "-epochs", "2", "-out", other)...)
	require.NoError(t, err)
	_, err = call("-resume", other, "-epochs", "1")
	require.ErrorContains(t, err, "the run has 2 epochs already; resume for at least as many")
	require.NoError(t, os.WriteFile(spec, []byte(strings.Replace(sequenceSpec, "[3]}", "[2]}", 1)), 0o600))
	_, err = call("-resume", other, "-epochs", "3")
	require.ErrorContains(t, err, "tiny.json has changed since the run in "+other+" was started with it")
	require.NoError(t, os.Remove(spec))
	_, err = call("-resume", other, "-epochs", "3")
	require.NoError(t, err)

	// Giving a flag again, or more epochs, is not a mistake.
	_, err = call("-out", dir, "-resume", "-lr", "2e-3", "-epochs", "2")
	require.NoError(t, err)
	require.Len(t, result(t, dir).Epochs, 2)
	require.NoError(t, os.Truncate(filepath.Join(dir, "last", "model.safetensors"), 100))
	_, err = call("-resume", dir, "-epochs", "3")
	require.ErrorContains(t, err, "model.safetensors is not the file that was written")
	require.NoError(t, os.Truncate(filepath.Join(dir, "best", "checkpoint.json"), 100))
	_, err = call("-eval", dir)
	require.ErrorContains(t, err, "checkpoint.json is not the file that was written")
}

// Without -out each run has a folder of its own.
func TestRunsAreNumbered(t *testing.T) {
	args := tiny(t)
	t.Chdir(t.TempDir())
	for range 2 {
		_, err := call(append(args, "-epochs", "1", "-quiet")...)
		require.NoError(t, err)
	}
	require.Equal(t, result(t, "runs/tiny").Test, result(t, "runs/tiny-2").Test)
}

// What no run can have is refused before there is a folder, in one line, with the flag that
// is wrong.
func TestRefusedWithoutAFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	data := tiny(t)
	out, err := call(append(data, "-freeze", "layer1.inptu.*", "-out", dir)...)
	require.ErrorContains(t, err, `no parameter matches "layer1.inptu.*" to freeze`)
	require.True(t, cmdline.IsUsage(err))
	require.Empty(t, out)
	require.NoDirExists(t, dir)
	_, err = call(append(data, "-batch", "2147483648", "-out", "none")...)
	require.ErrorContains(t, err, "-batch is 2147483648; want fewer than 2^31")

	_, err = call(append(data, "-epochs", "1", "-out", dir)...)
	require.NoError(t, err)
	_, err = call("-eval", dir, "-batch", "0")
	require.ErrorContains(t, err, "a batch of 0 clips; want at least 1")
	require.True(t, cmdline.IsUsage(err))
	_, err = call("-eval", dir, "-split", "nope")
	require.ErrorContains(t, err, `has no split "nope"`)
	require.NotContains(t, err.Error(), "go there")
}
