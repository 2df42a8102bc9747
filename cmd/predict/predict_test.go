package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/preprocess"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// call runs the command with nothing on its input.
func call(args ...string) (stdout, stderr string, err error) { return callWith(nil, args...) }

func callWith(stdin []byte, args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	err = run(context.Background(), args, bytes.NewReader(stdin), &out, &errs)
	return out.String(), errs.String(), err
}

// answers reads what -json prints.
func answers(t testing.TB, out string) (all []answer) {
	for dec := json.NewDecoder(strings.NewReader(out)); dec.More(); {
		var a answer
		require.NoError(t, dec.Decode(&a))
		all = append(all, a)
	}
	return all
}

func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(school.dir)
	os.Exit(code)
}

// school is a model that was trained once for all tests, and its clips, which need
// no ffmpeg.
var school struct {
	sync.Once
	dir string
	err error
}

func trained(t testing.TB) (run, clips string) {
	school.Do(func() {
		school.dir, school.err = os.MkdirTemp("", "predict-*")
		require.NoError(t, school.err)
		shapeFolders(t, filepath.Join(school.dir, "clips"), 8)
		school.err = teach(school.dir)
	})
	require.NoError(t, school.err)
	return filepath.Join(school.dir, "run"), filepath.Join(school.dir, "clips")
}

// small is a set of small grey frames, of which each clip has four: in training in a
// draw of its own, "random".
func small(dir, sample string) (datasets.Set, error) {
	return video.Open(context.Background(), "folder:"+filepath.Join(dir, "clips"), video.Options{
		Height: 12, Width: 16, Grey: true, Steps: 4, Sample: sample, Cache: filepath.Join(dir, "cache"),
	})
}

func teach(dir string) error {
	set, err := small(dir, "random")
	if err != nil {
		return err
	}
	defer set.Close()
	spec := zoo.Spec{Cell: "gru", InModes: []int{12, 16}, OutModes: []int{4, 4}, Format: decomp.TT{Ranks: []int{4}}}
	m, err := zoo.FromSpec(spec, zoo.Options{Classes: len(set.Classes()), Seed: 1})
	if err != nil {
		return err
	}
	_, err = train.Run(context.Background(), m, set, train.Config{Epochs: 40, Batch: 8, LearningRate: 0.02, Seed: 1, Dir: filepath.Join(dir, "run")})
	return err
}

// The command answers what an evaluation of the checkpoint on even frames does, to
// rounding, and nothing of how clips are read has to be said again.
func TestAnswersAreThoseOfAnEvaluation(t *testing.T) {
	dir, clips := trained(t)
	m, err := zoo.Load(train.CheckpointDir(dir))
	require.NoError(t, err)
	set, err := small(filepath.Dir(dir), "even")
	require.NoError(t, err)
	defer set.Close()
	e, err := train.Evaluate(context.Background(), m, set, datasets.Test, 5)
	require.NoError(t, err)
	require.Greater(t, e.Accuracy, 0.5) // not a model that says the same of all

	args := []string{"-checkpoint", dir, "-json", "-top", "100", "-jobs", "3"}
	for i := range set.Clips(datasets.Test) {
		args = append(args, filepath.Join(clips, set.Group(datasets.Test, i)))
	}
	out, _, err := call(args...)
	require.NoError(t, err)
	all := answers(t, out)
	require.Len(t, all, len(e.Labels))
	for i, a := range all {
		require.Equal(t, args[7+i], a.Clip)
		want, err := m.Guesses(e.Logits[i*m.Classes() : (i+1)*m.Classes()])
		require.NoError(t, err)
		require.Equal(t, want[0].Class, a.Classes[0].Class)
		got := map[string]float64{}
		for _, g := range a.Classes {
			got[g.Class] = g.Probability
		}
		for _, g := range want {
			require.InDelta(t, g.Probability, got[g.Class], 1e-5, "%s %s", a.Clip, g.Class)
		}
	}
	// The table says the same.
	table, _, err := call("-checkpoint", dir, "-top", "1", args[7])
	require.NoError(t, err)
	require.Contains(t, table, all[0].Classes[0].Class)
	lines := strings.Split(strings.TrimSpace(table), "\n")
	require.Len(t, lines, 3)
	require.Equal(t, "4 frames of a clip are read, at equal distances", lines[0])
}

