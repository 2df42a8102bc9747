package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/preprocess"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// A clip has one answer, however it is called and whichever others are asked about:
// evenly as with draws, of which a seed decides.
func TestNamesDoNotDecide(t *testing.T) {
	dir, clips := trained(t)
	clip := filepath.Join(clips, "cross left", "03")
	for _, how := range [][]string{nil, {"-sample", "even"}, {"-sample", "random"}, {"-sample", "random", "-seed", "9", "-draws", "4"}} {
		args := append([]string{"-checkpoint", dir, "-json"}, how...)
		out, _, err := call(append(args, clip)...)
		require.NoError(t, err)
		want := answers(t, out)[0]
		for _, name := range []string{"a", "b", "another name"} {
			copied := filepath.Join(t.TempDir(), name)
			require.NoError(t, os.CopyFS(copied, os.DirFS(clip)))
			out, _, err := call(append(args, filepath.Join(clips, "disc up", "00"), copied)...)
			require.NoError(t, err)
			got := answers(t, out)[1]
			got.Clip = want.Clip
			require.Equal(t, want, got, "%q %q", how, name)
		}
	}
}

// The answer of several draws is the mean of the probabilities of each, and the output
// says how frames were taken.
func TestDraws(t *testing.T) {
	dir, clips := trained(t)
	clip := filepath.Join(clips, "cross left", "03")
	all := func(args ...string) answer {
		out, _, err := call(append([]string{"-checkpoint", dir, "-json", "-top", "8"}, append(args, clip)...)...)
		require.NoError(t, err)
		return answers(t, out)[0]
	}
	even, one := all(), all("-sample", "random", "-seed", "3")
	require.Equal(t, sampled{Sample: "even"}, even.sampled)
	seed := uint64(3)
	require.Equal(t, sampled{Sample: "random", Draws: 1, Seed: &seed}, one.sampled)
	require.NotEqual(t, even.Classes, one.Classes)
	require.NotEqual(t, one.Classes, all("-sample", "random", "-seed", "4").Classes)

	// Draw by draw, by the library.
	const draws = 5
	m, err := zoo.Load(filepath.Join(dir, "best"))
	require.NoError(t, err)
	p, err := m.Predictor(1)
	require.NoError(t, err)
	defer p.Close()
	r := video.Reader{
		StepShape: m.Input.StepShape, Sampling: preprocess.Sampling{Steps: 4, Sample: "random"}, Normalisation: m.Input.Normalisation, Seed: 3, Draws: draws,
	}
	c, err := r.Read(t.Context(), clip)
	require.NoError(t, err)
	mean := map[string]float64{}
	for k := range draws {
		size := len(c.X) / draws
		logits, err := p.Clip(c.X[k*size:(k+1)*size], c.Steps, nil)
		require.NoError(t, err)
		guesses, err := m.Guesses(logits)
		require.NoError(t, err)
		for _, g := range guesses {
			mean[g.Class] += g.Probability / draws
		}
	}
	got, sum := all("-sample", "random", "-seed", "3", "-draws", "5"), 0.0
	require.Equal(t, draws, got.Draws)
	require.Len(t, got.Classes, 8)
	for _, g := range got.Classes {
		require.InDelta(t, mean[g.Class], g.Probability, 1e-6)
		sum += g.Probability
	}
	require.InDelta(t, 1, sum, 1e-12)
	require.NotEqual(t, one.Classes, got.Classes)

	for want, args := range map[string][]string{
		"4 frames of a clip are read, at equal distances\nclip": nil,
		"4 frames of a clip are read, drawn by -seed 1\nclip":   {"-sample", "random"},
		"mean of 5 draws of 4 frames of a clip, by -seed 3\n":   {"-sample", "random", "-draws", "5", "-seed", "3"},
	} {
		out, _, err := call(append([]string{"-checkpoint", dir, clip}, args...)...)
		require.NoError(t, err)
		require.Contains(t, out, want)
	}
	out, log, err := call("-checkpoint", dir, "-csv", "-follow", clip)
	require.NoError(t, err)
	require.Equal(t, "4 frames of a clip are read, at equal distances\n", log)
	require.Regexp(t, `^clip,step,frame,class_1,probability_1,class_2,probability_2,class_3,probability_3\n\S.*,1,0,`, out)
	require.Equal(t, 5, strings.Count(out, "\n"))
	// A stream is read once for all draws.
	whole := video.Reader{StepShape: m.Input.StepShape, Sampling: preprocess.Sampling{Steps: preprocess.AllSteps, Sample: "even"}}
	c, err = whole.Read(t.Context(), clip)
	require.NoError(t, err)
	raw := make([]byte, len(c.X))
	for k, v := range c.X {
		raw[k] = byte(v)
	}
	out, _, err = callWith(raw, "-checkpoint", dir, "-json", "-top", "8", "-sample", "random", "-seed", "3", "-draws", "5", "-")
	require.NoError(t, err)
	requireSame(t, got.Classes, answers(t, out)[0].Classes)
}
