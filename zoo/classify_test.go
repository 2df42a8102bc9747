package zoo_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/preprocess"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// Classify reads stored values as docs/checkpoints.md says a program does: which
// steps, with what in front, normalised.
func TestClassify(t *testing.T) {
	m := newModel(t, tiny) // 6 features
	m.ClassNames = []string{"a", "b", "c"}
	normal := preprocess.Normalisation{Mean: []float64{10, 20}, Std: []float64{2, 4}} // of the two channels
	stored := func(steps ...int) (x []float32) {
		for _, s := range steps {
			for k := range 6 {
				x = append(x, float32(7*s+k))
			}
		}
		return x
	}
	normalised := func(x []float32) []float32 {
		for k := range x {
			x[k] = (x[k] - []float32{10, 20}[k%2]) / []float32{2, 4}[k%2]
		}
		return x
	}
	for name, test := range map[string]struct {
		input *zoo.Input
		x     []float32
		want  []float32 // what the model reads
	}{
		"no input":          {nil, stored(0, 1), stored(0, 1)},
		"as many steps":     {&zoo.Input{Steps: 3, Normalisation: normal}, stored(0, 1, 2), normalised(stored(0, 1, 2))},
		"more steps":        {&zoo.Input{Steps: 3, Normalisation: normal}, stored(0, 1, 2, 3, 4, 5), normalised(stored(0, 3, 5))},
		"fewer steps":       {&zoo.Input{Steps: 3, Normalisation: normal}, stored(0, 1), normalised(stored(0, 1))},
		"sampled at random": {&zoo.Input{Steps: 3, Sampling: &preprocess.Sampling{Steps: 3, Sample: "random"}, Normalisation: normal}, stored(0, 1, 2, 3, 4), normalised(stored(0, 2, 4))},
		"padded in front":   {&zoo.Input{Steps: 3, Sampling: &preprocess.Sampling{Steps: 3, Sample: "even"}, Normalisation: normal}, stored(4), append(make([]float32, 12), normalised(stored(4))...)},
		"all steps":         {&zoo.Input{Steps: 3, Sampling: &preprocess.Sampling{Steps: preprocess.AllSteps, Sample: "even"}, Normalisation: normal}, stored(0, 1, 2, 3, 4), normalised(stored(0, 1, 2, 3, 4))},
		"not normalised":    {&zoo.Input{Steps: 3}, stored(1, 2, 3), stored(1, 2, 3)},
	} {
		t.Run(name, func(t *testing.T) {
			if test.input != nil {
				test.input.StepShape = []int{3, 2}
			}
			m.Input = test.input
			p, err := m.Predictor(1)
			require.NoError(t, err)
			defer p.Close()
			before := append([]float32{}, test.x...)
			got, err := p.Classify(test.x)
			require.NoError(t, err)
			require.Equal(t, before, test.x, "the clip is not changed")
			logits, err := p.Clip(test.want, len(test.want)/6, nil)
			require.NoError(t, err)
			sum := 0.0
			for _, v := range logits {
				sum += math.Exp(float64(v))
			}
			require.Len(t, got, 3)
			for k, g := range got {
				require.True(t, k == 0 || g.Probability <= got[k-1].Probability)
				require.InDelta(t, math.Exp(float64(logits[g.Class[0]-'a']))/sum, g.Probability, 1e-6, g.Class)
			}
		})
	}
}

