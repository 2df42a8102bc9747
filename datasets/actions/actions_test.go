package actions

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/idxfile"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// open shares sets between tests: they cannot be changed, and taking the
// statistics of one is slow under the race detector.
func openSet(t testing.TB, opt Options) *set {
	t.Helper()
	opened.Lock()
	defer opened.Unlock()
	key := fmt.Sprintf("%+v", opt)
	if set := opened.sets[key]; set != nil {
		return set
	}
	a, err := load()
	require.NoError(t, err)
	s, err := newSet(a, opt)
	require.NoError(t, err)
	opened.sets[key] = s.(*set)
	return opened.sets[key]
}

var opened = struct {
	sync.Mutex
	sets map[string]*set // by the options
}{sets: make(map[string]*set)}

// frameLen is the number of bytes of a stored frame.
const frameLen = 48 * 64 * rgb

func newClip(set datasets.Set) []float32 {
	n := set.Steps()
	for _, k := range set.StepShape() {
		n *= k
	}
	return make([]float32, n)
}

func TestActionsSplits(t *testing.T) {
	for _, test := range []struct {
		split       string
		train, test []byte // subjects
	}{
		{"heldout-subjects", []byte{0, 1, 2, 4, 5, 6, 8, 9, 11, 12, 13, 15}, []byte{3, 7, 10, 14}},
		{"few-subjects", []byte{0, 5, 8, 13}, []byte{1, 2, 3, 4, 6, 7, 9, 10, 11, 12, 14, 15}},
	} {
		t.Run(test.split, func(t *testing.T) {
			set := openSet(t, Options{Options: datasets.Options{Split: test.split}})
			x := newClip(set)
			seen := make(map[int]bool)
			for part, want := range map[datasets.Part][]byte{datasets.Train: test.train, datasets.Test: test.test} {
				// 8 classes in 8 view directions of each subject.
				require.Equal(t, 64*len(want), set.Clips(part))
				subjects := make(map[byte]bool)
				perClass := make([]int, len(set.Classes()))
				for i, clip := range set.clips[part] {
					require.False(t, seen[clip], "clip %d is there twice", clip)
					seen[clip] = true
					perClass[set.labels[clip]]++
					subjects[set.subjects[clip]] = true
					if i%10 == 0 {
						label, steps, err := set.Read(part, i, x)
						require.NoError(t, err)
						assert.Equal(t, int(set.labels[clip]), label)
						assert.Equal(t, 6, steps)
					}
				}
				for label, n := range perClass {
					assert.Equal(t, 8*len(want), n, "%s clips of %s", part, set.Classes()[label])
				}
				for s := range byte(numSubjects) {
					assert.Equal(t, slices.Contains(want, s), subjects[s], "subject %d in %s", s, part)
				}
			}
			assert.Len(t, seen, 1024)
		})
	}
}

// What the package comment and the README say of the clips.
func TestActionsFacts(t *testing.T) {
	set := openSet(t, Options{Options: datasets.Options{Split: "heldout-subjects"}})
	assert.Equal(t, []int{1024, 6, 48, 64, 3}, set.frames.Shape)
	assert.Equal(t, []string{"stance", "run", "swing", "cast", "shoot", "block", "hit", "die"}, set.Classes())
	directions, err := idxfile.Folder{FS: os.DirFS(".")}.Tags("directions-idx1-ubyte.gz", 1024, 8)
	require.NoError(t, err)

	n := frameLen
	frame := func(clip, step int) string {
		at := (clip*set.Steps() + step) * n
		return string(set.frames.Data[at : at+n])
	}
	const hit, die = 6, 7
	distinct := []int{4, 6, 4, 4, 4, 2, 2, 6}
	clips := make(map[[3]byte]int) // label, subject, direction
	for i := range 1024 {
		clips[[3]byte{set.labels[i], set.subjects[i], directions[i]}] = i
		frames := make(map[string]bool)
		for step := range set.Steps() {
			frames[frame(i, step)] = true
		}
		assert.Len(t, frames, distinct[set.labels[i]])
	}
	require.Len(t, clips, 1024, "one clip of each label, subject and direction")
	for subject := range byte(16) {
		for direction := range byte(8) {
			h, d := clips[[3]byte{hit, subject, direction}], clips[[3]byte{die, subject, direction}]
			for step := range 6 {
				assert.True(t, frame(h, step) == frame(d, step/3))
			}
		}
	}
}