// A folder, a pattern, and names after flags are the same clips.
func TestClips(t *testing.T) {
	dir, clips := trained(t)
	folder, _, err := call("-checkpoint", dir, "-json", filepath.Join(clips, "disc up"))
	require.NoError(t, err)
	require.Len(t, answers(t, folder), 8)
	pattern, _, err := call("-checkpoint", dir, filepath.Join(clips, "disc u?", "0*"), "-json")
	require.NoError(t, err)
	require.Equal(t, folder, pattern)
	all, _, err := call("-checkpoint", dir, "-json", "-jobs", "9223372036854775807", clips)
	require.NoError(t, err)
	require.Len(t, answers(t, all), 64)
	require.Contains(t, all, folder)
}

// The answer after the last step is that of the whole clip, of a file and of a
// stream.
func TestFollow(t *testing.T) {
	dir, clips := trained(t)
	clip := filepath.Join(clips, "cross left", "03")
	one, _, err := call("-checkpoint", dir, "-json", clip)
	require.NoError(t, err)
	out, _, err := call("-checkpoint", dir, "-json", "-follow", clip)
	require.NoError(t, err)
	steps := answers(t, out)
	require.Len(t, steps, 4)
	requireSame(t, answers(t, one)[0].Classes, steps[3].Classes)
	require.NotEqual(t, steps[0].Classes, steps[3].Classes)
	for k, a := range steps {
		require.Equal(t, k+1, *a.Step)
		require.True(t, k == 0 || *a.Frame > *steps[k-1].Frame)
		require.Equal(t, sampled{Sample: "even"}, a.sampled)
	}

	// Of a stream of as many frames as the model reads, all of them are.
	raw := make([]byte, 4*12*16)
	for k := range raw {
		raw[k] = byte(k * 7)
	}
	one, _, err = callWith(raw, "-checkpoint", dir, "-json", "-")
	require.NoError(t, err)
	out, _, err = callWith(raw, "-checkpoint", dir, "-json", "-follow", "-")
	require.NoError(t, err)
	steps = answers(t, out)
	require.Len(t, steps, 4)
	requireSame(t, answers(t, one)[0].Classes, steps[3].Classes)
	out, _, err = callWith(raw, "-checkpoint", dir, "-json", "-follow", "-every", "3", "-")
	require.NoError(t, err)
	every := answers(t, out)
	require.Len(t, every, 2)
	require.Equal(t, steps[0].Classes, every[0].Classes)
	require.Equal(t, 3, *every[1].Frame)
	require.Equal(t, 2, *every[1].Step)

	table, _, err := callWith(raw, "-checkpoint", dir, "-follow", "-")
	require.NoError(t, err)
	require.Regexp(t, `^ step  frame  class`, table)
}

func requireSame(t *testing.T, want, got []zoo.Guess) {
	require.Len(t, got, len(want))
	for k := range want {
		require.Equal(t, want[k].Class, got[k].Class)
		require.InDelta(t, want[k].Probability, got[k].Probability, 1e-6)
	}
}

// Each frame is answered before the next one comes, and an interrupt does not wait
// for one.
func TestFollowIsLive(t *testing.T) {
	dir, _ := trained(t)
	ctx, interrupt := context.WithCancel(context.Background())
	camera, frames := io.Pipe()
	lines, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"-checkpoint", dir, "-json", "-follow", "-"}, camera, out, io.Discard)
		out.Close()
	}()
	dec := json.NewDecoder(lines)
	for k := range 3 {
		_, err := frames.Write(make([]byte, 12*16))
		require.NoError(t, err)
		var a answer
		require.NoError(t, dec.Decode(&a))
		require.Equal(t, k+1, *a.Step)
	}
	interrupt()
	require.ErrorIs(t, <-done, context.Canceled)
}

