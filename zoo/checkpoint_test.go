package zoo

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

func small(t testing.TB, dt tensor.Dtype) *Model {
	leaf := func(mode int) *decomp.Tree { return &decomp.Tree{Mode: mode} }
	tree := &decomp.Tree{Left: &decomp.Tree{Left: leaf(1), Right: leaf(2)}, Right: leaf(3)}
	m, err := FromSpec(Spec{
		Cell: "lstm", Format: decomp.HT{Leaf: []int{2}, Inner: []int{2}, Tree: tree}, InModes: []int{3, 2, 2}, OutModes: []int{2, 2, 1},
		Upper: []LayerSpec{{}}, Bidirectional: true, Classes: 3,
	}, Options{Seed: 7, Dtype: dt})
	require.NoError(t, err)
	m.Name, m.ClassNames = "mine", []string{"a", "b", "ç"}
	m.Input = &Input{Steps: 5, StepShape: []int{4, 3}, Normalisation: preprocess.Normalisation{Mean: []float64{0.1, -2, math.Pi}, Std: []float64{1, 0.5, 1e-9}}}
	return m
}

// What is saved is loaded, to the bit, with all that the model knows.
func TestSaveLoad(t *testing.T) {
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		m := small(t, dt)
		dir := filepath.Join(t.TempDir(), "runs", "mine")
		require.NoError(t, m.Save(dir))
		got, err := Load(dir)
		require.NoError(t, err)
		require.Equal(t, m.Spec().String(), got.Spec().String())
		require.Equal(t, []any{m.Name, m.Seed(), m.Dtype(), m.Classes(), m.ClassNames, m.Input}, []any{got.Name, got.Seed(), got.Dtype(), got.Classes(), got.ClassNames, got.Input})
		require.Equal(t, len(m.Params()), len(got.Params()))
		for k, p := range m.Params() {
			require.Equal(t, p.Name, got.Params()[k].Name)
			require.Equal(t, p.Value.Shape(), got.Params()[k].Value.Shape())
			require.Equal(t, p.Value.Data(), got.Params()[k].Value.Data())
		}
		c, err := LoadCheckpoint(dir)
		require.NoError(t, err)
		require.Nil(t, c.Training)

		// Saving again takes its place, and leaves nothing else behind.
		m.Params()[0].Value.Set(0, m.Params()[1].Value.Get(0))
		require.NoError(t, m.Save(dir))
		got, err = Load(dir)
		require.NoError(t, err)
		require.Equal(t, m.Params()[0].Value.Data(), got.Params()[0].Value.Data())
		entries, err := os.ReadDir(filepath.Dir(dir))
		require.NoError(t, err)
		require.Len(t, entries, 1)
	}
}

// Files of the first version, as they were written then, are read by every
// release after it.
func TestLoadVersion1(t *testing.T) {
	m, err := Load(filepath.Join("..", "testdata", "checkpoint-v1"))
	require.NoError(t, err)
	want := small(t, tensor.Float32)
	require.Equal(t, want.Spec().String(), m.Spec().String())
	require.Equal(t, want.Input, m.Input)
	require.Equal(t, want.ClassNames, m.ClassNames)
	for k, p := range want.Params() {
		// Initial values may differ in their last bits on other processors.
		require.InDeltaSlice(t, p.Value.Data(), m.Params()[k].Value.Data(), 1e-6)
	}
}

func contents(t testing.TB, dir, name string) []byte {
	data, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return data
}

// decodeModel makes a model of the contents of its two files.
func decodeModel(head, weights []byte) (*Model, error) {
	m, _, err := decodeHeader(head)
	if err != nil {
		return nil, err
	}
	return m, errors.Wrap(m.readWeights(weights), weightsFile)
}