func TestActionsTrainingPartIsNormal(t *testing.T) {
	for _, split := range Splits() {
		set := openSet(t, Options{Options: datasets.Options{Split: split}})
		var sum, squares [rgb]float64
		x := newClip(set)
		for i := range set.Clips(datasets.Train) {
			_, _, err := set.Read(datasets.Train, i, x)
			require.NoError(t, err)
			for k := 0; k < len(x); k += rgb {
				for c := range rgb {
					v := float64(x[k+c])
					sum[c] += v
					squares[c] += v * v
				}
			}
		}
		n := float64(set.Clips(datasets.Train) * len(x) / rgb)
		for c := range rgb {
			mean := sum[c] / n
			assert.InDelta(t, 0, mean, 1e-6, "%s: mean of channel %d", split, c)
			assert.InDelta(t, 1, math.Sqrt(squares[c]/n-mean*mean), 1e-6, "%s: deviation of channel %d", split, c)
		}
	}
}

func TestActionsStatisticsIgnoreTestClips(t *testing.T) {
	set := openSet(t, Options{Options: datasets.Options{Split: "heldout-subjects"}})
	frames := *set.frames
	frames.Data = slices.Clone(frames.Data)
	changed := *set.actions
	changed.frames = &frames
	clipLen := set.Steps() * frameLen
	for _, i := range set.clips[datasets.Test] {
		for k := range clipLen {
			frames.Data[i*clipLen+k] ^= 0xff
		}
	}
	again, err := newSet(&changed, Options{})
	require.NoError(t, err)
	assert.Equal(t, set.Normalisation(), again.Normalisation())
	frames.Data[set.clips[datasets.Train][0]*clipLen] ^= 0xff
	again, err = newSet(&changed, Options{})
	require.NoError(t, err)
	assert.NotEqual(t, set.Normalisation(), again.Normalisation())
}

// The other modes, and a checkpoint's normalisation, which gives the same bits
// as the measuring it came from.
func TestActionsNormalisation(t *testing.T) {
	measured := openSet(t, Options{})
	n := measured.Normalisation()
	require.Len(t, n.Mean, rgb)
	assert.Equal(t, n, openSet(t, Options{Options: datasets.Options{Normalise: "channel"}}).Normalisation())
	assert.Len(t, openSet(t, Options{Options: datasets.Options{Normalise: "global"}}).Normalisation().Mean, 1)

	given, err := Open(Options{Options: datasets.Options{Normalisation: &n, Normalise: "none", Classes: measured.Classes()}})
	require.NoError(t, err)
	assert.Equal(t, crc(t, measured), crc(t, given), "a checkpoint overrides the mode")
	n.Mean[0] = 99
	assert.NotEqual(t, n, given.Normalisation(), "it is a copy")
	require.NoError(t, given.Close())

	stored := openSet(t, Options{Options: datasets.Options{Normalise: "none"}})
	assert.Empty(t, stored.Normalisation().Mean)
	x := newClip(stored)
	_, _, err = stored.Read(datasets.Train, 0, x)
	require.NoError(t, err)
	for k, level := range stored.frames.Data[stored.clips[datasets.Train][0]*len(x):][:len(x)] {
		require.Equal(t, float32(level), x[k])
	}
	minus := openSet(t, Options{Options: datasets.Options{Normalise: "minus128"}})
	_, _, err = minus.Read(datasets.Train, 0, x)
	require.NoError(t, err)
	for k, level := range stored.frames.Data[stored.clips[datasets.Train][0]*len(x):][:len(x)] {
		require.Equal(t, float32(level)-128, x[k])
	}
}

// crc sums the bits of some clips of both parts.
func crc(t *testing.T, set datasets.Set) uint32 {
	t.Helper()
	h := crc32.NewIEEE()
	x := newClip(set)
	for _, part := range []datasets.Part{datasets.Train, datasets.Test} {
		for _, i := range []int{0, 77, set.Clips(part) - 1} {
			label, steps, err := set.Read(part, i, x)
			require.NoError(t, err)
			require.NoError(t, binary.Write(h, binary.LittleEndian, []int32{int32(label), int32(steps)}))
			require.NoError(t, binary.Write(h, binary.LittleEndian, x))
		}
	}
	return h.Sum32()
}

