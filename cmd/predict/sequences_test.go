package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// array is one of an npz file.
type array struct {
	name, descr string
	shape       []int
	values      any // that binary.Write takes; a func(io.Writer) writes them itself
}

func writeNPZ(t testing.TB, path string, arrays ...array) string {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	defer file.Close()
	z := zip.NewWriter(file)
	for _, a := range arrays {
		w, err := z.Create(a.name + ".npy") // packed
		require.NoError(t, err)
		shape := strings.Trim(strings.ReplaceAll(fmt.Sprint(a.shape), " ", ", "), "[]")
		header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s,), }\n", a.descr, shape)
		_, err = fmt.Fprintf(w, "\x93NUMPY\x01\x00%s%s", binary.LittleEndian.AppendUint16(nil, uint16(len(header))), header)
		require.NoError(t, err)
		if write, ok := a.values.(func(io.Writer)); ok {
			write(w)
			continue
		}
		require.NoError(t, binary.Write(w, binary.LittleEndian, a.values))
	}
	require.NoError(t, z.Close())
	return path
}

// sequenceModel is the checkpoint of a model of sequences whose steps are (2, 3).
func sequenceModel(t testing.TB) (*zoo.Model, string) {
	spec := zoo.Spec{Cell: "lstm", InModes: []int{2, 3}, OutModes: []int{2, 2}, Format: decomp.TT{Ranks: []int{2}}}
	m, err := zoo.FromSpec(spec, zoo.Options{Classes: 3, Seed: 1})
	require.NoError(t, err)
	m.ClassNames = []string{"walk", "run", "jump"}
	m.Input = &zoo.Input{Steps: 4, StepShape: []int{2, 3}}
	m.Input.Mean, m.Input.Std = []float64{1}, []float64{2}
	dir := filepath.Join(t.TempDir(), "m")
	require.NoError(t, m.Save(dir))
	return m, dir
}

// Every clip of an npz file has a row, whose answer is that of an evaluation; with the
// labels there is an accuracy.
func TestSequences(t *testing.T) {
	m, dir := sequenceModel(t)
	const clips, steps = 11, 7 // longer clips than the model was trained on
	x, y, lengths := make([]float32, clips*steps*6), make([]int64, clips), make([]int32, clips)
	for k := range x {
		x[k] = float32(3 * math.Sin(float64(k*k)))
	}
	for i := range clips {
		y[i], lengths[i] = int64(i%3), int32(1+i%steps)
	}
	arrays := []array{{"x", "<f4", []int{clips, steps, 2, 3}, x}, {"lengths", "<i4", []int{clips}, lengths}, {"y", "<i8", []int{clips}, y}}
	tmp := t.TempDir()
	bare := writeNPZ(t, filepath.Join(tmp, "a,b.npz"), arrays[:2]...)
	labelled := writeNPZ(t, filepath.Join(tmp, "labelled.npz"), arrays...)

	set, err := datasets.Open("npz:"+labelled, datasets.Options{Normalisation: &m.Input.Normalisation, Classes: m.ClassNames})
	require.NoError(t, err)
	defer set.Close()
	e, err := train.Evaluate(t.Context(), m, set, datasets.Test, 4)
	require.NoError(t, err)

	out, _, err := call("-checkpoint", dir, "-json", bare)
	require.NoError(t, err)
	all := answers(t, out)
	require.Len(t, all, clips)
	for i, a := range all {
		require.Equal(t, fmt.Sprintf("%s[%d]", bare, i), a.Clip)
		require.Empty(t, a.Label)
		want, err := m.Guesses(e.Logits[3*i : 3*i+3])
		require.NoError(t, err)
		requireSame(t, want, a.Classes)
	}

	out, _, err = call("-checkpoint", dir, "-json", labelled)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, clips+1)
	var s score
	require.NoError(t, json.Unmarshal([]byte(lines[clips]), &s))
	require.Equal(t, score{File: labelled, Clips: clips, Correct: s.Correct, Accuracy: e.Accuracy}, s)
	require.InDelta(t, e.Accuracy, float64(s.Correct)/clips, 1e-12)

	out, log, err := call("-checkpoint", dir, "-csv", "-top", "2", labelled)
	require.NoError(t, err)
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, clips+1)
	require.Equal(t, []string{"clip", "label", "class_1", "probability_1", "class_2", "probability_2"}, rows[0])
	for i, row := range rows[1:] {
		require.Equal(t, fmt.Sprintf("%s[%d]", labelled, i), row[0])
		require.Equal(t, m.ClassNames[y[i]], row[1])
		require.Equal(t, all[i].Classes[0].Class, row[2])
		p, err := strconv.ParseFloat(row[3], 64)
		require.NoError(t, err)
		require.Equal(t, all[i].Classes[0].Probability, p)
	}
	text := fmt.Sprintf("accuracy %.4f: the likeliest class is the label of %d of 11 clips\n", e.Accuracy, s.Correct)
	require.Equal(t, text, log)
	out, _, err = call("-checkpoint", dir, labelled)
	require.NoError(t, err)
	require.Regexp(t, `^clip +label  class`, out)
	require.True(t, strings.HasSuffix(out, text), out)
	require.Equal(t, clips+2, strings.Count(out, "\n"))
}

