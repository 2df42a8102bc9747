package features

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/internal/clipfiles"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/internal/npy"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// writeFeatures writes an array (steps, features) at a path below root.
func writeFeatures(t testing.TB, root, path string, features int, values ...float32) {
	t.Helper()
	path = filepath.Join(root, path)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	shape := fmt.Sprintf("(%d, %d)", len(values)/features, features)
	require.NoError(t, os.WriteFile(path, npyArray("<f4", shape, f4(values...)), 0o600))
}

// plantFeatures writes 10 clips of 2 features in each of 2 classes: step t of clip k
// of class c, in 1 to 10 steps, is (t, 100 c + k).
func plantFeatures(t testing.TB) (root string) {
	root = t.TempDir()
	for c, class := range []string{"a b", "c'd"} {
		for k := range 10 {
			var values []float32
			for step := range k + 1 {
				values = append(values, float32(step), float32(100*c+k))
			}
			writeFeatures(t, root, fmt.Sprintf("%s/v_%d_%02d_01.npy", class, c, k), 2, values...)
		}
	}
	return root
}

func openFeatureSet(t testing.TB, root string, opt Options) *set {
	t.Helper()
	s, err := open(t.Context(), "features:"+root, opt)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// All clips are there once, with their label, their own number of steps and zeros
// behind; with fewer steps, a sorted sample of them, and zeros in front.
func TestFeatures(t *testing.T) {
	root := plantFeatures(t)
	for _, c := range []struct {
		opt   Options
		steps int
	}{
		{Options{}, 10},
		{Options{Steps: preprocess.AllSteps}, 10},
		{Options{Steps: 4}, 4},
		{Options{Steps: 4, Sample: "even"}, 4},
		{Options{Steps: 25}, 25},
	} {
		c.opt.Normalise = "none"
		s := openFeatureSet(t, root, c.opt)
		require.Equal(t, "features:"+root+" (group)", s.Name())
		require.Equal(t, []string{"a b", "c'd"}, s.Classes())
		require.Equal(t, []int{2}, s.StepShape())
		require.Equal(t, c.steps, s.Steps())
		require.Empty(t, s.Normalisation().Mean)
		require.Equal(t, []int{16, 4, 0}, []int{s.Clips(datasets.Train), s.Clips(datasets.Test), s.Clips(datasets.Validation)})
		seen := map[float32]bool{}
		for _, p := range []datasets.Part{datasets.Train, datasets.Test} {
			for i := range s.Clips(p) {
				x := slices.Repeat([]float32{-99}, 2*c.steps)
				label, steps, err := s.Read(p, i, x)
				require.NoError(t, err)
				id := slices.Max(x) // 100 c + k; in a clip of class 0 the time is at most k
				has := int(id)%100 + 1
				taken := min(has, c.steps)
				require.Equal(t, int(id)/100, label)
				seen[id] = true
				front := 0
				if c.opt.Steps > 0 {
					front = c.steps - taken
					require.Equal(t, c.steps, steps)
				} else {
					require.Equal(t, has, steps)
				}
				var times []float32
				for step := range c.steps {
					row := x[2*step : 2*step+2]
					if step < front || step >= front+taken {
						require.Equal(t, []float32{0, 0}, row)
						continue
					}
					require.Equal(t, id, row[1])
					times = append(times, row[0])
				}
				require.True(t, slices.IsSorted(times))
				require.Len(t, slices.Compact(slices.Clone(times)), taken, "no step is taken twice")
				if taken == has || c.opt.Sample == "even" {
					require.Equal(t, []float32{0, float32(has - 1)}, []float32{times[0], times[taken-1]})
				}
			}
		}
		require.Len(t, seen, 20)
	}
}

// What is read is what was written, in any shape, and the same however often.
func TestFeaturesRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		root, err := os.MkdirTemp(t.TempDir(), "")
		require.NoError(rt, err)
		features := rapid.IntRange(1, 9).Draw(rt, "features")
		written := map[string][]float32{}
		for k := range 4 {
			steps := rapid.IntRange(1, 6).Draw(rt, "steps")
			values := rapid.SliceOfN(rapid.Float32Range(-1e6, 1e6), steps*features, steps*features).Draw(rt, "values")
			path := fmt.Sprintf("%c/%d.npy", 'a'+k%2, k)
			writeFeatures(t, root, path, features, values...)
			written[path] = values
		}
		s, err := open(t.Context(), "features:"+root, Options{Options: datasets.Options{Normalise: "none", Split: "random:1/2"}})
		require.NoError(rt, err)
		for p, clips := range s.Parts {
			for i, k := range clips {
				x := newClip(s)
				_, steps, err := s.Read(datasets.Part(p), i, x)
				require.NoError(rt, err)
				want := written[within(root, s.Paths[k])]
				require.Equal(rt, len(want), steps*features)
				require.Equal(rt, want, x[:len(want)])
			}
		}
	})
}