// The sums at the stored size were also computed by a program in another
// language; those of scaled frames are what this package gave first. A change means that results
// published with an earlier version cannot be repeated.
func TestActionsGolden(t *testing.T) {
	for _, test := range []struct {
		opt  Options
		want uint32
	}{
		{Options{Options: datasets.Options{Split: "heldout-subjects"}}, 0x097411eb},
		{Options{Options: datasets.Options{Split: "few-subjects"}}, 0xa53fecd0},
		{Options{Height: 48, Width: 64}, 0x097411eb},
		{Options{Height: 120, Width: 160}, 0x75626230},
		{Options{Height: 32, Width: 32}, 0xa2b8350b},
	} {
		set := openSet(t, test.opt)
		assert.Equal(t, test.want, crc(t, set), "%+v", test.opt)
	}
}

// At twice the size each value is mixed from the stored neighbours, so frames,
// rows and columns must come out in the order of the shape.
func TestActionsScaledMatchesReference(t *testing.T) {
	set := openSet(t, Options{Options: datasets.Options{Split: "few-subjects"}, Height: 96, Width: 128})
	x := newClip(set)
	const clip = 201
	_, _, err := set.Read(datasets.Test, clip, x)
	require.NoError(t, err)
	stored := set.frames.Data[set.clips[datasets.Test][clip]*6*frameLen:]
	for k := range x {
		step, row, col, c := k/(96*128*3), k/(128*3)%96, k/3%128, k%3
		level := bilinear(stored[step*frameLen:][:frameLen], 48, 64, 96, 128, row, col, c)
		n := set.Normalisation()
		low, high := float32((math.Floor(level)-1-n.Mean[c])/n.Std[c]), float32((math.Floor(level)+1-n.Mean[c])/n.Std[c])
		if x[k] < low || x[k] > high {
			t.Fatalf("step %d, row %d, column %d, channel %d: %v is not in [%v, %v]", step, row, col, c, x[k], low, high)
		}
	}
}

func TestActionsReadErrors(t *testing.T) {
	set := openSet(t, Options{Height: 120, Width: 160})
	x := newClip(set)
	for _, test := range []struct {
		part datasets.Part
		clip int
		x    []float32
		want string
	}{
		{datasets.Train, 768, x, "datasets: actions (heldout-subjects) has no train clip 768, it has 768"},
		{datasets.Test, -1, x, "datasets: actions (heldout-subjects) has no test clip -1, it has 256"},
		{datasets.Part(3), 0, x, "datasets: actions (heldout-subjects) has no Part(3) clip 0, it has 0"},
		{datasets.Validation, 0, x, "datasets: actions (heldout-subjects) has no validation clip 0, it has 0"},
		{datasets.Part(-1), 0, x, "datasets: actions (heldout-subjects) has no Part(-1) clip 0, it has 0"},
		{datasets.Train, 0, x[1:], "datasets: actions (heldout-subjects): x has room for 345599 values, a clip is 6·120·160·3 = 345600"},
		{datasets.Train, 0, nil, "datasets: actions (heldout-subjects): x has room for 0 values, a clip is 6·120·160·3 = 345600"},
	} {
		_, _, err := set.Read(test.part, test.clip, test.x)
		assert.EqualError(t, err, test.want)
	}
}

func TestActionsReadIsConcurrent(t *testing.T) {
	set := openSet(t, Options{Height: 120, Width: 160})
	const clips = 6
	want := make([][]float32, clips)
	for i := range want {
		want[i] = newClip(set)
		_, _, err := set.Read(datasets.Test, i, want[i])
		require.NoError(t, err)
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			x := newClip(set)
			for k := range clips {
				i := (k + worker) % clips
				if _, _, err := set.Read(datasets.Test, i, x); assert.NoError(t, err) {
					assert.True(t, slices.Equal(want[i], x), "clip %d", i)
				}
			}
		})
	}
	wg.Wait()
}

