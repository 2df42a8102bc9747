package datasets

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

const golden = "testdata/npz/"

func openFiles(t testing.TB, train, test string, opt Options) *npzSet {
	t.Helper()
	set, err := Open("npz:"+train+","+test, opt)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, set.Close()) })
	return set.(*npzSet)
}

// kinds are the files that savez and savez_compressed wrote.
var kinds = []string{".npz", "-compressed.npz"}

// The files that numpy wrote, against the formulas in make.py.
func TestNPZGoldenBytes(t *testing.T) {
	for _, kind := range kinds {
		set := openFiles(t, golden+"uint8-train"+kind, golden+"uint8-test"+kind, Options{Normalise: "none"})
		assert.Equal(t, []string{"stehen", "gehen", "zurück", "走る"}, set.Classes())
		assert.Equal(t, []int{2, 4, 3}, set.StepShape())
		assert.Equal(t, 4, set.Steps(), "of the longer file")
		assert.Equal(t, 9, set.Clips(Train))
		assert.Equal(t, 5, set.Clips(Test))
		assert.Zero(t, set.Clips(Validation))
		assert.Empty(t, set.Normalisation().Mean)
		const step = 2 * 4 * 3
		for _, part := range []struct {
			part    Part
			steps   int
			lengths []int
			label   func(i int) int
		}{
			{Train, 3, []int{3, 2, 1, 3, 3, 2, 1, 1, 3}, func(i int) int { return i % 4 }},
			{Test, 4, []int{4, 1, 2, 3, 4}, func(i int) int { return (4 - i) % 4 }},
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
		set := openFiles(t, golden+"float32-train"+kind, golden+"float32-test"+kind, Options{Normalise: "none"})
		assert.Equal(t, []string{"0", "1", "2"}, set.Classes())
		assert.Equal(t, []int{6}, set.StepShape())
		for i, want := range []int{1, 2, 3, 2} {
			x := newClip(set)
			_, steps, err := set.Read(Test, i, x)
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
		set, err := Open("npz:"+golden+name, Options{Normalisation: identity})
		require.NoError(t, err)
		assert.Equal(t, []string{"left", "right"}, set.Classes())
		assert.Zero(t, set.Clips(Train))
		assert.Equal(t, 2, set.Clips(Test))
		_, _, err = set.Read(Train, 0, newClip(set))
		assert.EqualError(t, err, "datasets: npz:"+golden+name+" has no train clip 0, it has 0")
		require.NoError(t, set.Close())
	}
	given := []string{"a", "b", "c", "d"}
	set, err := Open("npz:"+golden+"float32-test.npz", Options{Normalisation: identity, Classes: given})
	require.NoError(t, err)
	assert.Equal(t, given, set.Classes(), "those of the checkpoint")
	require.NoError(t, set.Close())
}

// The statistics are of the real steps of the training file, whatever is in the
// padding and in the test file.
func TestNPZNormalisation(t *testing.T) {
	for _, mode := range []string{"", "auto", "channel", "global", "none"} {
		set := openFiles(t, golden+"uint8-train.npz", golden+"uint8-test.npz", Options{Normalise: mode})
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
		for i := range set.Clips(Train) {
			x := newClip(set)
			_, steps, err := set.Read(Train, i, x)
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
	minus := openFiles(t, golden+"uint8-train.npz", golden+"uint8-test.npz", Options{Normalise: "minus128"})
	assert.Equal(t, preprocess.Normalisation{Mean: []float64{128}, Std: []float64{1}}, minus.Normalisation())
	long := openFiles(t, golden+"float32-train.npz", golden+"float32-test.npz", Options{})
	assert.Len(t, long.Normalisation().Mean, 6, "float32 has a unit for each place")
}

// A checkpoint's normalisation gives the same values without the training file.
func TestNPZOfCheckpoint(t *testing.T) {
	both := openFiles(t, golden+"uint8-train.npz", golden+"uint8-test.npz", Options{})
	n := both.Normalisation()
	alone, err := Open("npz:"+golden+"uint8-test-compressed.npz", Options{Normalisation: &n, Classes: both.Classes()})
	require.NoError(t, err)
	defer alone.Close()
	a, b := newClip(both), newClip(alone)
	for i := range alone.Clips(Test) {
		_, _, err := both.Read(Test, i, a)
		require.NoError(t, err)
		_, _, err = alone.Read(Test, i, b)
		require.NoError(t, err)
		assert.Equal(t, a, b)
	}
}

func TestNPZFingerprint(t *testing.T) {
	stored := openFiles(t, golden+"uint8-train.npz", golden+"uint8-test.npz", Options{})
	packed := openFiles(t, golden+"uint8-train-compressed.npz", golden+"uint8-test-compressed.npz", Options{})
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
		arrays := []array{{"x", npy("|u1", "(2, 2, 1)", test.x)}, {"y", npy("|u1", "(2,)", test.y)}}
		if test.lengths != nil {
			arrays = append(arrays, array{"lengths", npy("|u1", "(2,)", test.lengths)})
		}
		path := writeNPZ(t, "a.npz", false, arrays...)
		set := openFiles(t, path, path, Options{})
		assert.Equal(t, test.new, !seen[set.Fingerprint()], "%+v", test)
		seen[set.Fingerprint()] = true
	}
	for _, split := range Splits("actions") {
		assert.Regexp(t, "^[0-9a-f]{32}$", open(t, Options{Split: split}).Fingerprint())
	}
}

func TestNPZReadErrors(t *testing.T) {
	set := openFiles(t, golden+"float32-train.npz", golden+"float32-test.npz", Options{})
	x := newClip(set)
	for _, test := range []struct {
		part Part
		clip int
		x    []float32
		want string
	}{
		{Train, 8, x, "datasets: " + set.Name() + " has no train clip 8, it has 8"},
		{Validation, 0, x, "datasets: " + set.Name() + " has no validation clip 0, it has 0"},
		{Part(-1), 0, x, "datasets: " + set.Name() + " has no Part(-1) clip 0, it has 0"},
		{Test, 0, x[1:], "datasets: " + set.Name() + ": x has room for 29 values, a clip is 5·6 = 30"},
	} {
		_, _, err := set.Read(test.part, test.clip, test.x)
		assert.EqualError(t, err, test.want)
	}
}

// A file that is overwritten while it is open, by NaN, by values too large for
// the normalisation, and by a shorter one.
func TestNPZFileChanges(t *testing.T) {
	path := writeNPZ(t, "a.npz", false, array{"y", npy("|u1", "(2,)", []byte{0, 1})},
		array{"x", npy("<f4", "(2, 1, 2)", f4(0, 1e-30, 1e-30, 0))})
	set := openFiles(t, path, path, Options{})
	x := newClip(set)
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer file.Close()
	for v, want := range map[float32]string{
		float32(math.NaN()):      "datasets: " + path + ": x[1, 0, 1] is NaN; the file has changed since it was opened",
		float32(math.Inf(-1)):    "datasets: " + path + ": x[1, 0, 1] is -Inf; the file has changed since it was opened",
		float32(math.MaxFloat32): "datasets: " + path + ": x[1, 0, 1] is not a finite float32 after normalisation",
	} {
		_, err := file.WriteAt(f4(v), set.parts[Train].offset+12)
		require.NoError(t, err)
		_, _, err = set.Read(Train, 1, x)
		assert.EqualError(t, err, want)
	}
	require.NoError(t, file.Truncate(set.parts[Train].offset+14))
	_, _, err = set.Read(Train, 1, x)
	assert.EqualError(t, err, "datasets: "+path+": cannot read x[1, 0, 0]: EOF")
	_, _, err = set.Read(Train, 0, x)
	assert.NoError(t, err)
}

func TestNPZReadIsConcurrent(t *testing.T) {
	for _, kind := range kinds {
		set := openFiles(t, golden+"uint8-train"+kind, golden+"uint8-test"+kind, Options{})
		var want [9][]float32
		for i := range want {
			want[i] = newClip(set)
			_, _, err := set.Read(Train, i, want[i])
			require.NoError(t, err)
		}
		var wg sync.WaitGroup
		for worker := range 4 {
			wg.Go(func() {
				x := newClip(set)
				for k := range 200 {
					i := (k + worker) % len(want)
					if _, _, err := set.Read(Train, i, x); assert.NoError(t, err) {
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
	set := openFiles(t, golden+"uint8-train-compressed.npz", golden+"uint8-test-compressed.npz", Options{})
	x := newClip(set)
	clips := 0
	for b, err := range Batches(set, Test, 2, Order(5, 1, 2)) {
		require.NoError(t, err)
		for k, i := range b.Clips {
			label, steps, err := set.Read(Test, i, x)
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
		set, err := Open("npz:"+golden+"uint8-train"+kind+","+golden+"uint8-test"+kind, Options{})
		require.NoError(t, err)
		if before >= 0 {
			assert.Greater(t, openDescriptors(t), before)
		}
		require.NoError(t, set.Close())
		require.NoError(t, set.Close())
		_, _, err = set.Read(Train, 0, newClip(set))
		assert.ErrorIs(t, err, os.ErrClosed)
		assert.ErrorContains(t, err, "datasets: "+golden+"uint8-train"+kind+": cannot read x[0, 0, 0, 0, 0]: ")
	}
	bad := writeNPZ(t, "bad.npz", true, array{"y", npy("|u1", "(1,)", []byte{1})},
		array{"x", npy("<f4", "(1, 1, 6)", f4(1, 2, 3, 4, 5, float32(math.NaN())))})
	_, err := Open("npz:"+golden+"float32-train-compressed.npz,"+bad, Options{})
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
		clips, steps, stepLen := shape[0], shape[1], product(shape[2:])
		values := make([]float32, product(shape))
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
			array{"x", npy("<f4", tuple+")", f4(values...))},
			array{"y", npy("|u1", one, labels)},
			array{"lengths", npy("|i1", one, lengths)},
			array{"classes", npy("|S1", "(4,)", []byte("abcd"))}), 0o600))
		set, err := Open("npz:"+path, Options{Normalisation: &preprocess.Normalisation{}})
		require.NoError(t, err)
		defer set.Close()
		x := newClip(set)
		for i := range clips {
			label, got, err := set.Read(Test, i, x)
			require.NoError(t, err)
			require.Equal(t, int(labels[i]), label)
			require.Equal(t, int(lengths[i]), got)
			end := got * stepLen
			require.Equal(t, values[i*steps*stepLen:][:end], x[:end])
			require.Equal(t, make([]float32, len(x)-end), x[end:])
		}
	})
}
