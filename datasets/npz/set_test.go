package npz

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

const golden = "testdata/"

func openFiles(t testing.TB, train, test string, opt datasets.Options) datasets.Set {
	t.Helper()
	set, err := Open("npz:"+train+","+test, opt)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, set.Close()) })
	return set
}

// kinds are the files that savez and savez_compressed wrote.
var kinds = []string{".npz", "-compressed.npz"}

// The files that numpy wrote, against the formulas in make.py.
func TestNPZGoldenBytes(t *testing.T) {
	for _, kind := range kinds {
		set := openFiles(t, golden+"uint8-train"+kind, golden+"uint8-test"+kind, datasets.Options{Normalise: "none"})
		assert.Equal(t, []string{"stehen", "gehen", "zurück", "走る"}, set.Classes())
		assert.Equal(t, []int{2, 4, 3}, set.StepShape())
		assert.Equal(t, 4, set.Steps(), "of the longer file")
		assert.Equal(t, 9, set.Clips(datasets.Train))
		assert.Equal(t, 5, set.Clips(datasets.Test))
		assert.Zero(t, set.Clips(datasets.Validation))
		assert.Empty(t, set.Normalisation().Mean)
		const step = 2 * 4 * 3
		for _, part := range []struct {
			part    datasets.Part
			steps   int
			lengths []int
			label   func(i int) int
		}{
			{datasets.Train, 3, []int{3, 2, 1, 3, 3, 2, 1, 1, 3}, func(i int) int { return i % 4 }},
			{datasets.Test, 4, []int{4, 1, 2, 3, 4}, func(i int) int { return (4 - i) % 4 }},
		} {
			for i, want := range part.lengths {
				x := slices.Repeat([]float32{99}, 4*step)
				label, steps, err := set.Read(part.part, i, x)
				require.NoError(t, err)
				assert.Equal(t, part.label(i), label)
				assert.Equal(t, want, steps)
				for k, v := range x {
					level := float32((i*part.steps*step + k) * 7 % 251)
					if k >= want*step {
						level = 0
					}
					require.Equal(t, level, v, "clip %d, value %d", i, k)
				}
			}
		}
	}
}

func TestNPZGoldenFloats(t *testing.T) {
	for _, kind := range kinds {
		set := openFiles(t, golden+"float32-train"+kind, golden+"float32-test"+kind, datasets.Options{Normalise: "none"})
		assert.Equal(t, []string{"0", "1", "2"}, set.Classes())
		assert.Equal(t, []int{6}, set.StepShape())
		for i, want := range []int{1, 2, 3, 2} {
			x := newClip(set)
			_, steps, err := set.Read(datasets.Test, i, x)
			require.NoError(t, err)
			assert.Equal(t, want, steps)
			for k, v := range x[:want*6] {
				require.Equal(t, float32((i*18+k)*37%101-50)/8, v)
			}
			assert.Zero(t, slices.Max(x[want*6:]), "padding was NaN")
		}
	}
}

func TestNPZClassNames(t *testing.T) {
	identity := &preprocess.Normalisation{}
	for _, name := range []string{"bytes-classes.npz", "big-classes.npz"} {
		set, err := Open("npz:"+golden+name, datasets.Options{Normalisation: identity})
		require.NoError(t, err)
		assert.Equal(t, []string{"left", "right"}, set.Classes())
		assert.Zero(t, set.Clips(datasets.Train))
		assert.Equal(t, 2, set.Clips(datasets.Test))
		_, _, err = set.Read(datasets.Train, 0, newClip(set))
		assert.EqualError(t, err, "datasets: npz:"+golden+name+" has no train clip 0, it has 0")
		require.NoError(t, set.Close())
	}
	given := []string{"a", "b", "c", "d"}
	set, err := Open("npz:"+golden+"float32-test.npz", datasets.Options{Normalisation: identity, Classes: given})
	require.NoError(t, err)
	assert.Equal(t, given, set.Classes(), "those of the checkpoint")
	require.NoError(t, set.Close())
}

// Names of classes that are more than what is read at a time, and end within a name.
func TestNPZManyClassNames(t *testing.T) {
	var names []byte
	for k := range 3000 {
		names = fmt.Appendf(names, "%0101d", k)
	}
	path := writeNPZ(t, "a.npz", true, goodX, goodY, testArray{"classes", npyArray("|S101", "(3000,)", names)})
	classes := openFiles(t, path, path, datasets.Options{}).Classes()
	require.Len(t, classes, 3000)
	for k, name := range classes {
		require.Equal(t, fmt.Sprintf("%0101d", k), name)
	}
}

