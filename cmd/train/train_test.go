package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/sets"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

func call(args ...string) (string, error) {
	var out, log bytes.Buffer
	err := run(context.Background(), args, &out, &log)
	return out.String(), err
}

func TestHelpNamesEveryFlag(t *testing.T) {
	out, err := call("-h")
	require.NoError(t, err)
	for _, name := range strings.Fields("-model -spec -data -split -normalise -validation -epochs -batch -accumulate -lr -schedule -optimizer -weight-decay -clip -dropout -augment " +
		"-label-smoothing -patience -freeze -seed -out -save-every -resume -eval -logits -config -threads -quiet -tensorboard -list -long -describe -svg -json -suggest -features -hidden -budget -cell -format -sequence") {
		require.Regexp(t, "(?m)^  "+name+"( \\w+)?$", out)
	}
}

// Every mistake is one line, a cmdline.Usage.
func TestMistakes(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.json")
	require.NoError(t, os.WriteFile(broken, []byte(`{"cell": "lstm", "in_modes": [2304], "out_modes": [4], "clases": 8}`), 0o600))
	classes := filepath.Join(t.TempDir(), "classes.json")
	require.NoError(t, os.WriteFile(classes, []byte(`{"cell": "lstm", "in_modes": [2304], "out_modes": [4], "classes": 9}`), 0o600))
	for line, text := range map[string]string{
		"-modle x":                        `flag provided but not defined: -modle; did you mean "model"?`,
		"-epochs x":                       "train: -epochs is x; want a whole number",
		"-epochs":                         "train: -epochs has no value; want a whole number",
		"-seed -1":                        "train: -seed is -1; want a whole number from 0 on",
		"-save-every 3":                   "train: -save-every is 3; want a time with its unit, such as 30s, 10m or 2h",
		"-save-every -1s":                 "train: -save-every is -1s; want a positive time",
		"-quiet=maybe":                    "train: -quiet is maybe; want true or false",
		"-steps 0":                        "train: -steps is 0; want a number from 1 on, or all",
		"-cache-limit 1XB":                "train: -cache-limit is 1XB; want a size such as 500MB or 2GB",
		"-lr 1e-50":                       "train: -lr is 1e-50; want a number from 1e-30 to 1e30",
		"-accumulate 999999999":           "train: -accumulate is 999999999; want at least 1, and fewer clips a step than 2^31",
		"-optimizer adam:2":               `train: -optimizer: optimizer "adam:2": β1 is 2; want a number above 0`,
		"-augment x:1":                    `train: -augment: no augmentation is called "x"`,
		"-size 3x -data folder:.":         `train: -size: "3x"; want WIDTHxHEIGHT`,
		"-protocol x":                     `train: -protocol: no protocol is called "x"`,
		"-data folder:. -out x":           "train: -out x is in the folder of -data folder:., where the next run would take it for clips",
		"-data features:.":                "train: -out runs/MODEL is in the folder of -data features:.",
		"-sequence x":                     `train: -sequence: actions has no sequences "x"`,
		"-freeze nosuch -out none -quiet": `train: -freeze: no parameter matches "nosuch"`,
		"-suggest -features 0":            "train: -suggest: 0 features; want 1 to",
		"-suggest -features 9 -format x":  `train: -suggest: no format "x"`,
		"-epochs 0":                       "-epochs is 0; want at least 1",
		"-batch -3":                       "-batch is -3; want at least 1",
		"-lr NaN":                         "-lr is NaN; want a number from 1e-30 to 1e30",
		"-dropout 1":                      "-dropout is 1; want at least 0 and below 1",
		"-clip -1":                        "-clip is -1; want a number from 1e-30 to 1e30, or 0 for none",
		"-weight-decay NaN":               "-weight-decay is NaN; want a number from 1e-30 to 1e30, or 0 for none",
		"-patience -1":                    "-patience is -1; want at least 1, or 0 for none",
		"-validation 0.9999":              "train: -validation: actions (heldout-subjects): holding out 0.9999 of 768",
		"-validation 1":                   "-validation is 1; want at least 0 and below 1",
		"-accumulate 0":                   "-accumulate is 0; want at least 1",
		"-threads -2":                     "-threads is -2; want at least 1 and at most 1024, or 0 for all cores",
		"-threads 1000000000":             "-threads is 1000000000; want at least 1 and at most 1024",
		"-label-smoothing 1":              "-label-smoothing is 1; want at least 0 and at most 0.999999",
		"-save-every x":                   "train: -save-every is x; want a time",
		"-optimizer adamm":                `train: -optimizer: no optimizer is called "adamm"; did you mean "adam"?`,
		"-schedule cos":                   `train: -schedule: no schedule is called "cos"; did you mean "cosine"?`,
		"-normalise no":                   `train: -normalise: no normalisation is called "no"`,
		"-out=":                           "-out is empty; give a folder, or none",
		"-tensorboard -out none":          "-tensorboard writes to the folder of -out, which is none",
		"ht-lstm":                         `there is no argument "ht-lstm"`,
		"-model ht-lst":                   `train: -model: no model is called "ht-lst"; did you mean "ht-lstm"?`,
		"-model cnn-lstm":                 "cnn-lstm: -data is actions by default, give -data for other data; of actions: the model reads 2048 values a step",
		"-data actons":                    `train: -data: no set is called "actons"; did you mean "actions"?`,
		"-split few":                      `train: -split: actions has no split "few"; did you mean "few-subjects"?`,
		"-spec nowhere.json":              "-spec nowhere.json: no such file or directory",
		"-spec " + broken:                 `broken.json: zoo: spec (line 1, column 56) has no field "clases"; did you mean "classes"?`,
		"-spec " + classes:                "says 9 classes, actions (heldout-subjects) has 8",
		"-spec x -model lstm":             "give -model lstm or -spec x, not both",
		"-list -describe":                 "-list prints models and -describe one of them; give -list -long for more about each, or -describe -model NAME",
		"-freeze [":                       "train: -freeze is [; want patterns of names, such as layer1.input.*",
		"-epochs 10000000000000":          "train: -epochs is 10000000000000; want at least 1 and at most 1000000",
		"-label-smoothing 1e-60":          "train: -label-smoothing is 1e-60; want at least 0",
		"-schedule step:1e-300:0.5":       `train: -schedule: schedule "step:1e-300:0.5": EPOCHS is 1e-300; want at least 0.001 epochs`,
		"-list -eval x":                   "-list prints the zoo and stops; leave -spec, -resume and -eval out",
		"-long":                           "-long is for -list; give that too",
		"-list -model zzz":                `no model matches "zzz"`,
		"-svg x.svg":                      "-svg draws the model that -describe prints; give -describe -svg x.svg",
		"-list -svg x.svg":                "-svg draws the model that -describe prints",
		"-describe -svg=":                 "-svg has no file; want one such as network.svg",
		"-describe -svg x.png":            `x.png: ending is ".png", want .svg`,
		"-describe -svg no/x.svg":         "-svg no/x.svg: there is no folder no",
		"-describe -svg .":                "-svg . is a folder",
		"-describe -svg":                  "train: -svg has no value; want",
		"-list -model [":                  "syntax error in pattern",
	} {
		_, err := call(strings.Fields(line)...)
		require.ErrorContains(t, err, text, line)
		var u cmdline.Usage
		require.True(t, errors.As(err, &u), line)
		require.NotContains(t, err.Error(), "\n", line)
	}
}