// The statistics are of the training part alone, and of the steps that are taken.
func TestFeaturesNormalisation(t *testing.T) {
	root := plantFeatures(t)
	for mode, entries := range map[string]int{"": 2, "channel": 2, "global": 1} {
		plain := openFeatureSet(t, root, Options{Options: datasets.Options{Normalise: "none"}, Steps: 3})
		want := measure.NewMeter(entries)
		for i := range plain.Clips(datasets.Train) {
			x := newClip(plain)
			_, _, err := plain.Read(datasets.Train, i, x)
			require.NoError(t, err)
			taken := min(3, plain.lengths[plain.Parts[datasets.Train][i]])
			want.Floats(x[2*(3-taken):])
		}
		s := openFeatureSet(t, root, Options{Options: datasets.Options{Normalise: mode}, Steps: 3})
		require.Equal(t, want.Normalisation(), s.Normalisation())
	}
	given := preprocess.Normalisation{Mean: []float64{10}, Std: []float64{2}}
	s := openFeatureSet(t, root, Options{Options: datasets.Options{Normalisation: &given, Classes: []string{"a b", "c'd"}}})
	require.Equal(t, given, s.Normalisation())
	x := newClip(s)
	_, _, err := s.Read(datasets.Train, 0, x)
	require.NoError(t, err)
	require.Equal(t, float32(-5), x[0], "step 0")

	for want, opt := range map[string]Options{
		"there are 3 entries, want 0, 1 or 2":        {Options: datasets.Options{Normalisation: &preprocess.Normalisation{Mean: make([]float64, 3), Std: []float64{1, 1, 1}}}},
		"the classes are a b, c'd, not x":            {Options: datasets.Options{Classes: []string{"x"}}},
		`there is no split "official:1"; want group`: {Options: datasets.Options{Split: "official:1"}},
		"-3 steps; want at least 1, or AllSteps":     {Steps: -3},
		"2000000000 steps; want at most 1048576":     {Steps: 2e9},
	} {
		_, err := Open(t.Context(), "features:"+root, opt)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "datasets: features:"+root)
	}
	_, err = Open(t.Context(), "features:", Options{})
	require.EqualError(t, err, "datasets: features:: no folder; write features:FOLDER")
}

