package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/numerals"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// The last lines are the specs, which -describe reads and counts as the table
// does; -format prints one of them alone.
func TestSuggest(t *testing.T) {
	out, err := call(strings.Fields("-suggest -features 57600 -hidden 256 -budget 2000")...)
	require.NoError(t, err)
	again, err := call(strings.Fields("-suggest -features 57600")...)
	require.NoError(t, err)
	require.Equal(t, out, again, "the defaults")
	require.NotContains(t, out, "appended")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	specs := lines[len(lines)-4:]
	for k, format := range zoo.SuggestedFormats() {
		alone, err := call(strings.Fields("-suggest -features 57600 -format " + format)...)
		require.NoError(t, err)
		require.Equal(t, specs[k]+"\n", alone)
		file := filepath.Join(t.TempDir(), format+".json")
		require.NoError(t, os.WriteFile(file, []byte(alone), 0o600))
		text, err := call("-describe", "-json", "-spec", file)
		require.NoError(t, err)
		var d zoo.Description
		require.NoError(t, json.Unmarshal([]byte(text), &d))
		require.LessOrEqual(t, d.InputToHidden, 2000)
		require.Contains(t, out, numerals.Thousands(d.InputToHidden))
		require.Contains(t, out, numerals.Thousands(d.RecurrentLayer))
		require.Contains(t, out, numerals.Thousands(d.MulAddsPerFrame))
	}

	text, err := call(strings.Fields("-suggest -json -features 1009 -hidden 250 -cell gru")...)
	require.NoError(t, err)
	var all []proposal
	require.NoError(t, json.Unmarshal([]byte(text), &all))
	require.Len(t, all, 4)
	for _, p := range all {
		require.Equal(t, 1009, p.Spec.Features)
		require.Equal(t, "gru", p.Spec.Cell)
		require.LessOrEqual(t, p.InputToHidden, 2000)
	}
}

// A budget that a dense matrix does not use up is no reason to propose more weights
// than it has.
func TestSuggestNotMoreThanDense(t *testing.T) {
	out, err := call(strings.Fields("-suggest -features 16 -hidden 4 -cell gru -json")...)
	require.NoError(t, err)
	var all []proposal
	require.NoError(t, json.Unmarshal([]byte(out), &all))
	require.Len(t, all, 4)
	text, err := call(strings.Fields("-suggest -features 16 -hidden 4 -cell gru")...)
	require.NoError(t, err)
	require.Contains(t, text, "times fewer")
	for _, p := range all {
		require.Equal(t, 16*4*3, p.Dense.InputToHidden)
		require.LessOrEqual(t, p.InputToHidden, 16*4*3)
		require.Regexp(t, fmt.Sprintf(`%s .*│ +%d │ +%.1f │`, p.Name, p.InputToHidden, 16*4*3/float64(p.InputToHidden)), text)
	}
	text, err = call(strings.Fields("-suggest -features 2 -hidden 2 -cell rnn")...)
	require.NoError(t, err)
	require.Contains(t, text, "tr, bt, ht: more input weights at any rank than the 4 of a dense matrix; leave them dense\n")
}

// What is not as it was asked for is said in words, beside a spec and not in it.
func TestSuggestSaysWhatIsPadded(t *testing.T) {
	var out, log bytes.Buffer
	require.NoError(t, run(context.Background(), strings.Fields("-suggest -features 1009 -hidden 251 -format tt"), &out, &log))
	s, err := zoo.ParseSpec(out.Bytes())
	require.NoError(t, err)
	require.Equal(t, 1009, s.Features)
	require.Equal(t, 2, strings.Count(log.String(), "\n"), log.String())
	require.Contains(t, log.String(), "appended to each frame of 1,009 values")
	require.Contains(t, log.String(), "hidden units and not 251")

	text, err := call(strings.Fields("-suggest -features 1009 -hidden 251")...)
	require.NoError(t, err)
	require.Contains(t, text, log.String())
}

func TestSuggestMistakes(t *testing.T) {
	for line, text := range map[string]string{
		"-suggest":                                            "-suggest needs the number of values of a frame, such as -features 57600",
		"-suggest -features 0":                                "0 features; want 1 to",
		"-suggest -features x":                                "train: -features is x; want a whole number",
		"-suggest -features 9 -hidden 0":                      "0 hidden units; want 1 to",
		"-suggest -features 9 -budget -1":                     "-1 input-to-hidden weights; want 1 to",
		"-suggest -features 9 -cell lst":                      `no cell "lst"; did you mean "lstm"? (known: gru, lstm, rnn)`,
		"-suggest -features 9 -format t":                      `no format "t"`,
		"-suggest -features 57600 -budget 9":                  "-budget 9 is too small: tt takes at least",
		"-suggest -features 1 -hidden 1 -cell rnn":            "train: tt, tr, bt, ht: more input weights at any rank than the 1 of a dense matrix; leave them dense",
		"-suggest -features 1 -hidden 1 -cell rnn -format ht": "no ht of 1 features and 1 hidden units has at most the 1 input-to-hidden weights of a dense matrix; leave it dense",
		"-suggest -features 5 -budget 9 -format ht":           "a budget of 9 input-to-hidden weights is too small for ht, which takes at least",
		"-suggest -features 9 -list":                          "leave -model, -spec, -list, -describe, -resume and -eval out",
		"-suggest -features 9 -model lstm":                    "leave -model, -spec, -list, -describe, -resume and -eval out",
		"-features 9":                                         "-features 9 is for -suggest; give that too",
		"-budget 9 -list":                                     "-budget 9 is for -suggest; give that too",
	} {
		_, err := call(strings.Fields(line)...)
		require.ErrorContains(t, err, text, line)
		var u cmdline.Usage
		require.True(t, errors.As(err, &u), line)
		require.NotContains(t, err.Error(), "\n", line)
	}
	out, err := call(strings.Fields("-suggest -features 57600 -budget 100")...)
	require.NoError(t, err)
	require.Contains(t, out, "-budget 100 is too small: tt takes at least")
	require.Equal(t, 1, strings.Count(out, `{"cell":`), out)
}

// A spec whose modes hold more values than a step has, from end to end: trained,
// described, scored and gone on with, and it is the same as ever.
func TestPaddedSpec(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	writeSequences(t, file("train.npz"), 60, 1)
	writeSequences(t, file("test.npz"), 30, 2)
	require.NoError(t, os.WriteFile(file("spec.json"), []byte(`{"cell": "lstm", "format": "tt", "in_modes": [4, 2], "out_modes": [4, 4], "ranks": [3], "features": 6}`), 0o600))
	out, err := call("-describe", "-spec", file("spec.json"))
	require.NoError(t, err)
	require.Contains(t, out, "4·2 = 8 values a step: 6 and 2 appended zeros")

	args := []string{"-spec", file("spec.json"), "-data", "npz:" + file("train.npz") + "," + file("test.npz"), "-out", file("run")}
	out, err = call(append(args, "-epochs", "1")...)
	require.NoError(t, err)
	require.Contains(t, out, "2 zeros appended to the 6 values of each step")
	out, err = call("-resume", file("run"), "-epochs", "2", "-json")
	require.NoError(t, err)
	var s summary
	require.NoError(t, json.Unmarshal([]byte(out), &s))
	require.Equal(t, 2, s.Padding)
	out, err = call("-eval", file("run"), "-json")
	require.NoError(t, err)
	var e scores
	require.NoError(t, json.Unmarshal([]byte(out), &e))
	require.Equal(t, s.Test, e.Test)
}