func TestListAndDescribe(t *testing.T) {
	out, err := call("-list")
	require.NoError(t, err)
	require.Equal(t, 83+4, strings.Count(out, "\n"))
	require.Contains(t, out, "58,982,400")
	for line := range strings.Lines(out) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 80, line)
	}
	out, err = call("-list", "-long", "-model", "ht-lstm")
	require.NoError(t, err)
	require.Regexp(t, `ht-lstm +│ 8·10·10·9·8 +│ 4·4·2·4·2 +│ .*│ +1,245 │ +1,245 │ +264,413 │ +267,240 │`, out)
	require.NotContains(t, out, "-long")

	out, err = call("-describe", "-model", "bt-lstm")
	require.NoError(t, err)
	require.Contains(t, out, "3,392, 17,388 times fewer than dense")

	out, err = call("-describe", "-model", "fdht-lstm")
	require.NoError(t, err)
	require.Contains(t, out, "ht, one network for the input and the state")

	// Without classes, which the data give.
	none := filepath.Join(t.TempDir(), "none.json")
	require.NoError(t, os.WriteFile(none, []byte(`{"cell": "gru", "in_modes": [6], "out_modes": [4]}`), 0o600))
	out, err = call("-describe", "-spec", none)
	require.NoError(t, err)
	require.Regexp(t, `classes +│ - *\n`, out)
	require.Regexp(t, `whole model \(without a classifier\) +│ 132 *\n`, out)

	// Every layer, every format: what there is to count is written out.
	spec := filepath.Join(t.TempDir(), "spec.json")
	require.NoError(t, os.WriteFile(spec, []byte(`{"cell": "gru", "format": "bt", "blocks": 3, "ranks": [2], "in_modes": [16, 12, 12], "out_modes": [4, 4, 4], "bidirectional": true,
		"recurrent": {"format": "tt", "ranks": [3]}, "upper": [{"out_modes": [8, 8]}], "classes": 5}`), 0o600))
	out, err = call("-describe", "-spec", spec)
	require.NoError(t, err)
	for _, line := range []string{
		`layer 1 +│ 64 units in each of 2 directions, from 2,304 values a step`,
		`  input-to-hidden +│ bt of 3 blocks, 16·12·12 to 12·4·4, ranks 2 2 2 *\n +│ 3×2·2·2 \+ 3×16·12·2 \+ 6×12·4·2 = 1,752`,
		`  hidden-to-hidden +│ tt, 4·4·4 to 12·4·4, ranks 1 3 3 1 *\n +│ 1·4·12·3 \+ 3·4·4·3 \+ 3·4·4·1 = 336`,
		`  bias +│ 192`,
		`layer 2 +│ 64 units in each of 2 directions, from 128 values a step`,
		`  input-to-hidden +│ dense, 128 to 192 *\n +│ 128·192 = 24,576`,
		`classifier +│ 128·5 \+ 5 = 645`,
	} {
		require.Regexp(t, line, out)
	}

	fields := []string{"name", "cell", "format", "in_modes", "out_modes", "ranks", "features", "hidden", "classes",
		"params_input_to_hidden", "params_recurrent_layer", "params_model", "published_params", "mul_adds_per_frame"}
	out, err = call("-describe", "-json", "-model", "ht-lstm")
	require.NoError(t, err)
	var one map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &one))
	for _, f := range fields {
		require.Contains(t, one, f)
	}
	require.EqualValues(t, 1245, one["params_input_to_hidden"])

	out, err = call("-list", "-json", "-model", "*-youtube")
	require.NoError(t, err)
	var all []map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &all))
	require.Len(t, all, 12)
}