// Damaged files are reported with what is wrong, left out of batches, and counted.
func TestFeaturesDamaged(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	good := npyArray("<f4", "(2, 2)", f4(1, 2, 3, 4))
	bad := map[string]struct {
		file []byte
		want string
	}{
		"empty":    {nil, "no npy header: EOF"},
		"text":     {[]byte("no array at all"), `not an npy array: it starts with "no arr"`},
		"header":   {good[:40], "npy header cut short: unexpected EOF"},
		"short":    {good[:len(good)-1], "shape (2·2) of float32 claims other than the 15 bytes after its header"},
		"long":     {append(slices.Clone(good), 0, 0, 0, 0), "shape (2·2) of float32 claims other than the 20 bytes"},
		"nothing":  {npyArray("<f4", "(0, 2)", nil), "want at least 1 step"},
		"vector":   {npyArray("<f4", "(2,)", f4(1, 2)), "shape (2), want (steps, features)"},
		"cube":     {npyArray("<f4", "(1, 2, 1)", f4(1, 2)), "shape (1·2·1), want (steps, features)"},
		"wide":     {npyArray("<f4", "(1, 3)", f4(1, 2, 3)), "it has 3 features a step, and most clips have 2"},
		"double":   {npyArray("<f8", "(1, 2)", make([]byte, 16)), "float64; save x.astype('float32')"},
		"half":     {npyArray("<f2", "(1, 2)", make([]byte, 4)), "float16; save x.astype('float32')"},
		"big":      {npyArray(">f4", "(1, 2)", f4(1, 2)), "it is big-endian float32; save x.astype('float32')"},
		"pickled":  {npyArray("|O", "(1, 2)", f4(1, 2)), "pickled Python objects; save np.array(x.tolist())"},
		"complex":  {npyArray("<c8", "(1, 2)", make([]byte, 16)), "complex64, want numbers in float32"},
		"words":    {npyArray("<U1", "(1, 2)", make([]byte, 8)), "text, want numbers in float32"},
		"fortran":  {npyWith("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", f4(1, 2, 3, 4)), "Fortran order"},
		"huge":     {npyArray("<f4", "(1073741824, 4)", nil), "shape (1073741824·4) of float32 claims other than the 0 bytes"},
		"NaN":      {npyArray("<f4", "(2, 2)", f4(1, 2, 3, nan)), "[1, 1] is NaN, want finite numbers"},
		"infinite": {npyArray("<f4", "(1, 2)", f4(inf, 2)), "[0, 0] is +Inf, want finite numbers"},
	}
	for _, split := range []string{"random:1/2", "random:2/2"} { // a file is found in either part
		root := plantFeatures(t)
		for name, b := range bad {
			require.NoError(t, os.WriteFile(filepath.Join(root, "a b", name+".npy"), b.file, 0o600))
		}
		require.NoError(t, os.Mkdir(filepath.Join(root, "a b", "folder.npy"), 0o777))
		reported := map[string]string{}
		s := openFeatureSet(t, root, Options{Options: datasets.Options{Split: split}, MaxBad: 0.5, OnBad: func(path string, err error) {
			require.NotContains(t, reported, filepath.Base(path), "once")
			reported[filepath.Base(path)] = err.Error()
		}})
		require.Equal(t, 10, s.Steps())
		for range 2 {
			read, asked := 0, 0
			for _, part := range []datasets.Part{datasets.Train, datasets.Test} {
				for b, err := range datasets.Batches(s, part, 5, datasets.Order(s.Clips(part), 1, 0)) {
					require.NoError(t, err)
					read, asked = read+b.Len, asked+b.Asked
					require.Negative(t, measure.NotFinite(b.X))
				}
			}
			require.Equal(t, []int{20, 20 + len(bad) + 1}, []int{read, asked})
		}
		require.Len(t, reported, len(bad)+1)
		for name, b := range bad {
			require.Contains(t, reported[name+".npy"], b.want)
		}
		require.Contains(t, reported["folder.npy"], "not a regular file")

		_, err := Open(t.Context(), "features:"+root, Options{})
		require.ErrorContains(t, err, fmt.Sprintf("1 of %d clips are damaged, and 0 may be; the last one is %s", 20+len(bad)+1, filepath.Join(root, "a b")))
	}
}