// What cannot be read is said in one line, and the rest is answered.
func TestBadClips(t *testing.T) {
	dir, clips := trained(t)
	bad := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(bad, "good"), os.DirFS(filepath.Join(clips, "disc up", "00"))))
	require.NoError(t, os.Mkdir(filepath.Join(bad, "bad"), 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(bad, "bad", "1.png"), []byte("no picture"), 0o666))
	out, errs, err := call("-checkpoint", dir, "-json", bad)
	require.EqualError(t, err, "predict: 1 of 2 clips have no answer, as reported above")
	require.ErrorAs(t, err, new(cmdline.Usage))
	require.Equal(t, "predict: "+filepath.Join(bad, "bad")+": 1.png: image: unknown format\n", errs)
	all := answers(t, out)
	require.Len(t, all, 2)
	require.Equal(t, "1.png: image: unknown format", all[0].Error)
	require.Empty(t, all[0].Classes)
	require.NotEmpty(t, all[1].Classes)

	const wanted = "; want raw frames, such as ffmpeg -i CLIP -f rawvideo -pix_fmt gray -s 16x12 - writes"
	for input, want := range map[string]string{
		"":                        "predict: -: there is no frame" + wanted,
		strings.Repeat("x", 1000): "predict: -: the input ends within step 5: 40 of the 192 bytes of 12·16·1 are there" + wanted,
	} {
		_, _, err := callWith([]byte(input), "-checkpoint", dir, "-")
		require.EqualError(t, err, want)
		require.ErrorAs(t, err, new(cmdline.Usage))
	}
	_, _, err = callWith(nil, "-checkpoint", dir, "-follow", "-")
	require.EqualError(t, err, "predict: -: there is no frame"+wanted)
	out, _, err = callWith(make([]byte, 200), "-checkpoint", dir, "-json", "-follow", "-")
	require.EqualError(t, err, "predict: -: the input ends within step 1: 8 of the 192 bytes of 12·16·1 are there"+wanted)
	all = answers(t, out)
	require.Len(t, all, 2)
	require.Empty(t, all[0].Error)
	require.NotEmpty(t, all[1].Error)
}

func TestUsage(t *testing.T) {
	dir, clips := trained(t)
	clip := filepath.Join(clips, "disc up", "00")
	empty := t.TempDir()
	for want, args := range map[string][]string{
		"by which model? Give its folder":                                           {clip},
		"what clip? Give a video":                                                   {"-checkpoint", dir},
		"-checkpoint nowhere: there is no such folder":                              {"-checkpoint", "nowhere", clip},
		"holds none: there is no file SHA256SUMS":                                   {"-checkpoint", empty, clip},
		"there is no file nothing.mp4":                                              {"-checkpoint", dir, "nothing.mp4"},
		"there is no file " + empty + "/*.avi":                                      {"-checkpoint", dir, empty + "/*.avi"},
		empty + " has no clip in it":                                                {"-checkpoint", dir, empty},
		"- reads standard input; leave the other clips out":                         {"-checkpoint", dir, clip, "-"},
		"-top is 0; want at least 1":                                                {"-checkpoint", dir, "-top", "0", clip},
		"-jobs is 0; want at least 1":                                               {"-checkpoint", dir, "-jobs", "0", clip},
		"-every is 0; want at least 1":                                              {"-checkpoint", dir, "-every", "0", "-follow", "-"},
		"-limit is 0s; want a positive time":                                        {"-checkpoint", dir, "-limit", "0s", clip},
		`-sample is "last"; want even or random`:                                    {"-checkpoint", dir, "-sample", "last", clip},
		"-draws is 0; want 1 to 1000":                                               {"-checkpoint", dir, "-sample", "random", "-draws", "0", clip},
		"-draws 3 is for frames that are drawn":                                     {"-checkpoint", dir, "-draws", "3", clip},
		"-seed 3 is for frames that are drawn":                                      {"-checkpoint", dir, "-seed", "3", "-sample", "even", clip},
		"-draws 2 averages answers for a whole clip":                                {"-checkpoint", dir, "-sample", "random", "-draws", "2", "-follow", clip},
		"-follow - reads every frame":                                               {"-checkpoint", dir, "-sample", "even", "-follow", "-"},
		"-every is for -follow -":                                                   {"-checkpoint", dir, "-every", "2", clip},
		"-follow and -annotate take one clip, and there are":                        {"-checkpoint", dir, "-follow", clips},
		"-annotate needs a clip in a file":                                          {"-checkpoint", dir, "-annotate", "out.mp4", "-"},
		"-annotate out: the ending says what kind of video it is; want one of .mp4": {"-checkpoint", dir, "-annotate", "out", clip},
		"-annotate has no file":                                                     {"-checkpoint", dir, "-annotate", "", clip},
		"-annotate nowhere/out.mp4: there is no folder":                             {"-checkpoint", dir, "-annotate", "nowhere/out.mp4", clip},
		"is among the frames of the clip":                                           {"-checkpoint", dir, "-annotate", filepath.Join(clip, "0.mp4"), clip},
		os.DevNull + " is neither a file nor a folder":                              {"-checkpoint", dir, os.DevNull},
		`did you mean "follow"`:                                                     {"-checkpoint", dir, "-folow", clip},
	} {
		out, _, err := call(args...)
		require.ErrorContains(t, err, want, "%q", args)
		require.ErrorAs(t, err, new(cmdline.Usage), "%q", args)
		require.NotContains(t, err.Error(), "\n")
		require.Empty(t, out)
	}
	out, _, err := call("-h")
	require.NoError(t, err)
	require.Contains(t, out, "-annotate")
}