// Real training on the embedded clips, small: twice with one seed gives one
// result, better than chance.
func TestTraining(t *testing.T) {
	spec := filepath.Join(t.TempDir(), "small.json")
	require.NoError(t, os.WriteFile(spec, []byte(`{"cell": "gru", "format": "tt", "in_modes": [16, 24, 24], "out_modes": [4, 4, 4], "ranks": [4]}`), 0o600))
	train := func() summary {
		out, err := call("-spec", spec, "-split", "few-subjects", "-epochs", "3", "-lr", "0.01", "-json", "-out", "none")
		require.NoError(t, err)
		var s summary
		require.NoError(t, json.Unmarshal([]byte(out), &s))
		return s
	}
	first, second := train(), train()
	require.Equal(t, first.Test, second.Test)
	require.Equal(t, first.Epochs, second.Epochs)
	require.Equal(t, 768, first.Test.Clips)
	require.Greater(t, first.Test.Accuracy, 0.25, "chance is 1/8")
}

// The program itself: exit codes, and no stack traces.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	program := build(t)
	for line, code := range map[string]int{"-list -model ht-lstm": 0, "-h": 0, "-epochs none": 2, "-model nobody": 2, "-svg x.svg": 2} {
		cmd := exec.Command(program, strings.Fields(line)...)
		out, _ := cmd.CombinedOutput()
		require.Equal(t, code, cmd.ProcessState.ExitCode(), line)
		require.NotContains(t, string(out), "goroutine")
	}
}

// What is kept of a run has to lead back to its files, and a model is named after its
// spec.
func TestNamesOnTheCommandLine(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"-data", "folder:caf\xe9"}, `-data "folder:caf\xe9" is not UTF-8, and no JSON can keep it; rename the file or folder, or give a link to it`},
		{[]string{"-out", "runs/caf\xe9"}, `-out "runs/caf\xe9" is not UTF-8`},
		{[]string{"-eval", "runs/caf\xe9"}, `-eval "runs/caf\xe9" is not UTF-8`},
		{[]string{"-describe", "-spec", "a\x1b[2J.json"}, `-spec: the name "a\x1b[2J.json" has control characters`},
		{[]string{"-describe", "-spec", "/dev/zero"}, "-spec /dev/zero: it has more than 1048576 bytes"},
	} {
		_, err := call(test.args...)
		require.ErrorContains(t, err, test.want)
		require.ErrorAs(t, err, &cmdline.Usage{})
	}
}

// named is a set with the name of a folder that a terminal would act on.
type named struct{ datasets.Set }

func (named) Name() string            { return "folder:a\x1b[2J\n (random)" }
func (named) Clips(datasets.Part) int { return 1 }

// What is printed of a folder's name is one line without control characters.
func TestNamesInOutput(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, newFlags().show(&out, "scores", newScores("runs/\x1b[31m", &zoo.Model{Name: "mine"}, named{}, &train.Evaluation{Score: train.Score{Clips: 1}})))
	require.Contains(t, out.String(), `mine of "runs/\x1b[31m" on the test part of folder:a\x1b[2J\n (random): accuracy`)
	out.Reset()
	d := sets.Report{W: &out}
	var v video.Options
	d.Watch(&v)
	v.OnBad("clips/\x1b[2J.mp4", errors.New("clips/\x1b[2J.mp4: moov atom not found"))
	require.Equal(t, `left out: clips/\x1b[2J.mp4: clips/\x1b[2J.mp4: moov atom not found`+"\n", out.String())
	out.Reset()
	require.NoError(t, writeJSON(&out, map[string]string{"set": "a\x7f\u009b<"}))
	require.Equal(t, "{\n  \"set\": \"a\\u007f\\u009b\\u003c\"\n}\n", out.String())
}