// The statistics are of the real steps of the training file, whatever is in the
// padding and in the test file.
func TestNPZNormalisation(t *testing.T) {
	for _, mode := range []string{"", "auto", "channel", "global", "none"} {
		set := openFiles(t, golden+"uint8-train.npz", golden+"uint8-test.npz", datasets.Options{Normalise: mode})
		n := set.Normalisation()
		switch mode {
		case "none":
			assert.Empty(t, n.Mean)
			continue
		case "global":
			assert.Len(t, n.Mean, 1)
		default:
			assert.Len(t, n.Mean, 3)
		}
		sum, squares, count := make([]float64, len(n.Mean)), make([]float64, len(n.Mean)), 0.0
		for i := range set.Clips(datasets.Train) {
			x := newClip(set)
			_, steps, err := set.Read(datasets.Train, i, x)
			require.NoError(t, err)
			for k, v := range x[:steps*24] {
				sum[k%len(sum)] += float64(v)
				squares[k%len(sum)] += float64(v) * float64(v)
				count += 1 / float64(len(sum))
			}
		}
		for c := range sum {
			assert.InDelta(t, 0, sum[c]/count, 1e-6)
			assert.InDelta(t, 1, squares[c]/count, 1e-5)
		}
	}
	minus := openFiles(t, golden+"uint8-train.npz", golden+"uint8-test.npz", datasets.Options{Normalise: "minus128"})
	assert.Equal(t, preprocess.Normalisation{Mean: []float64{128}, Std: []float64{1}}, minus.Normalisation())
	long := openFiles(t, golden+"float32-train.npz", golden+"float32-test.npz", datasets.Options{})
	assert.Len(t, long.Normalisation().Mean, 6, "float32 has a unit for each place")
}

// A checkpoint's normalisation gives the same values without the training file.
func TestNPZOfCheckpoint(t *testing.T) {
	both := openFiles(t, golden+"uint8-train.npz", golden+"uint8-test.npz", datasets.Options{})
	n := both.Normalisation()
	alone, err := Open("npz:"+golden+"uint8-test-compressed.npz", datasets.Options{Normalisation: &n, Classes: both.Classes()})
	require.NoError(t, err)
	defer alone.Close()
	a, b := newClip(both), newClip(alone)
	for i := range alone.Clips(datasets.Test) {
		_, _, err := both.Read(datasets.Test, i, a)
		require.NoError(t, err)
		_, _, err = alone.Read(datasets.Test, i, b)
		require.NoError(t, err)
		assert.Equal(t, a, b)
	}
}

func TestNPZFingerprint(t *testing.T) {
	stored := openFiles(t, golden+"uint8-train.npz", golden+"uint8-test.npz", datasets.Options{})
	packed := openFiles(t, golden+"uint8-train-compressed.npz", golden+"uint8-test-compressed.npz", datasets.Options{})
	assert.Equal(t, stored.Fingerprint(), packed.Fingerprint())

	seen := make(map[string]bool)
	for _, test := range []struct {
		x       []byte
		y       []byte
		lengths []byte
		new     bool
	}{
		{[]byte{1, 2, 3, 4}, []byte{0, 1}, nil, true},
		{[]byte{1, 2, 3, 4}, []byte{0, 1}, nil, false},
		{[]byte{1, 2, 3, 5}, []byte{0, 1}, nil, true},
		{[]byte{1, 2, 3, 4}, []byte{1, 0}, nil, true},
		{[]byte{1, 2, 3, 4}, []byte{0, 1}, []byte{1, 2}, true},
		{[]byte{1, 2, 3, 4}, []byte{0, 1}, []byte{2, 1}, true},
	} {
		arrays := []testArray{{"x", npyArray("|u1", "(2, 2, 1)", test.x)}, {"y", npyArray("|u1", "(2,)", test.y)}}
		if test.lengths != nil {
			arrays = append(arrays, testArray{"lengths", npyArray("|u1", "(2,)", test.lengths)})
		}
		path := writeNPZ(t, "a.npz", false, arrays...)
		set := openFiles(t, path, path, datasets.Options{})
		assert.Equal(t, test.new, !seen[set.Fingerprint()], "%+v", test)
		seen[set.Fingerprint()] = true
	}
}