// A model that reads the end of a clip first cannot follow, and still answers.
func TestFollowNeedsOneDirection(t *testing.T) {
	_, clips := trained(t)
	clip := filepath.Join(clips, "disc up", "00")
	spec := zoo.Spec{Cell: "gru", InModes: []int{12, 16}, OutModes: []int{4, 4}, Format: decomp.TT{Ranks: []int{4}}, Bidirectional: true}
	m, err := zoo.FromSpec(spec, zoo.Options{Classes: 2})
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "m")
	require.NoError(t, m.Save(dir))
	_, _, err = call("-checkpoint", dir, clip)
	require.ErrorContains(t, err, "does not say what its model reads")

	// Without a word on sampling, as many frames as the model was trained on are
	// taken at equal distances; classes without names have numbers.
	m.Input = &zoo.Input{Steps: 5, StepShape: []int{12, 16, 1}}
	dir = filepath.Join(t.TempDir(), "n")
	require.NoError(t, m.Save(dir))
	out, _, err := call("-checkpoint", dir, "-json", clip)
	require.NoError(t, err)
	require.Contains(t, out, `"class 1"`)
	_, _, err = call("-checkpoint", dir, "-follow", clip)
	require.ErrorContains(t, err, "bidirectional")
	require.ErrorAs(t, err, new(cmdline.Usage))

	m.Input = &zoo.Input{Steps: 5, StepShape: []int{12, 16}}
	dir = filepath.Join(t.TempDir(), "o")
	require.NoError(t, m.Save(dir))
	_, _, err = call("-checkpoint", dir, clip)
	require.ErrorContains(t, err, "steps of 12·16 are neither frames")
}

func TestGuesses(t *testing.T) {
	m, err := zoo.FromSpec(zoo.Spec{Cell: "gru", InModes: []int{2}, OutModes: []int{2}, Format: decomp.Dense{}}, zoo.Options{Classes: 3})
	require.NoError(t, err)
	m.ClassNames = []string{"a", "b", "c"}
	best := func(logits []float32, top int) ([]zoo.Guess, error) {
		return (&predictor{flags: &flags{top: top}, trained: m}).guesses(logits)
	}
	all, err := best([]float32{1, 3, 1}, 2)
	require.NoError(t, err)
	e := math.Exp(-2)
	require.Len(t, all, 2)
	require.Equal(t, "b", all[0].Class)
	require.InDelta(t, 1/(1+2*e), all[0].Probability, 1e-12)
	require.Equal(t, "a", all[1].Class) // the first of two that are as likely
	all, err = best([]float32{-3e38, 3e38, 0}, 5)
	require.NoError(t, err)
	require.Equal(t, 1.0, all[0].Probability)
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		_, err := best([]float32{0, float32(v), 1}, 3)
		require.ErrorContains(t, err, "the model's answer is not a number")
		require.NotContains(t, err.Error(), "zoo: ")
	}
}