// A file that changes after the set was opened is damaged, too, and another set.
func TestFeaturesChanged(t *testing.T) {
	root := plantFeatures(t)
	s := openFeatureSet(t, root, Options{MaxBad: 0.2})
	before := s.Fingerprint()
	require.Equal(t, before, openFeatureSet(t, root, Options{}).Fingerprint())
	require.NotEqual(t, before, openFeatureSet(t, root, Options{Steps: 2}).Fingerprint())
	path := s.Paths[s.Parts[datasets.Test][0]]
	for _, values := range [][]float32{make([]float32, 30), {3e38, -3e38}} {
		require.NoError(t, os.WriteFile(path, npyArray("<f4", fmt.Sprintf("(%d, 2)", len(values)/2), f4(values...)), 0o600))
		require.Equal(t, before, s.Fingerprint(), "it is that of the files when it was opened")
		require.NotEqual(t, before, openFeatureSet(t, root, Options{MaxBad: 0.2}).Fingerprint())
		_, _, err := s.Read(datasets.Test, 0, newClip(s))
		var skip *datasets.SkipError
		require.ErrorAs(t, err, &skip)
		require.Equal(t, path, skip.Path)
		require.ErrorContains(t, err, path+" is left out: its shape is (")
	}
	for want, read := range map[string]func() error{
		"has no test clip 4, it has 4": func() error { _, _, err := s.Read(datasets.Test, 4, newClip(s)); return err },
		"has no validation clip 0":     func() error { _, _, err := s.Read(datasets.Validation, 0, newClip(s)); return err },
		"x has room for 3 values":      func() error { _, _, err := s.Read(datasets.Train, 0, make([]float32, 3)); return err },
	} {
		require.ErrorContains(t, read(), want)
	}
	// Too large for its normalisation.
	writeFeatures(t, root, "a b/v_0_00_01.npy", 2, 3e38, 0)
	tiny := preprocess.Normalisation{Mean: []float64{0}, Std: []float64{1e-3}}
	s = openFeatureSet(t, root, Options{Options: datasets.Options{Normalisation: &tiny}, MaxBad: 0.2})
	var failed error
	for p, clips := range s.Parts {
		for i, k := range clips {
			if within(root, s.Paths[k]) == "a b/v_0_00_01.npy" {
				_, _, failed = s.Read(datasets.Part(p), i, newClip(s))
			}
		}
	}
	require.ErrorContains(t, failed, "feature 0 of step 0 of those taken is not a finite float32 after normalisation")
}

// Reading is safe from several goroutines, damaged files among the others.
func TestFeaturesConcurrently(t *testing.T) {
	root := plantFeatures(t)
	writeFeatures(t, root, "a b/v_0_20_01.npy", 2, float32(math.NaN()), 1)
	reported := 0
	s := openFeatureSet(t, root, Options{Options: datasets.Options{Normalise: "none"}, MaxBad: 0.1, OnBad: func(string, error) { reported++ }})
	done := make(chan int)
	for g := range 4 {
		go func() {
			read := 0
			for _, p := range []datasets.Part{datasets.Train, datasets.Test} {
				order := rand.New(rand.NewPCG(uint64(g), 0)).Perm(s.Clips(p))
				for _, i := range order {
					if _, _, err := s.Read(p, i, newClip(s)); err == nil {
						read++
					}
				}
			}
			done <- read
		}()
	}
	for range 4 {
		require.Equal(t, 20, <-done)
	}
	require.Equal(t, 1, reported)
}

// Whatever happens to a file, its clip is read as finite numbers or left out.
func TestFeaturesFlipped(t *testing.T) {
	root := t.TempDir()
	writeFeatures(t, root, "a/0.npy", 2, 1, 2, 3, 4)
	writeFeatures(t, root, "b/0.npy", 2, 5, 6, 7, 8)
	for k := 1; k < 4; k++ {
		writeFeatures(t, root, fmt.Sprintf("a/%d.npy", k), 2, 1, 2)
		writeFeatures(t, root, fmt.Sprintf("b/%d.npy", k), 2, 5, 6)
	}
	path := filepath.Join(root, "a/0.npy")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		file := slices.Clone(whole)
		for range rapid.IntRange(0, 3).Draw(t, "flips") {
			file[rapid.IntRange(0, len(file)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		}
		file = file[:rapid.IntRange(0, len(file)).Draw(t, "cut")]
		require.NoError(t, os.WriteFile(path, file, 0o600))
		reported := 0
		s, err := Open(t.Context(), "features:"+root, Options{MaxBad: 0.9, OnBad: func(string, error) { reported++ }})
		require.NoError(t, err)
		read := 0
		for _, p := range []datasets.Part{datasets.Train, datasets.Test} {
			for b, err := range datasets.Batches(s, p, 3, datasets.Order(s.Clips(p), 1, 0)) {
				require.NoError(t, err)
				require.Negative(t, measure.NotFinite(b.X))
				read += b.Len
			}
		}
		require.Equal(t, 8, read+reported)
		require.LessOrEqual(t, reported, 1)
		if slices.Equal(file, whole) {
			require.Zero(t, reported)
		}
	})
}

