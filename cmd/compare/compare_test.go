package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
)

// The test binary is the child process as well, and the whole command.
func TestMain(m *testing.M) {
	for _, a := range os.Args {
		if a == "-job" || os.Getenv(asCommand) != "" {
			main()
			return
		}
	}
	os.Exit(m.Run())
}

// asCommand is a variable that makes the test binary the command.
const asCommand = "TENSORZOO_TEST_COMPARE"

// small are models that take a moment.
const small = "ht-lstm-youtube,tt-gru-youtube"

func TestJSON(t *testing.T) {
	var out, progress bytes.Buffer
	require.NoError(t, run(context.Background(), strings.Fields("-cost -json -threads 1 -batch 1 -steps 1 -warm-up 0 -models "+small), &out, &progress))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 2)
	for k, line := range lines {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields))
		require.Equal(t, strings.Split(small, ",")[k], fields["model"])
		require.Equal(t, backend.Name, fields["backend"])
		require.EqualValues(t, 1, fields["threads"])
		for _, name := range []string{"step_ms_median", "step_ms_p10", "step_ms_p90", "forward_ms_median", "infer_frame_us_median",
			"params_input_to_hidden", "params_total", "mul_adds_per_frame", "gflops"} {
			require.Greater(t, fields[name], 0.0, name)
		}
		require.LessOrEqual(t, fields["step_ms_p10"], fields["step_ms_median"])
		require.LessOrEqual(t, fields["step_ms_median"], fields["step_ms_p90"])
		require.Contains(t, fields, "peak_rss_mb")
	}
	require.Contains(t, progress.String(), "1 of 2: ht-lstm-youtube\n")
}

func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	spec, again := filepath.Join(dir, "my.json"), filepath.Join(dir, "a", "my.json")
	require.NoError(t, os.Mkdir(filepath.Dir(again), 0o777))
	for _, path := range []string{spec, again} {
		require.NoError(t, os.WriteFile(path, []byte(`{"cell": "gru", "in_modes": [432], "out_modes": [4]}`), 0o600))
	}
	for line, text := range map[string]string{
		"":                                     "compare: nothing to do; give -out, -cost or -growth, or -h for help",
		"-models lstm":                         "compare: nothing to do; give -out, -cost or -growth, or -h for help",
		"-cost -growth x":                      "compare: -out, -cost and -growth are three jobs; give one of them",
		"-out x -cost":                         "compare: -out, -cost and -growth are three jobs; give one of them",
		"-growth x -json -models lstm":         "compare: -growth does not read -json, -models; leave it out",
		"-cost -epochs 3":                      "compare: -cost does not read -epochs; leave it out",
		"-out x -runs 20":                      "compare: -out does not read -runs; leave it out",
		"-cost more":                           `compare: "more" is no flag; see -h`,
		"-cost -threads -1":                    "compare: -threads is -1; want at least 1",
		"-cost -runs 5":                        "compare: -runs is 5; want at least 20",
		"-cost -models ht-lstn":                `compare: -models: no model is called "ht-lstn"; did you mean "ht-lstm"?`,
		"-cost -models zz-*":                   `compare: -models: no model matches "zz-*"`,
		"-cost -models tt-[":                   "syntax error in pattern",
		"-cost -batch x":                       "compare: -batch is x; want a whole number",
		"-cost -batch -1 -json":                "compare: -batch is -1; want at least 1",
		"-cost -models ht-lstm,":               "zoo: ",
		"-out x -rates 1e-3,fast":              `compare: -rates has "fast"; want positive numbers with commas between`,
		"-out x -rates 1e-3,1e-50":             "compare: -rates has 1e-50; want a number from 1e-30 to 1e30",
		"-out x -clip -1":                      "compare: -clip is -1; want a number from 1e-30 to 1e30, or 0 for none",
		"-out x -weight-decay 1e40":            "compare: -weight-decay is 1e+40; want",
		"-out x -label-smoothing 1":            "compare: -label-smoothing is 1; want",
		"-out x -epochs 0":                     "compare: -epochs is 0; want at least 1",
		"-out x -quiet=maybe":                  "compare: -quiet is maybe; want true or false",
		"-out x -rates 1e-3,0.001":             "compare: -rates has 0.001 twice",
		"-out x -models ht-lstm,ht-*":          `compare: -models: the model "ht-lstm" has the name of another, or one that no folder can have; rename it or leave it out`,
		"-out x -models missing.json":          "missing.json: no such file",
		"-out x -models cnn-lstm":              "cnn-lstm: -data is actions by default, give -data for other data; of actions: the model reads 2048 values a step",
		"-out x -split few":                    `compare: -split: actions has no split "few"`,
		"-out x -data action":                  `compare: -data: no set is called "action"`,
		"-out x -data folder:missing":          "missing",
		"-out x -steps 3":                      "compare: -steps says nothing about -data actions, whose clips are taken as they are stored",
		"-cost -steps all":                     "compare: -steps is all; want a number of frames",
		"-cost -size 8x6":                      "compare: -cost does not read -size; leave it out",
		"-out x -data folder:. -grey":          "compare: -grey needs the size of the frames",
		"-out x -folds 1":                      "compare: -folds is 1; want at least 2",
		"-out x -seeds 1000000000000":          "compare: -seeds is 1000000000000; want at least 1 and at most 1000",
		"-out x -jobs 1000000000":              "compare: -jobs is 1000000000; want at least 1 and at most 1024",
		"-cost -models ht-lstm -batch 1000000": "compare: the process that measures ht-lstm: compare: 1000000 clips of 6 steps of 57600 values are more than",
		"-out x -data folder:.":                "compare: -out x is in the folder of -data folder:., where the next run would take it for clips",
		"-out x -models " + spec + "," + again: `compare: the model "my" has the name of another, or one that no folder can have; rename it or leave it out`,
		"-out x -folds 3 -rounds 4":            "compare: -rounds is 4 and -folds 3; there are no more parts to hold out",
		"-out x -folds 5 -split few-subjects":  "4 training groups cannot be cut into 5 folds",
		"-out x -optimizer adm":                `compare: -optimizer: no optimizer is called "adm"`,
		"-out x -augment color:1":              `no augmentation is called "color"; did you mean "colour"?`,
		"-out x -schedule cos":                 `compare: -schedule: no schedule is called "cos"`,
		"-out x -dropout 1":                    "compare: -dropout is 1; want at least 0 and below 1",
		"-out x -seeds 0":                      "compare: -seeds is 0; want at least 1",
	} {
		err := run(context.Background(), strings.Fields(line), new(bytes.Buffer), new(bytes.Buffer))
		require.ErrorContains(t, err, text, line)
		require.True(t, cmdline.IsUsage(err), line)
		require.NotContains(t, err.Error(), "\n")
	}
	var out bytes.Buffer
	require.NoError(t, run(context.Background(), []string{"-h"}, &out, &out))
	require.Contains(t, out.String(), "-models names")
	require.Contains(t, out.String(), cmdline.Program("compare")+" -models lstm,tt-lstm,ht-lstm")
	require.Contains(t, out.String(), cmdline.Other("train")+" -list has all")
	require.Contains(t, out.String(), "videos in a folder: folder:DIR", "what -data takes")
	require.NotContains(t, out.String(), "-one")
	require.NotContains(t, out.String(), "-job ")
	require.NoDirExists(t, "x", "nothing is made for a command that cannot be")
}