func TestNPZReadErrors(t *testing.T) {
	set := openFiles(t, golden+"float32-train.npz", golden+"float32-test.npz", datasets.Options{})
	x := newClip(set)
	for _, test := range []struct {
		part datasets.Part
		clip int
		x    []float32
		want string
	}{
		{datasets.Train, 8, x, "datasets: " + set.Name() + " has no train clip 8, it has 8"},
		{datasets.Validation, 0, x, "datasets: " + set.Name() + " has no validation clip 0, it has 0"},
		{datasets.Part(-1), 0, x, "datasets: " + set.Name() + " has no Part(-1) clip 0, it has 0"},
		{datasets.Test, 0, x[1:], "datasets: " + set.Name() + ": x has room for 29 values, a clip is 5·6 = 30"},
	} {
		_, _, err := set.Read(test.part, test.clip, test.x)
		assert.EqualError(t, err, test.want)
	}
}

// A file that is overwritten while it is open, by NaN, by values too large for
// the normalisation, and by a shorter one.
func TestNPZFileChanges(t *testing.T) {
	path := writeNPZ(t, "a.npz", false, testArray{"y", npyArray("|u1", "(2,)", []byte{0, 1})},
		testArray{"x", npyArray("<f4", "(2, 1, 2)", f4(0, 1e-30, 1e-30, 0))})
	set := openFiles(t, path, path, datasets.Options{})
	x := newClip(set)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	start := int64(bytes.Index(data, f4(0, 1e-30, 1e-30, 0)))
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer file.Close()
	for v, want := range map[float32]string{
		float32(math.NaN()):      "datasets: " + path + ": x[1, 0, 1] is not a finite float32 after normalisation; the file may have changed since it was opened",
		float32(math.Inf(-1)):    "datasets: " + path + ": x[1, 0, 1] is not a finite float32 after normalisation; the file may have changed since it was opened",
		float32(math.MaxFloat32): "datasets: " + path + ": x[1, 0, 1] is not a finite float32 after normalisation; the file may have changed since it was opened",
	} {
		_, err := file.WriteAt(f4(v), start+12)
		require.NoError(t, err)
		_, _, err = set.Read(datasets.Train, 1, x)
		assert.EqualError(t, err, want)
	}
	require.NoError(t, file.Truncate(start+14))
	_, _, err = set.Read(datasets.Train, 1, x)
	assert.EqualError(t, err, "datasets: "+path+": cannot read x[1, 0, 0]: EOF")
	_, _, err = set.Read(datasets.Train, 0, x)
	assert.NoError(t, err)
}

func TestNPZReadIsConcurrent(t *testing.T) {
	for _, kind := range kinds {
		set := openFiles(t, golden+"uint8-train"+kind, golden+"uint8-test"+kind, datasets.Options{})
		var want [9][]float32
		for i := range want {
			want[i] = newClip(set)
			_, _, err := set.Read(datasets.Train, i, want[i])
			require.NoError(t, err)
		}
		var wg sync.WaitGroup
		for worker := range 4 {
			wg.Go(func() {
				x := newClip(set)
				for k := range 200 {
					i := (k + worker) % len(want)
					if _, _, err := set.Read(datasets.Train, i, x); assert.NoError(t, err) {
						assert.True(t, slices.Equal(want[i], x), "clip %d", i)
					}
				}
			})
		}
		wg.Wait()
	}
}

// Batches of clips of unequal lengths: zeros after the end of each.
func TestNPZBatches(t *testing.T) {
	set := openFiles(t, golden+"uint8-train-compressed.npz", golden+"uint8-test-compressed.npz", datasets.Options{})
	x := newClip(set)
	clips := 0
	for b, err := range datasets.Batches(set, datasets.Test, 2, datasets.Order(5, 1, 2)) {
		require.NoError(t, err)
		for k, i := range b.Clips {
			label, steps, err := set.Read(datasets.Test, i, x)
			require.NoError(t, err)
			assert.Equal(t, label, b.Labels[k])
			assert.Equal(t, steps, b.Steps[k])
			assert.Equal(t, x, b.X[k*len(x):(k+1)*len(x)])
			clips++
		}
	}
	assert.Equal(t, 5, clips)
}