// A checkpoint whose run is elsewhere by now is found by its folder; a damaged one
// is refused with its file's name.
func TestDamagedCheckpoint(t *testing.T) {
	dir, clips := trained(t)
	other := filepath.Join(t.TempDir(), "run")
	require.NoError(t, os.CopyFS(other, os.DirFS(dir)))
	clip := filepath.Join(clips, "disc up", "00")
	_, _, err := call("-checkpoint", filepath.Join(other, "best"), clip)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(filepath.Join(other, "best", "model.safetensors"), 100))
	_, _, err = call("-checkpoint", other, clip)
	require.ErrorContains(t, err, "model.safetensors")
	var u cmdline.Usage
	require.True(t, errors.As(err, &u))
}

// Features in .npy files, and raw on standard input, are answered as frames are.
func TestFeatures(t *testing.T) {
	spec := zoo.Spec{Cell: "gru", InModes: []int{2, 3}, OutModes: []int{2, 2}, Format: decomp.TT{Ranks: []int{2}}}
	m, err := zoo.FromSpec(spec, zoo.Options{Classes: 3, Seed: 1})
	require.NoError(t, err)
	m.Input = &zoo.Input{Steps: 9, StepShape: []int{6}, Sampling: &preprocess.Sampling{Steps: preprocess.AllSteps, Sample: "random"}}
	dir, clips := filepath.Join(t.TempDir(), "m"), t.TempDir()
	require.NoError(t, m.Save(dir))
	var raw []byte
	for k := range 5 * 6 {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(k)/8))
	}
	header := "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 6), }"
	header += strings.Repeat(" ", 117-len(header)) + "\n"
	file := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), 0)
	require.NoError(t, os.WriteFile(filepath.Join(clips, "a.npy"), append(append(file, header...), raw...), 0o666))
	out, _, err := call("-checkpoint", dir, "-json", clips)
	require.NoError(t, err)
	one := answers(t, out)
	require.Len(t, one, 1)
	for _, args := range [][]string{{"-follow", filepath.Join(clips, "a.npy")}, {"-follow", "-"}, {"-"}} {
		out, _, err := callWith(raw, append([]string{"-checkpoint", dir, "-json"}, args...)...)
		require.NoError(t, err)
		all := answers(t, out)
		requireSame(t, one[0].Classes, all[len(all)-1].Classes)
		require.True(t, len(all) == 5 || len(args) == 1)
	}
	require.Equal(t, sampled{Sample: "all"}, one[0].sampled)
	_, _, err = call("-checkpoint", dir, "-sample", "random", clips)
	require.ErrorContains(t, err, "reads every frame of a clip, and nothing is drawn; leave -sample random out")
	_, _, err = callWith(raw[:30], "-checkpoint", dir, "-")
	require.ErrorContains(t, err, "want steps of 6 little-endian float32")
	_, _, err = call("-checkpoint", dir, "-annotate", "out.mp4", filepath.Join(clips, "a.npy"))
	require.ErrorContains(t, err, "holds features")
}

// An interrupt does not wait for the end of the input.
func TestInterruptedStream(t *testing.T) {
	dir, _ := trained(t)
	ctx, interrupt := context.WithCancel(context.Background())
	camera, frames := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- run(ctx, []string{"-checkpoint", dir, "-"}, camera, io.Discard, io.Discard) }()
	_, err := frames.Write(make([]byte, 12*16))
	require.NoError(t, err)
	interrupt()
	require.ErrorIs(t, <-done, context.Canceled)
}