func TestActionsDamagedFiles(t *testing.T) {
	const frames, labels, subjects = "frames-64x48-idx5-ubyte.gz", "labels-idx1-ubyte.gz", "subjects-idx1-ubyte.gz"
	good := map[string][]byte{
		frames:   encodeIDX([]int32{2, 1, 1, 2, 3}, []byte("abcdefghijkl")),
		labels:   encodeIDX([]int32{2}, []byte{0, 7}),
		subjects: encodeIDX([]int32{2}, []byte{0, 15}),
	}
	for _, test := range []struct {
		name, file string
		data       []byte
		want       string
	}{
		{"good", labels, good[labels], ""},
		{"no frames", frames, nil, "datasets: there is no frames-64x48-idx5-ubyte.gz in actions, plain or with .gz; see docs/data.md"},
		{"no labels", labels, nil, "datasets: there is no labels-idx1-ubyte.gz in actions, plain or with .gz; see docs/data.md"},
		{"no subjects", subjects, nil, "datasets: there is no subjects-idx1-ubyte.gz in actions, plain or with .gz; see docs/data.md"},
		{"cut frames", frames, good[frames][:30], "datasets: actions/frames-64x48-idx5-ubyte.gz: IDX file is cut short: its header announces 2·1·1·2·3 = 12 bytes, 6 are there"},
		{"grey frames", frames, encodeIDX([]int32{2, 1, 1, 2}, []byte("abcd")), "datasets: actions/frames-64x48-idx5-ubyte.gz: shape is 2·1·1·2, want (clips, steps, rows, columns, 3)"},
		{"frames with alpha", frames, encodeIDX([]int32{2, 1, 1, 1, 4}, []byte("abcdefgh")), "datasets: actions/frames-64x48-idx5-ubyte.gz: shape is 2·1·1·1·4, want (clips, steps, rows, columns, 3)"},
		{"three labels", labels, encodeIDX([]int32{3}, []byte{0, 1, 2}), "datasets: actions/labels-idx1-ubyte.gz: shape is 3, want 2, one value for each clip"},
		{"label too high", labels, encodeIDX([]int32{2}, []byte{0, 8}), "datasets: actions/labels-idx1-ubyte.gz: clip 1 has the value 8, want less than 8"},
		{"subject too high", subjects, encodeIDX([]int32{2}, []byte{16, 0}), "datasets: actions/subjects-idx1-ubyte.gz: clip 0 has the value 16, want less than 16"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := make(fstest.MapFS)
			for name, data := range good {
				files[name] = &fstest.MapFile{Data: data}
			}
			files[test.file].Data = test.data
			if test.data == nil {
				delete(files, test.file)
			}
			a, err := read(files)
			if test.want == "" {
				require.NoError(t, err)
				assert.Equal(t, []byte{0, 7}, a.labels)
				return
			}
			require.EqualError(t, err, test.want)
			assert.Nil(t, a)
		})
	}
}

// The weights and the images of a scaler are made once, not for each frame.
// The race detector makes a sync.Pool forget at times, hence the margin.
func TestActionsReadAllocates(t *testing.T) {
	set := openSet(t, Options{Height: 120, Width: 160})
	x := newClip(set)
	allocs := testing.AllocsPerRun(20, func() {
		if _, _, err := set.Read(datasets.Train, 0, x); err != nil {
			t.Fatal(err)
		}
	})
	assert.LessOrEqual(t, allocs, 18.0, "allocations of a clip of 6 frames")
}

// The licence is in the program, not only beside its sources.
func TestActionsLicenceTravels(t *testing.T) {
	text, err := fs.ReadFile(files, "COPYRIGHT")
	require.NoError(t, err)
	assert.Contains(t, string(text), "CC-BY-SA 3.0")
	assert.Contains(t, string(text), "Clint Bellanger")
}