// A clip that is in neither part that is asked for is not looked at: it may be
// damaged.
func TestFeaturesTestOnly(t *testing.T) {
	root := t.TempDir()
	for c, class := range []string{"a", "b"} {
		for k := range 10 {
			writeFeatures(t, root, fmt.Sprintf("%s/%d.npy", class, k), 2, float32(c), float32(k))
		}
	}
	set, err := Open(t.Context(), "features:"+root, Options{})
	require.NoError(t, err)
	for i := range set.Clips(datasets.Train) {
		if i%2 == 0 {
			require.NoError(t, os.WriteFile(filepath.Join(root, set.Group(datasets.Train, i)), []byte("junk"), 0o666))
		}
	}
	n := set.Normalisation()
	_, err = Open(t.Context(), "features:"+root, Options{Options: datasets.Options{Normalisation: &n}})
	require.ErrorContains(t, err, "of 20 clips are damaged")
	test, err := Open(t.Context(), "features:"+root, Options{Options: datasets.Options{Normalisation: &n}, TestOnly: true})
	require.NoError(t, err)
	require.Zero(t, test.Clips(datasets.Train))
	require.Equal(t, set.Clips(datasets.Test), test.Clips(datasets.Test))
	_, err = Open(t.Context(), "features:"+root, Options{Options: datasets.Options{Normalise: "channel"}, TestOnly: true})
	require.ErrorContains(t, err, "TestOnly leaves nothing to measure")
}

// Opening stops when it is asked to, in the middle of the files.
func TestFeaturesInterrupted(t *testing.T) {
	root := t.TempDir()
	writeFeatures(t, root, "a/1.npy", 2, 1, 2)
	writeFeatures(t, root, "b/1.npy", 2, 1, 2)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Open(ctx, "features:"+root, Options{Options: datasets.Options{Split: "random:1/2"}})
	require.ErrorIs(t, err, context.Canceled)
}

// A run whose classes are spelt with é as one letter goes on with a copy of its data
// where é is two, and the other way round.
func TestClassesSpeltOtherwise(t *testing.T) {
	const one, two = "caf\u00e9", "cafe\u0301"
	var prints []string
	for _, test := range []struct{ disk, checkpoint string }{{one, two}, {two, one}} {
		root := t.TempDir()
		for _, class := range []string{"cafz", test.disk} {
			for _, clip := range []string{"1.npy", "2.npy"} {
				writeFeatures(t, root, class+"/"+clip, 1, 1, 2)
				path := filepath.Join(root, class, clip)
				require.NoError(t, os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0)))
			}
		}
		opt := Options{Options: datasets.Options{Split: "random:1/2", Normalise: "none", Classes: []string{"cafz", test.checkpoint}}}
		s := openFeatureSet(t, root, opt)
		require.Equal(t, opt.Classes, s.Classes())
		prints = append(prints, s.Fingerprint())
		_, err := Open(t.Context(), "features:"+root, Options{Options: datasets.Options{Split: "random:1/2", Normalise: "none", Classes: []string{test.checkpoint, "cafz"}}})
		require.ErrorContains(t, err, "the classes are cafz, "+test.disk+", not "+test.checkpoint+", cafz")
	}
	require.Equal(t, prints[0], prints[1])
	require.Equal(t, clipfiles.Seed("x/"+one), clipfiles.Seed(two))
}

// npy writes an array the way numpy does.
func npyArray(descr, shape string, data []byte) []byte {
	return npyWith(fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape), data)
}

// npyWith writes an array with any dict.
func npyWith(dict string, data []byte) []byte {
	const start, align = 10, 64
	for (start+len(dict)+1)%align != 0 {
		dict += " "
	}
	dict += "\n"
	b := append([]byte(npy.Magic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(dict)))
	return append(append(b, dict...), data...)
}

func f4(values ...float32) []byte {
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, values)
	return b.Bytes()
}

func newClip(set datasets.Set) []float32 {
	return make([]float32, set.Steps()*dims.Size(set.StepShape()))
}

// within is the path of a clip below the root of its set.
func within(root, path string) string {
	path, _ = filepath.Rel(root, path)
	return filepath.ToSlash(path)
}