// Close gives back all files, also those without a name any more, and leaves
// nothing in the temporary folder. So does an Open that fails late.
func TestNPZCloses(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	before := openDescriptors(t)
	goroutines := runtime.NumGoroutine()
	for _, kind := range kinds {
		set, err := Open("npz:"+golden+"uint8-train"+kind+","+golden+"uint8-test"+kind, datasets.Options{})
		require.NoError(t, err)
		if before >= 0 {
			assert.Greater(t, openDescriptors(t), before)
		}
		require.NoError(t, set.Close())
		require.NoError(t, set.Close())
		_, _, err = set.Read(datasets.Train, 0, newClip(set))
		assert.ErrorIs(t, err, os.ErrClosed)
		assert.ErrorContains(t, err, "datasets: "+golden+"uint8-train"+kind+": cannot read x[0, 0, 0, 0, 0]: ")
	}
	bad := writeNPZ(t, "bad.npz", true, testArray{"y", npyArray("|u1", "(1,)", []byte{1})},
		testArray{"x", npyArray("<f4", "(1, 1, 6)", f4(1, 2, 3, 4, 5, float32(math.NaN())))})
	_, err := Open("npz:"+golden+"float32-train-compressed.npz,"+bad, datasets.Options{})
	require.EqualError(t, err, "datasets: "+bad+": x[0, 0, 5] is NaN, want finite numbers in all steps of a clip; leave them out, or np.nan_to_num(x)")
	assert.Equal(t, before, openDescriptors(t))
	assert.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "tensorzoo-*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

// openDescriptors counts the open files of the process, -1 where it cannot.
func openDescriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	n := 0
	for _, e := range entries {
		// Pipes and event queues come and go with the runtime.
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && filepath.IsAbs(target) && !strings.HasPrefix(target, "/dev") {
			n++
		}
	}
	return n
}

// Whatever the shape, lengths, dtype and packing, Read gives back what was
// written, padding excepted.
func TestNPZRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(1, 5), 3, 6).Draw(t, "shape")
		clips, steps, stepLen := shape[0], shape[1], dims.Size(shape[2:])
		values := make([]float32, dims.Size(shape))
		for k := range values {
			values[k] = rapid.Float32Range(-1e6, 1e6).Draw(t, "v")
		}
		lengths := make([]byte, clips)
		labels := make([]byte, clips)
		for i := range clips {
			lengths[i] = byte(rapid.IntRange(1, steps).Draw(t, "length"))
			labels[i] = byte(rapid.IntRange(0, 3).Draw(t, "label"))
			for k := int(lengths[i]) * stepLen; k < steps*stepLen; k++ {
				values[i*steps*stepLen+k] = float32(math.NaN())
			}
		}
		tuple := "("
		for _, n := range shape {
			tuple += fmt.Sprint(n, ", ")
		}
		one := fmt.Sprintf("(%d,)", clips)
		path := filepath.Join(dir, "a.npz")
		require.NoError(t, os.WriteFile(path, npz(rapid.Bool().Draw(t, "packed"),
			testArray{"x", npyArray("<f4", tuple+")", f4(values...))},
			testArray{"y", npyArray("|u1", one, labels)},
			testArray{"lengths", npyArray("|i1", one, lengths)},
			testArray{"classes", npyArray("|S1", "(4,)", []byte("abcd"))}), 0o600))
		set, err := Open("npz:"+path, datasets.Options{Normalisation: &preprocess.Normalisation{}})
		require.NoError(t, err)
		defer set.Close()
		x := newClip(set)
		for i := range clips {
			label, got, err := set.Read(datasets.Test, i, x)
			require.NoError(t, err)
			require.Equal(t, int(labels[i]), label)
			require.Equal(t, int(lengths[i]), got)
			end := got * stepLen
			require.Equal(t, values[i*steps*stepLen:][:end], x[:end])
			require.Equal(t, make([]float32, len(x)-end), x[end:])
		}
	})
}

// A model that reads other steps says so before anything is unpacked, for which there
// is no room here.
func TestAcceptComesBeforeUnpacking(t *testing.T) {
	path := writeNPZ(t, "a.npz", true, testArray{"x", npyArray("<f4", "(2, 1, 3)", f4(0, 0, 0, 0, 0, 0))}, testArray{"y", npyArray("|u1", "(2,)", []byte{0, 1})})
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "nowhere"))
	refused := errors.New("no")
	_, err := Open("npz:"+path+","+path, datasets.Options{Accept: func(set string, step []int) error {
		require.Equal(t, "npz:"+path+","+path, set)
		require.Equal(t, []int{3}, step)
		return refused
	}})
	require.Equal(t, refused, err)
	_, err = Open("npz:"+path+","+path, datasets.Options{})
	require.ErrorContains(t, err, "cannot unpack x")
}