// Damage that the checksums do not reveal, as the file was made that way, is an
// error that names what is wrong, before memory is taken for it.
func TestLoadErrors(t *testing.T) {
	m := small(t, tensor.Float32)
	dir := filepath.Join(t.TempDir(), "m")
	require.NoError(t, m.Save(dir))
	goodHead, goodWeights := contents(t, dir, headerFile), contents(t, dir, weightsFile)
	head, weights := string(goodHead), string(goodWeights)
	for _, test := range []struct{ old, new, want string }{
		{`"version": 1`, `"version": 2`, "checkpoint.json: format version is 2; this release reads 1 to 1, a later one may read more"},
		{`"version": 1`, `"version": 0`, "format version is 0"},
		{`"tensorzoo checkpoint"`, `"tensorboard"`, `checkpoint.json: format is "tensorboard"; want "tensorzoo checkpoint"`},
		{`"seed": 7`, `"sed": 7`, `unknown field "sed"`},
		{`"seed": 7`, `"seed": -7`, "cannot unmarshal number -7"},
		{`"float32"`, `"float33"`, `dtype is "float33"; did you mean "float32"?`},
		{`"float32"`, `"float64"`, "model.safetensors: tensor layer1.input.U1 holds float32; want float64"},
		{`"classes": 3`, `"classes": 4`, "class_names has 3 names, the spec 4 classes"},
		{`"classes": 3`, `"classes": 1000000000`, "; want at most "},
		{`"steps": 5`, `"steps": 0`, "input is 0 steps"},
		{`"steps": 5`, `"steps": 1000000000`, "checkpoint.json: input: 1000000000 steps; want at most 1048576"},
		{`"steps": 5,`, `"steps": 5, "sampling": {"steps": 1000000000, "sample": "even"},`, "checkpoint.json: sampling: 1000000000 steps; want at most 1048576"},
		{`"steps": 5,`, `"steps": 5, "sampling": {"steps": 5, "sample": "odd"},`, `sampling: sample is "odd"`},
		{`        4,
        3
      ],
      "mean"`, `        4,
        4
      ],
      "mean"`, "input is 5 steps of shape [4 4]; the spec reads 12 values a step"},
		{`"ç"`, `"\u001b[31mç\nclip x"`, `checkpoint.json: class_names[2]: the name "\x1b[31mç\nclip x" has control characters`},
		{`"ç"`, `""`, `class_names[2]: a name is empty`},
		{`"mine"`, `"mi\u009bne"`, `checkpoint.json: name: the name "mi\u009bne" has control characters`},
		{`0.5,`, `-0.5,`, "normalisation: Std[1] is -0.5"},
		{`"lstm"`, `"gru"`, "model.safetensors: tensor layer1.input.U1 has shape"},
		{`"leaf_ranks": [
        2
      ]`, `"leaf_ranks": [
        1
      ]`, "model.safetensors: tensor layer1.input.U1 has shape [3 8 2]; the spec makes it [3 8 1]"},
	} {
		require.Equal(t, 1, strings.Count(head, test.old), test.old)
		_, err := decodeModel([]byte(strings.Replace(head, test.old, test.new, 1)), goodWeights)
		require.ErrorContains(t, err, test.want)
	}
	for _, test := range []struct{ old, new, want string }{
		{`"head.bias"`, `"head.bios"`, "model.safetensors: there is no tensor head.bias, which the spec asks for"},
		{`"layer1.input.U1"`, `"layer1.input.B9"`, "there is no tensor layer1.input.U1"},
		{`"F32"`, `"I32"`, "want elements of F32 or F64"},
		{`[3,8,2]`, `[8,3,2]`, "has shape"},
	} {
		_, err := decodeModel(goodHead, []byte(strings.Replace(weights, test.old, test.new, 1)))
		require.ErrorContains(t, err, test.want)
	}
	nan := []byte(weights)
	copy(nan[len(nan)-4:], "\x00\x00\xc0\x7f")
	_, err := decodeModel(goodHead, nan)
	require.ErrorContains(t, err, "holds NaN or Inf at element")

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	huge := strings.Replace(head, `"classes": 3`, `"classes": 200000000`, 1)
	_, err = decodeModel([]byte(strings.Replace(huge, `"class_names"`, `"class_names": null, "class_names"`, 1)), goodWeights)
	runtime.ReadMemStats(&after)
	require.Error(t, err)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20))

	_, err = Load(filepath.Dir(dir))
	require.ErrorContains(t, err, "SHA256SUMS: no such file or directory")
	require.NoError(t, m.Save(filepath.Join(filepath.Dir(dir), "best")))
	_, err = Load(filepath.Dir(dir))
	require.ErrorContains(t, err, "is the folder of a run; its checkpoint is ")
	_, err = Load(filepath.Join(dir, "nowhere"))
	require.ErrorContains(t, err, "no such file or directory")
	require.NoError(t, os.Remove(filepath.Join(dir, weightsFile)))
	_, err = Load(dir)
	require.ErrorContains(t, err, "model.safetensors: no such file or directory")
}

// FuzzCheckpoint reads a header, weights and an optimiser's state that nobody
// wrote. What loads can be saved and is the same again.
func FuzzCheckpoint(f *testing.F) {
	dir := filepath.Join(f.TempDir(), "m")
	m := small(f, tensor.Float32)
	require.NoError(f, (&Checkpoint{Model: m, Training: []byte("{}"), State: m.Params()}).Save(dir))
	goodHead, goodWeights := contents(f, dir, headerFile), contents(f, dir, weightsFile)
	f.Add(goodHead, goodWeights)
	f.Add(goodHead, goodWeights[:100])
	f.Add([]byte(`{"format": "tensorzoo checkpoint", "version": 1, "model": {"spec": {"cell": "rnn", "in_modes": [2], "out_modes": [1], "classes": 2}, "dtype": "float32"}}`), goodWeights)
	f.Fuzz(func(t *testing.T, head, weights []byte) {
		if state, err := readTensors(weights, 100); err == nil {
			var out bytes.Buffer
			require.NoError(t, writeTensors(&out, state))
		}
		m, err := decodeModel(head, weights)
		if err != nil {
			require.NotContains(t, err.Error(), "runtime error")
			return
		}
		var out bytes.Buffer
		require.NoError(t, writeTensors(&out, m.tensors))
		for _, p := range m.tensors {
			require.Negative(t, p.notFinite())
		}
	})
}