// Whatever a clip is called, JSON leads back to it, a terminal is shown no control
// character of it, and each answer is one line.
func TestNamesOfClips(t *testing.T) {
	dir, clips := trained(t)
	classes, err := os.ReadDir(clips)
	require.NoError(t, err)
	class := filepath.Join(clips, classes[0].Name())
	found, err := os.ReadDir(class)
	require.NoError(t, err)
	for _, test := range []struct{ name, clip, shown, js string }{
		{"plain", "a clip", "TOP/a clip", `"clip":"TOP/a clip"`},
		{"control characters", "a\nb\x1b[2J", `"TOP/a\nb\x1b[2J"`, `"clip":"TOP/a\nb\u001b[2J"`},
		{"those beyond ASCII", "a\x7f\u009b", `"TOP/a\x7f\u009b"`, `"clip":"TOP/a\u007f\u009b"`},
		{"not UTF-8", "caf\xe9", `"TOP/caf\xe9"`, `"clip_base64":"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			top := t.TempDir()
			path := filepath.Join(top, test.clip)
			if os.CopyFS(path, os.DirFS(filepath.Join(class, found[0].Name()))) != nil {
				t.Skip("this file system has no such names")
			}
			out, _, err := call("-checkpoint", dir, path)
			require.NoError(t, err)
			require.Contains(t, out, strings.ReplaceAll(test.shown, "TOP", top)+"  ")
			require.Equal(t, 3, strings.Count(out, "\n"), "a caption, headings and the answer")
			out, _, err = call("-checkpoint", dir, "-json", path)
			require.NoError(t, err)
			require.Contains(t, out, strings.ReplaceAll(test.js, "TOP", top))
			a := answers(t, out)[0]
			require.Equal(t, path, a.Clip+string(a.Bytes))

			require.NoError(t, os.WriteFile(filepath.Join(path, "frame9.png"), []byte("no picture"), 0o666))
			_, _, err = call("-checkpoint", dir, path)
			require.ErrorContains(t, err, "predict: "+strings.ReplaceAll(test.shown, "TOP", top)+": ")
		})
	}
}

// A model of sequences that were stored with their lengths reads a short clip as it
// is, without padding.
func TestUnpadded(t *testing.T) {
	_, clips := trained(t)
	spec := zoo.Spec{Cell: "gru", InModes: []int{12, 16}, OutModes: []int{4, 4}, Format: decomp.TT{Ranks: []int{4}}}
	m, err := zoo.FromSpec(spec, zoo.Options{Classes: 2, Seed: 1})
	require.NoError(t, err)
	m.Input = &zoo.Input{Steps: 100, StepShape: []int{12, 16, 1}}
	dir := filepath.Join(t.TempDir(), "m")
	require.NoError(t, m.Save(dir))
	clip := filepath.Join(clips, "disc up", "00")
	out, _, err := call("-checkpoint", dir, "-json", "-follow", clip)
	require.NoError(t, err)
	require.Len(t, answers(t, out), shapeFrames)

	r := video.Reader{StepShape: m.Input.StepShape, Sampling: preprocess.Sampling{Steps: preprocess.AllSteps, Sample: "even"}}
	c, err := r.Read(context.Background(), clip)
	require.NoError(t, err)
	p, err := m.Predictor(1)
	require.NoError(t, err)
	defer p.Close()
	logits, err := p.Clip(c.X, c.Steps, nil)
	require.NoError(t, err)
	want, err := m.Guesses(logits)
	require.NoError(t, err)
	requireSame(t, want, answers(t, out)[shapeFrames-1].Classes)
}

// An interrupt ends the command while the model is at work on a long clip.
func TestInterruptedWhileTheModelWorks(t *testing.T) {
	dir, _ := trained(t)
	p, err := (&flags{checkpoint: dir, sample: "even", draws: 1, top: 1}).load()
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	atWork := make(chan struct{})
	require.Equal(t, context.Canceled, interruptible(ctx, func() error { <-atWork; return nil }))
	close(atWork)
	p.close(ctx)
	_, err = p.model.Clip(make([]float32, 12*16), 1, nil)
	require.NoError(t, err, "the model was left alone")
	p.close(context.Background())
}