// Folds of npz files are of all their clips, of one file or two, and measured on the
// clips that are trained on.
func TestFoldsOfNPZ(t *testing.T) {
	for _, kind := range []string{"uint8", "float32"} {
		for _, names := range []string{
			golden + kind + "-train.npz," + golden + kind + "-test.npz", golden + kind + "-train-compressed.npz," + golden + kind + "-test-compressed.npz",
			golden + kind + "-train.npz",
		} {
			plain, err := datasets.Open("npz:"+names, datasets.Options{Normalisation: &preprocess.Normalisation{}, Classes: nil})
			if plain == nil { // a file without classes needs those of a checkpoint
				plain, err = datasets.Open("npz:"+names, datasets.Options{Normalisation: &preprocess.Normalisation{}, Classes: []string{"0", "1", "2"}})
			}
			require.NoError(t, err)
			defer plain.Close()
			values := func(s datasets.Set, p datasets.Part, i int) string {
				x := newClip(s)
				label, steps, err := s.Read(p, i, x)
				require.NoError(t, err)
				return fmt.Sprint(label, steps, x)
			}
			var all, folded []string
			for _, p := range []datasets.Part{datasets.Train, datasets.Test} {
				for i := range plain.Clips(p) {
					all = append(all, values(plain, p, i))
				}
			}
			for fold := range 3 {
				split := fmt.Sprintf("fold:%d/3", fold+1)
				s, err := datasets.Open("npz:"+names, datasets.Options{Split: split, Normalise: "none"})
				require.NoError(t, err)
				require.Equal(t, "npz:"+names+" ("+split+")", s.Name())
				require.Equal(t, plain.Fingerprint(), s.Fingerprint())
				require.Equal(t, plain.Classes(), s.Classes())
				require.Equal(t, len(all), s.Clips(datasets.Train)+s.Clips(datasets.Test))
				require.Zero(t, s.Clips(datasets.Validation))
				width := dims.Size(s.StepShape())
				want := measure.NewMeter(1)
				for i := range s.Clips(datasets.Train) {
					x := newClip(s)
					_, steps, err := s.Read(datasets.Train, i, x)
					require.NoError(t, err)
					want.Floats(x[:steps*width])
				}
				for i := range s.Clips(datasets.Test) {
					folded = append(folded, values(s, datasets.Test, i))
				}
				_, _, err = s.Read(datasets.Test, s.Clips(datasets.Test), newClip(s))
				require.ErrorContains(t, err, "has no test clip")
				require.NoError(t, s.Close())

				s, err = datasets.Open("npz:"+names, datasets.Options{Split: split, Normalise: "global"})
				require.NoError(t, err)
				require.InDelta(t, want.Normalisation().Mean[0], s.Normalisation().Mean[0], 1e-9)
				require.InDelta(t, want.Normalisation().Std[0], s.Normalisation().Std[0], 1e-9)
				require.NoError(t, s.Close())
			}
			require.ElementsMatch(t, all, folded)
			_, err = datasets.Open("npz:"+names, datasets.Options{Split: "fold:1/99"})
			require.ErrorContains(t, err, "clips cannot be cut into 99 folds")
		}
	}
}

// Pieces are read from the files in place, and are those of whole clips.
func TestNPZPieces(t *testing.T) {
	for _, kind := range kinds {
		set := openFiles(t, golden+"uint8-train"+kind, golden+"uint8-test"+kind, datasets.Options{})
		clip := newClip(set)
		step := len(clip) / set.Steps()
		for piece := 1; piece <= set.Steps(); piece++ {
			read := 0
			for b, err := range datasets.Pieces(set, datasets.Test, 2, piece, datasets.Order(5, 1, 2)) {
				require.NoError(t, err)
				for k, i := range b.Clips {
					label, steps, err := set.Read(datasets.Test, i, clip)
					require.NoError(t, err)
					require.Equal(t, label, b.Labels[k])
					require.Equal(t, steps, b.Steps[k])
					there := clip[b.From*step : min(b.From+piece, set.Steps())*step]
					require.Equal(t, there, b.X[k*piece*step:][:len(there)])
					require.Equal(t, slices.Max(b.Steps) > b.From+piece, b.More)
					read += max(0, min(piece, steps-b.From))
				}
			}
			all := 0
			for i := range 5 {
				_, steps, err := set.Read(datasets.Test, i, clip)
				require.NoError(t, err)
				all += steps
			}
			require.Equal(t, all, read)
		}
	}
}
