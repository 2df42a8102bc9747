package datasets

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path"
	"slices"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// open shares sets between tests: they cannot be changed, and taking the
// statistics of one is slow under the race detector.
func open(t testing.TB, opt Options) *actionSet {
	t.Helper()
	opened.Lock()
	defer opened.Unlock()
	key := fmt.Sprintf("%+v", opt)
	if set := opened.sets[key]; set != nil {
		return set
	}
	set, err := Open("actions", opt)
	require.NoError(t, err)
	opened.sets[key] = set.(*actionSet)
	return opened.sets[key]
}

var opened = struct {
	sync.Mutex
	sets map[string]*actionSet // by the options
}{sets: make(map[string]*actionSet)}

func newClip(set Set) []float32 {
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
			set := open(t, Options{Split: test.split})
			x := newClip(set)
			seen := make(map[int]bool)
			for part, want := range map[Part][]byte{Train: test.train, Test: test.test} {
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
	set := open(t, Options{Split: heldoutSubjects})
	assert.Equal(t, []int{1024, 6, 48, 64, 3}, set.frames.shape)
	assert.Equal(t, []string{"stance", "run", "swing", "cast", "shoot", "block", "hit", "die"}, set.Classes())
	directions, err := readIDXFile(os.DirFS("."), "actions/directions-idx1-ubyte.gz", anyShape)
	require.NoError(t, err)

	n := set.frameLen()
	frame := func(clip, step int) string {
		at := (clip*set.Steps() + step) * n
		return string(set.frames.data[at : at+n])
	}
	const hit, die = 6, 7
	distinct := []int{4, 6, 4, 4, 4, 2, 2, 6}
	clips := make(map[[3]byte]int) // label, subject, direction
	for i := range 1024 {
		clips[[3]byte{set.labels[i], set.subjects[i], directions.data[i]}] = i
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
	for _, split := range Splits("actions") {
		set := open(t, Options{Split: split})
		var sum, squares [rgb]float64
		x := newClip(set)
		for i := range set.Clips(Train) {
			_, _, err := set.Read(Train, i, x)
			require.NoError(t, err)
			for k := 0; k < len(x); k += rgb {
				for c := range rgb {
					v := float64(x[k+c])
					sum[c] += v
					squares[c] += v * v
				}
			}
		}
		n := float64(set.Clips(Train) * len(x) / rgb)
		for c := range rgb {
			mean := sum[c] / n
			assert.InDelta(t, 0, mean, 1e-6, "%s: mean of channel %d", split, c)
			assert.InDelta(t, 1, math.Sqrt(squares[c]/n-mean*mean), 1e-6, "%s: deviation of channel %d", split, c)
		}
	}
}

func TestActionsStatisticsIgnoreTestClips(t *testing.T) {
	set := open(t, Options{Split: heldoutSubjects})
	frames := *set.frames
	frames.data = slices.Clone(frames.data)
	changed := *set.actions
	changed.frames = &frames
	clipLen := set.Steps() * set.frameLen()
	for _, i := range set.clips[Test] {
		for k := range clipLen {
			frames.data[i*clipLen+k] ^= 0xff
		}
	}
	again, err := newActionSet(&changed, Options{Split: set.split})
	require.NoError(t, err)
	assert.True(t, *set.norm == *again.norm)
	frames.data[set.clips[Train][0]*clipLen] ^= 0xff
	again, err = newActionSet(&changed, Options{Split: set.split})
	require.NoError(t, err)
	assert.False(t, *set.norm == *again.norm)
}

// The other modes, and a checkpoint's normalisation, which gives the same bits
// as the measuring it came from.
func TestActionsNormalisation(t *testing.T) {
	measured := open(t, Options{})
	n := measured.Normalisation()
	require.Len(t, n.Mean, rgb)
	assert.Equal(t, n, open(t, Options{Normalise: "channel"}).Normalisation())
	assert.Len(t, open(t, Options{Normalise: "global"}).Normalisation().Mean, 1)

	given, err := Open("actions", Options{Normalisation: &n, Normalise: "none", Classes: measured.Classes()})
	require.NoError(t, err)
	assert.Equal(t, crc(t, measured), crc(t, given), "a checkpoint overrides the mode")
	n.Mean[0] = 99
	assert.NotEqual(t, n, given.Normalisation(), "it is a copy")
	require.NoError(t, given.Close())

	stored := open(t, Options{Normalise: "none"})
	assert.Empty(t, stored.Normalisation().Mean)
	x := newClip(stored)
	_, _, err = stored.Read(Train, 0, x)
	require.NoError(t, err)
	for k, level := range stored.frames.data[stored.clips[Train][0]*len(x):][:len(x)] {
		require.Equal(t, float32(level), x[k])
	}
	minus := open(t, Options{Normalise: "minus128"})
	_, _, err = minus.Read(Train, 0, x)
	require.NoError(t, err)
	for k, level := range stored.frames.data[stored.clips[Train][0]*len(x):][:len(x)] {
		require.Equal(t, float32(level)-128, x[k])
	}
}

// crc sums the bits of some clips of both parts.
func crc(t *testing.T, set Set) uint32 {
	t.Helper()
	h := crc32.NewIEEE()
	x := newClip(set)
	for _, part := range []Part{Train, Test} {
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
		{Options{Split: "heldout-subjects"}, 0x097411eb},
		{Options{Split: "few-subjects"}, 0xa53fecd0},
		{Options{Height: 48, Width: 64}, 0x097411eb},
		{Options{Height: 120, Width: 160}, 0x75626230},
		{Options{Height: 32, Width: 32}, 0xa2b8350b},
	} {
		set := open(t, test.opt)
		assert.Equal(t, test.want, crc(t, set), "%+v", test.opt)
	}
}

// At twice the size each value is mixed from the stored neighbours, so frames,
// rows and columns must come out in the order of the shape.
func TestActionsScaledMatchesReference(t *testing.T) {
	set := open(t, Options{Height: 96, Width: 128, Split: fewSubjects})
	x := newClip(set)
	const clip = 201
	_, _, err := set.Read(Test, clip, x)
	require.NoError(t, err)
	stored := set.frames.data[set.clips[Test][clip]*6*set.frameLen():]
	for k := range x {
		step, row, col, c := k/(96*128*3), k/(128*3)%96, k/3%128, k%3
		level := bilinear(stored[step*set.frameLen():][:set.frameLen()], 48, 64, 96, 128, row, col, c)
		low, high := set.norm[c][max(0, int(level)-1)], set.norm[c][min(255, int(level)+1)]
		if x[k] < low || x[k] > high {
			t.Fatalf("step %d, row %d, column %d, channel %d: %v is not in [%v, %v]", step, row, col, c, x[k], low, high)
		}
	}
}

func TestActionsReadErrors(t *testing.T) {
	set := open(t, Options{Height: 120, Width: 160})
	x := newClip(set)
	for _, test := range []struct {
		part Part
		clip int
		x    []float32
		want string
	}{
		{Train, 768, x, "datasets: actions (heldout-subjects) has no train clip 768, it has 768"},
		{Test, -1, x, "datasets: actions (heldout-subjects) has no test clip -1, it has 256"},
		{Part(3), 0, x, "datasets: actions (heldout-subjects) has no Part(3) clip 0, it has 0"},
		{Validation, 0, x, "datasets: actions (heldout-subjects) has no validation clip 0, it has 0"},
		{Part(-1), 0, x, "datasets: actions (heldout-subjects) has no Part(-1) clip 0, it has 0"},
		{Train, 0, x[1:], "datasets: actions (heldout-subjects): x has room for 345599 values, a clip is 6·120·160·3 = 345600"},
		{Train, 0, nil, "datasets: actions (heldout-subjects): x has room for 0 values, a clip is 6·120·160·3 = 345600"},
	} {
		_, _, err := set.Read(test.part, test.clip, test.x)
		assert.EqualError(t, err, test.want)
	}
}

func TestActionsReadIsConcurrent(t *testing.T) {
	set := open(t, Options{Height: 120, Width: 160})
	const clips = 6
	want := make([][]float32, clips)
	for i := range want {
		want[i] = newClip(set)
		_, _, err := set.Read(Test, i, want[i])
		require.NoError(t, err)
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			x := newClip(set)
			for k := range clips {
				i := (k + worker) % clips
				if _, _, err := set.Read(Test, i, x); assert.NoError(t, err) {
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
		{"no frames", frames, nil, "datasets: open actions/frames-64x48-idx5-ubyte.gz: file does not exist"},
		{"no labels", labels, nil, "datasets: open actions/labels-idx1-ubyte.gz: file does not exist"},
		{"no subjects", subjects, nil, "datasets: open actions/subjects-idx1-ubyte.gz: file does not exist"},
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
				files[path.Join("actions", name)] = &fstest.MapFile{Data: data}
			}
			files[path.Join("actions", test.file)].Data = test.data
			if test.data == nil {
				delete(files, path.Join("actions", test.file))
			}
			a, err := readActions(files)
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
	set := open(t, Options{Height: 120, Width: 160})
	x := newClip(set)
	allocs := testing.AllocsPerRun(20, func() {
		if _, _, err := set.Read(Train, 0, x); err != nil {
			t.Fatal(err)
		}
	})
	assert.LessOrEqual(t, allocs, 18.0, "allocations of a clip of 6 frames")
}

// The licence is in the program, not only beside its sources.
func TestActionsLicenceTravels(t *testing.T) {
	text, err := fs.ReadFile(actionFiles, "actions/COPYRIGHT")
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
			set := open(b, Options{Height: size.height, Width: size.width})
			x := newClip(set)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := set.Read(Train, 100, x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
