package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/internal/backend"
)

// The test binary is the child process as well.
func TestMain(m *testing.M) {
	for _, a := range os.Args {
		if a == "-one" {
			main()
			return
		}
	}
	os.Exit(m.Run())
}

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

func TestTable(t *testing.T) {
	var out bytes.Buffer
	costs := []*cost{{Model: "ht-lstm", StepMedian: 30, Backend: "x"}, {Model: "lstm", Format: "dense", StepMedian: 300, Backend: "x"}}
	require.NoError(t, printTable(&out, flags{threads: 2, batch: 16, steps: 6}, costs))
	require.Contains(t, out.String(), "backend x, 2 threads, 16 clips of 6 frames a step")
	require.Regexp(t, `ht-lstm +│ +30\.0 .* 10\.0 `, out.String())
	require.Regexp(t, ` lstm +│ +300\.0 .* 1\.0 `, out.String())
}

func TestMistakes(t *testing.T) {
	for line, text := range map[string]string{
		"":                       "compare: nothing to do; give -cost or -growth, or -h for help",
		"-cost -growth x":        "compare: -cost and -growth are two jobs; give one of them",
		"-growth x -json":        "compare: -growth has models and files of its own; leave -json and -models out",
		"-growth x -models lstm": "compare: -growth has models and files of its own; leave -json and -models out",
		"-cost more":             `compare: "more" is no flag; see -h`,
		"-cost -threads 0":       "compare: -threads is 0; want at least 1",
		"-cost -runs 5":          "compare: -runs is 5; want at least 20",
		"-cost -models ht-lstn":  `did you mean "ht-lstm"?`,
		"-cost -models zz-*":     `compare: no model matches "zz-*"`,
		"-cost -models tt-[":     "syntax error in pattern",
		"-cost -batch x":         `invalid value "x" for flag -batch`,
		"-cost -batch -1 -json":  "compare: -batch is -1; want at least 1",
		"-cost -models ht-lstm,": "zoo: ",
	} {
		err := run(context.Background(), strings.Fields(line), new(bytes.Buffer), new(bytes.Buffer))
		require.ErrorContains(t, err, text, line)
		require.ErrorAs(t, err, new(usage), line)
		require.NotContains(t, err.Error(), "\n")
	}
	var out bytes.Buffer
	require.NoError(t, run(context.Background(), []string{"-h"}, &out, &out))
	require.Contains(t, out.String(), "-models names")
	require.NotContains(t, out.String(), "-one")
}
