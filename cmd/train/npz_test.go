package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
)

// writeSequences writes sequences of 1 to 30 steps of 6 values. Whether the first value
// rises or falls from the first step to the last is the class; the padding is
// NaN, which nothing may look at.
func writeSequences(t *testing.T, path string, clips int, seed uint64) {
	writeSequencesAt(t, path, clips, seed, func(i int) int { return i })
}

// writeSequencesAt puts each of them into the place of its number.
func writeSequencesAt(t *testing.T, path string, clips int, seed uint64, place func(i int) int) {
	const most, values = 30, 6
	rng := rand.New(rand.NewPCG(seed, 0))
	x := make([]float32, clips*most*values)
	y, lengths := make([]int64, clips), make([]int32, clips)
	for i := range clips {
		n := 1 + i%most
		class := rng.IntN(2)
		slope := float64(2*class-1) * (0.5 + rng.Float64())
		for t := range most {
			for k := range values {
				v := rng.NormFloat64() / 5
				if k == 0 {
					v += slope * (float64(t+1)/float64(n) - 0.3)
				}
				if t >= n {
					v = math.NaN()
				}
				x[(place(i)*most+t)*values+k] = float32(v)
			}
		}
		y[place(i)], lengths[place(i)] = int64(class), int32(n)
	}
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	add := func(name, descr string, data any, shape ...int) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store})
		require.NoError(t, err)
		require.NoError(t, writeArray(w, descr, data, shape...))
	}
	add("x", "<f4", x, clips, most, values)
	add("y", "<i8", y, clips)
	add("lengths", "<i4", lengths, clips)
	add("classes", "|S4", []byte("fallrise"), 2)
	require.NoError(t, z.Close())
	require.NoError(t, os.WriteFile(path, file.Bytes(), 0o600))
}

// writeArrays writes an npz file of x and y alone.
func writeArrays(t *testing.T, path string, x []float32, shape []int, y []int64) {
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	w, err := z.Create("x.npy")
	require.NoError(t, err)
	require.NoError(t, writeArray(w, "<f4", x, shape...))
	w, err = z.Create("y.npy")
	require.NoError(t, err)
	require.NoError(t, writeArray(w, "<i8", y, len(y)))
	require.NoError(t, z.Close())
	require.NoError(t, os.WriteFile(path, file.Bytes(), 0o600))
}

func writeArray(w io.Writer, descr string, data any, shape ...int) error {
	text := strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", ", "), "[]")
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s,), }\n", descr, text)
	if _, err := fmt.Fprintf(w, "\x93NUMPY\x01\x00%s%s", binary.LittleEndian.AppendUint16(nil, uint16(len(header))), header); err != nil {
		return err
	}
	return binary.Write(w, binary.LittleEndian, data)
}

const sequenceSpec = `{"cell": "lstm", "format": "tt", "in_modes": [3, 2], "out_modes": [4, 4], "ranks": [3]}`