// A file whose name is no text has it in base64 in JSON, and with escapes in CSV.
func TestSequencesOfAnyName(t *testing.T) {
	_, dir := sequenceModel(t)
	file := filepath.Join(t.TempDir(), "a\x1b\xff.npz")
	if os.WriteFile(file, nil, 0o600) != nil {
		t.Skip("this file system has no such names")
	}
	writeNPZ(t, file, array{"x", "<f4", []int{1, 1, 6}, make([]float32, 6)}, array{"y", "<i8", []int{1}, []int64{0}})
	out, _, err := call("-checkpoint", dir, "-json", file)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var s score
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &s))
	require.Equal(t, file, string(s.Bytes))
	require.Empty(t, s.File)
	out, _, err = call("-checkpoint", dir, "-csv", file)
	require.NoError(t, err)
	require.NotContains(t, out, "\x1b")
	require.Contains(t, out, `a\x1b\xff.npz[0]`)
}

func TestSequenceMistakes(t *testing.T) {
	_, dir := sequenceModel(t)
	tmp := t.TempDir()
	file := func(name string, arrays ...array) string { return writeNPZ(t, filepath.Join(tmp, name), arrays...) }
	x := array{"x", "<f4", []int{2, 1, 6}, make([]float32, 12)}
	good := file("good.npz", x)
	for want, args := range map[string][]string{
		"is given alone, and there are 2 files":                   {good, good},
		"-follow and -annotate take one clip, and":                {"-follow", good},
		"are read as they are stored; leave -sample out":          {"-sample", "even", good},
		"give -json or -csv, not both":                            {"-json", "-csv", good},
		"has steps of 5 values, and the model reads 6":            {file("5.npz", array{"x", "<f4", []int{2, 1, 5}, make([]float32, 10)})},
		"y[1] is 3, but there are 3 classes":                      {file("y.npz", x, array{"y", "|u1", []int{2}, []byte{0, 3}})},
		"array x is missing":                                      {file("nox.npz", array{"y", "|u1", []int{2}, []byte{0, 3}})},
		"classes are rest, jump, want walk, run, jump, as in the": {file("names.npz", x, array{"classes", "|S4", []int{2}, []byte("restjump")})},
	} {
		_, _, err := call(append([]string{"-checkpoint", dir}, args...)...)
		require.ErrorContains(t, err, want)
		require.ErrorAs(t, err, new(cmdline.Usage))
	}
}

// A file is answered with a small part of its size in memory.
func TestSequencesStream(t *testing.T) {
	m, err := zoo.FromSpec(zoo.Spec{Cell: "gru", InModes: []int{64, 128}, OutModes: []int{2, 2}, Format: decomp.TT{Ranks: []int{2}}}, zoo.Options{Classes: 2})
	require.NoError(t, err)
	m.Input = &zoo.Input{Steps: 8, StepShape: []int{8192}}
	dir := filepath.Join(t.TempDir(), "m")
	require.NoError(t, m.Save(dir))
	const clips = 256 // of 256 KB
	file := writeNPZ(t, filepath.Join(t.TempDir(), "large.npz"), array{"x", "<f4", []int{clips, 8, 8192}, func(w io.Writer) {
		clip := bytes.Repeat([]byte{0, 0, 0x80, 0x3f}, 8*8192) // ones
		for range clips {
			_, err := w.Write(clip)
			require.NoError(t, err)
		}
	}})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	out, _, err := call("-checkpoint", dir, "-csv", file)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.Equal(t, clips+1, strings.Count(out, "\n"))
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(32<<20), "64 MB of clips; the graph's own allocations, over all clips, are 16")
}