func BenchmarkRead(b *testing.B) {
	for _, size := range []struct {
		name          string
		height, width int
	}{{"64x48", 48, 64}, {"160x120", 120, 160}, {"32x32", 32, 32}} {
		b.Run(size.name, func(b *testing.B) {
			set := openSet(b, Options{Height: size.height, Width: size.width})
			x := newClip(set)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := set.Read(datasets.Train, 100, x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Folds of the actions hold whole subjects and all classes as often.
func TestFoldsOfActions(t *testing.T) {
	subjects := map[byte]int{}
	for fold := range 4 {
		set := openSet(t, Options{Options: datasets.Options{Split: fmt.Sprintf("fold:%d/4", fold+1)}})
		require.Equal(t, fmt.Sprintf("actions (fold:%d/4)", fold+1), set.Name())
		require.Equal(t, []int{768, 256}, []int{set.Clips(datasets.Train), set.Clips(datasets.Test)})
		perClass := make([]int, 8)
		tested := map[byte]bool{}
		for _, i := range set.clips[datasets.Test] {
			perClass[set.labels[i]]++
			tested[set.subjects[i]] = true
		}
		require.Equal(t, slices.Repeat([]int{32}, 8), perClass)
		require.Len(t, tested, 4)
		for s := range tested {
			subjects[s]++
		}
		for _, i := range set.clips[datasets.Train] {
			require.False(t, tested[set.subjects[i]])
		}
		levels := measure.NewMeter(3)
		n := set.Steps() * frameLen
		for _, i := range set.clips[datasets.Train] {
			levels.Bytes(set.frames.Data[i*n : (i+1)*n])
		}
		require.Equal(t, levels.Normalisation(), set.Normalisation())
	}
	require.Len(t, subjects, numSubjects)
	_, err := Open(Options{Options: datasets.Options{Split: "fold:1/17"}})
	require.EqualError(t, err, `datasets: actions: split "fold:1/17": 16 groups cannot be cut into 17 folds`)
}

// Sizes and folds that there are not.
func TestActionsErrors(t *testing.T) {
	for _, test := range []struct {
		opt  Options
		want string
	}{
		{Options{Width: 160}, "datasets: actions: Height 0 and Width 160: give both, from 1 to 4096, or neither for the set's own size"},
		{Options{Height: -120, Width: -160}, "datasets: actions: Height -120 and Width -160: give both, from 1 to 4096, or neither for the set's own size"},
		{Options{Height: 4097, Width: 160}, "datasets: actions: Height 4097 and Width 160: give both, from 1 to 4096, or neither for the set's own size"},
		{Options{Height: 120, Width: 1 << 30}, "datasets: actions: Height 120 and Width 1073741824: give both, from 1 to 4096, or neither for the set's own size"},
	} {
		_, err := Open(test.opt)
		require.EqualError(t, err, test.want)
	}
	for want, opt := range map[string]datasets.Options{
		"datasets: actions has the classes stance, run, swing, cast, shoot, block, hit, die, not a, b":                          {Classes: []string{"a", "b"}},
		"datasets: actions: normalisation: there are 2 entries, want 0, 1 or 3, the last axis of a step":                        {Normalisation: &preprocess.Normalisation{Mean: []float64{1, 1}, Std: []float64{1, 1}}},
		`datasets: no normalisation is called "chanel"; did you mean "channel"? (known: auto, channel, global, none, minus128)`: {Normalise: "chanel"},
	} {
		_, err := Open(Options{Options: opt})
		require.EqualError(t, err, want)
	}
	for _, fold := range []string{"fold:0/5", "fold:", "fold:6/5", "fold:1/1", "fold:1/2/3", "fold:x/5"} {
		_, err := Open(Options{Options: datasets.Options{Split: fold}})
		require.ErrorContains(t, err, "datasets: actions: split \""+fold+"\"")
	}
}

// Every split opens at any size, with clips in both parts.
func TestActionsOpen(t *testing.T) {
	for _, split := range append(Splits(), "") {
		set, err := Open(Options{Options: datasets.Options{Split: split}, Height: 30, Width: 40})
		require.NoError(t, err)
		assert.Equal(t, "actions ("+cmp.Or(split, Splits()[0])+")", set.Name())
		assert.Equal(t, []int{30, 40, 3}, set.StepShape())
		assert.Regexp(t, "^[0-9a-f]{32}$", set.Fingerprint())
		assert.Positive(t, set.Clips(datasets.Train))
		assert.Positive(t, set.Clips(datasets.Test))
	}
}

// What a caller does to the lists it is given stays with the caller.
func TestListsAreCopies(t *testing.T) {
	set := openSet(t, Options{})
	Splits()[0], set.Classes()[0], set.StepShape()[0] = "x", "x", -1
	assert.Equal(t, "heldout-subjects", Splits()[0])
	assert.Equal(t, "stance", set.Classes()[0])
	assert.Equal(t, 48, set.StepShape()[0])
}

// encodeIDX writes the format from its description, as a reference.
func encodeIDX(shape []int32, data []byte) []byte {
	out := []byte{0, 0, 0x08, byte(len(shape))}
	for _, n := range shape {
		out = binary.BigEndian.AppendUint32(out, uint32(n))
	}
	return append(out, data...)
}