// Own data from end to end: sequences of 1 to 30 steps train, and what is in a
// batch with a clip does not change its logits.
func TestOwnData(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	writeSequences(t, file("train.npz"), 200, 1)
	writeSequences(t, file("test.npz"), 90, 2)
	require.NoError(t, os.WriteFile(file("spec.json"), []byte(sequenceSpec), 0o600))
	data := "npz:" + file("train.npz") + "," + file("test.npz")
	out, err := call("-spec", file("spec.json"), "-data", data, "-epochs", "12", "-lr", "0.02", "-validation", "0.1", "-out", file("run"), "-json",
		"-logits", file("after.npy"))
	require.NoError(t, err)
	var s summary
	require.NoError(t, json.Unmarshal([]byte(out), &s))
	require.Equal(t, 90, s.Test.Clips)
	require.Greater(t, s.Test.Accuracy, 0.9)

	var reference []float32
	for _, batch := range []string{"16", "1", "90"} {
		out, err = call("-eval", file("run"), "-batch", batch, "-logits", file(batch+".npy"), "-json")
		require.NoError(t, err)
		var e scores
		require.NoError(t, json.Unmarshal([]byte(out), &e))
		require.Equal(t, s.Test.Accuracy, e.Test.Accuracy)
		require.Equal(t, []string{"fall", "rise"}, []string{e.Classes[0].Class, e.Classes[1].Class})
		logits := readNPY(t, file(batch+".npy"), 90, 2)
		if reference == nil {
			reference = logits
		}
		// Other numbers of rows are multiplied by other plans, which round otherwise.
		require.InDeltaSlice(t, reference, logits, 1e-6*float64(1+slices.Max(reference)))
	}
	require.Equal(t, reference, readNPY(t, file("after.npy"), 90, 2), "the batch is the same, and so are the bits")

	// Among other clips, at another place of a batch of that size: the same bits.
	writeSequencesAt(t, file("reversed.npz"), 90, 2, func(i int) int { return 89 - i })
	_, err = call("-eval", file("run"), "-data", "npz:"+file("reversed.npz"), "-batch", "16", "-logits", file("reversed.npy"))
	require.NoError(t, err)
	slices.Reverse(reference)
	for i := 0; i < len(reference); i += 2 {
		reference[i], reference[i+1] = reference[i+1], reference[i]
	}
	require.Equal(t, reference, readNPY(t, file("reversed.npy"), 90, 2))

	// The test file alone: the checkpoint knows the rest.
	out, err = call("-eval", file("run"), "-data", "npz:"+file("test.npz"))
	require.NoError(t, err)
	require.Contains(t, out, "accuracy "+fmt.Sprintf("%.4f", s.Test.Accuracy))

	// Of data for a checkpoint, the shape is said where it matters.
	_, err = call("-eval", file("run"), "-data", "npz:"+file("none.npz"))
	require.ErrorContains(t, err, "none.npz: no such file")
	require.NotContains(t, err.Error(), "the model reads")
	writeArrays(t, file("bent.npz"), []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3}, []int{2, 1, 2, 3}, []int64{0, 0})
	_, err = call("-eval", file("run"), "-data", "npz:"+file("bent.npz"))
	require.ErrorContains(t, err, "the last axis of a step; the model reads steps of 6")

	// One class is none to tell from others.
	writeArrays(t, file("one.npz"), []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3}, []int{2, 1, 6}, []int64{0, 0})
	one := "npz:" + file("one.npz") + "," + file("one.npz")
	_, err = call("-spec", file("spec.json"), "-data", one, "-out", "none")
	require.EqualError(t, err, "train: "+one+" has one class, 0; a classifier needs two")
	require.ErrorAs(t, err, new(cmdline.Usage))

	// A model that reads other steps, and files that are not what they should be.
	for line, text := range map[string]string{
		"-data " + data: "ht-lstm reads 57,600 values a step, " + data + " has steps of 6; give a model whose \"in_modes\" multiply to 6 with -spec",
		"-spec " + file("spec.json") + " -data npz:" + file("train.npz") + "," + file("none.npz"): "none.npz: no such file",
		"-spec " + file("spec.json") + " -data npz:" + file("spec.json") + "," + file("test.npz"): "spec.json is not an npz file",
		"-spec " + file("spec.json") + " -data npz:" + file("test.npz"):                           "has no training file",
		"-spec " + file("spec.json") + " -split x -data " + data:                                  `has no split "x"`,
	} {
		_, err := call(strings.Fields(line + " -out none")...)
		require.ErrorContains(t, err, text)
		var u cmdline.Usage
		require.True(t, errors.As(err, &u), line)
	}
	// Another training file is noticed when the run is resumed.
	writeSequences(t, file("train.npz"), 200, 3)
	_, err = call("-resume", file("run"), "-epochs", "13")
	require.ErrorContains(t, err, "are not those that the run was started with")
}

// readNPY reads what -logits wrote, by the format's description.
func readNPY(t *testing.T, path string, shape ...int) []float32 {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "\x93NUMPY\x01\x00", string(data[:8]))
	start := 10 + int(binary.LittleEndian.Uint16(data[8:]))
	require.Zero(t, start%64)
	require.Regexp(t, fmt.Sprintf(`^{'descr': '<f4', 'fortran_order': False, 'shape': \(%d, %d\), } *\n$`, shape[0], shape[1]), string(data[10:start]))
	values := make([]float32, shape[0]*shape[1])
	require.Len(t, data[start:], 4*len(values))
	require.NoError(t, binary.Read(bytes.NewReader(data[start:]), binary.LittleEndian, values))
	return values
}