func TestGuesses(t *testing.T) {
	m := newModel(t, tiny)
	// The mean of two rows: softmax(0, ln 3, 0) and softmax(0, 0, 0).
	got, err := m.Guesses([]float32{0, float32(math.Log(3)), 0, 0, 0, 0})
	require.NoError(t, err)
	require.Equal(t, []string{"class 1", "class 0", "class 2"}, []string{got[0].Class, got[1].Class, got[2].Class})
	require.InDelta(t, (0.6+1.0/3)/2, got[0].Probability, 1e-6)
	for text, logits := range map[string][]float32{
		"zoo: there are 4 logits; want rows of 3":                                                 {1, 2, 3, 4},
		"zoo: there are 0 logits; want rows of 3":                                                 {},
		"zoo: the model's answer is not a number: its weights or the clip's values are too large": {1, float32(math.NaN()), 3},
	} {
		_, err := m.Guesses(logits)
		require.EqualError(t, err, text)
	}
	p, err := m.Predictor(2)
	require.NoError(t, err)
	_, err = p.Classify(make([]float32, 6))
	require.EqualError(t, err, "zoo: Classify of a predictor for 2 sequences; it reads one clip, with Predictor(1)")
	one, err := m.Predictor(1)
	require.NoError(t, err)
	_, err = one.Classify(make([]float32, 13))
	require.EqualError(t, err, "zoo: a clip has 13 values; want steps of 6")
	_, err = one.Classify(nil)
	require.EqualError(t, err, "zoo: a clip has 0 values; want steps of 6")
}

// A checkpoint in a file system of any kind has the checks of one on disk.
func TestLoadFS(t *testing.T) {
	m := newModel(t, tiny)
	top := t.TempDir()
	require.NoError(t, m.Save(filepath.Join(top, "models", "m")))
	files := fstest.MapFS{}
	for _, name := range []string{"model.safetensors", "checkpoint.json", "SHA256SUMS"} {
		data, err := os.ReadFile(filepath.Join(top, "models", "m", name))
		require.NoError(t, err)
		files["models/m/"+name] = &fstest.MapFile{Data: data}
	}
	linked := filepath.Join(top, "linked") // as in the caches of model hubs
	require.NoError(t, os.Mkdir(linked, 0o777))
	for name := range files {
		require.NoError(t, os.Symlink(filepath.Join(top, name), filepath.Join(linked, filepath.Base(name))))
	}
	x := frames(6)
	want := built(t, m, x, 1, 1, nil)
	fromMap, err := zoo.LoadFS(files, "models/m")
	require.NoError(t, err)
	require.Equal(t, want, built(t, fromMap, x, 1, 1, nil))
	fromDisk, err := zoo.LoadFS(os.DirFS(linked), ".")
	require.NoError(t, err)
	require.Equal(t, want, built(t, fromDisk, x, 1, 1, nil))

	for text, change := range map[string]func(fstest.MapFS){
		"zoo: checkpoint models/m: SHA256SUMS: file does not exist":      func(f fstest.MapFS) { delete(f, "models/m/SHA256SUMS") },
		"zoo: checkpoint models/m: checkpoint.json: file does not exist": func(f fstest.MapFS) { delete(f, "models/m/checkpoint.json") },
		"zoo: checkpoint models/m: model.safetensors is not the file that was written: its checksum differs from SHA256SUMS": func(f fstest.MapFS) {
			f["models/m/model.safetensors"] = &fstest.MapFile{Data: make([]byte, 10)}
		},
		"zoo: checkpoint models/m: checkpoint.json is not a file": func(f fstest.MapFS) {
			f["models/m/checkpoint.json"] = &fstest.MapFile{Mode: os.ModeDir}
		},
	} {
		damaged := fstest.MapFS{}
		for name, file := range files {
			damaged[name] = file
		}
		change(damaged)
		_, err := zoo.LoadFS(damaged, "models/m")
		require.EqualError(t, err, text)
	}
	large := fstest.MapFS{"models/m/SHA256SUMS": {Data: make([]byte, 1<<20+1)}}
	_, err = zoo.LoadFS(large, "models/m")
	require.EqualError(t, err, "zoo: checkpoint models/m: SHA256SUMS: it has 1048577 bytes; want at most 1048576")
	_, err = zoo.LoadFS(files, "/models/m")
	require.ErrorContains(t, err, "zoo: checkpoint")
}
