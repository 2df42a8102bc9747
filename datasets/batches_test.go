package datasets

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

// fakeSet has clips of up to 3 steps of shape (2, 2). Clip i has i%3+1 steps,
// the values of which are 1+i in the training part and -1-i in the test part.
type fakeSet struct {
	clips  int
	shape  []int // instead of 2, 2
	fail   error // of the clip failAt
	failAt int
	before func(i int) // called by Read

	reads, inside atomic.Int32
}

const fakeLen = 3 * 2 * 2

func (s *fakeSet) Name() string                            { return "fake" }
func (s *fakeSet) Classes() []string                       { return []string{"even", "odd"} }
func (s *fakeSet) Steps() int                              { return 3 }
func (s *fakeSet) Fingerprint() string                     { return "" }
func (s *fakeSet) Close() error                            { return nil }
func (s *fakeSet) Label(Part, int) int                     { return -1 }
func (s *fakeSet) Group(Part, int) string                  { return "" }
func (s *fakeSet) Sampling() *preprocess.Sampling          { return nil }
func (s *fakeSet) Normalisation() preprocess.Normalisation { return preprocess.Normalisation{} }

func (s *fakeSet) Clips(p Part) int {
	if p == Validation {
		return 0
	}
	return s.clips
}

func (s *fakeSet) StepShape() []int {
	if s.shape != nil {
		return s.shape
	}
	return []int{2, 2}
}

func (s *fakeSet) Read(p Part, i int, x []float32) (label, steps int, err error) {
	s.reads.Add(1)
	s.inside.Add(1)
	defer s.inside.Add(-1)
	if s.before != nil {
		s.before(i)
	}
	if s.fail != nil && i == s.failAt {
		return 0, 0, s.fail
	}
	if len(x) != fakeLen || cap(x) != fakeLen {
		return 0, 0, errors.Errorf("x has length %d and capacity %d", len(x), cap(x))
	}
	copy(x, fakeClip(p, i))
	return i % 2, i%3 + 1, nil
}

func fakeClip(p Part, i int) []float32 {
	x := make([]float32, fakeLen)
	for k := range 4 * (i%3 + 1) {
		x[k] = float32(1 + i)
		if p == Test {
			x[k] = -x[k]
		}
	}
	return x
}

func TestBatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := &fakeSet{clips: 20}
		order := rapid.SliceOfN(rapid.IntRange(0, 19), 0, 30).Draw(t, "order")
		size := rapid.IntRange(1, 8).Draw(t, "size")
		part := rapid.SampledFrom([]Part{Train, Test}).Draw(t, "part")
		batches := Batches(set, part, size, order)
		for range 2 { // a sequence can be run again
			left := order
			seen := make(map[*Batch]bool)
			for b, err := range batches {
				require.NoError(t, err)
				seen[b] = true
				want := left[:min(size, len(left))]
				left = left[len(want):]
				require.Equal(t, len(want), b.Len)
				require.Equal(t, want, b.Clips)
				require.Len(t, b.Labels, b.Len)
				require.Len(t, b.Steps, b.Len)
				var x []float32
				for k, i := range want {
					require.Equal(t, i%2, b.Labels[k])
					require.Equal(t, i%3+1, b.Steps[k])
					x = append(x, fakeClip(part, i)...)
				}
				x = append(x, make([]float32, (size-b.Len)*fakeLen)...)
				require.Equal(t, x, b.X)
			}
			require.Empty(t, left)
			require.LessOrEqual(t, len(seen), 2, "batches in memory")
		}
	})
}

// The last, short batch is in a buffer that held other clips before.
func TestBatchesZeroFill(t *testing.T) {
	var last []float32
	for b, err := range Batches(&fakeSet{clips: 13}, Train, 3, Order(13, 1, 1)) {
		require.NoError(t, err)
		last = slices.Clone(b.X)
		for k := range b.X {
			b.X[k] = 99 // a caller may do what it likes to its batch
		}
	}
	assert.NotContains(t, last, float32(99))
	assert.Equal(t, make([]float32, 2*fakeLen), last[fakeLen:])
}

func TestBatchesReadsAhead(t *testing.T) {
	second := make(chan bool)
	set := &fakeSet{clips: 9, before: func(i int) {
		if i == 3 {
			close(second)
		}
	}}
	for b, err := range Batches(set, Train, 3, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}) {
		require.NoError(t, err)
		if b.Clips[0] != 0 {
			continue
		}
		select {
		case <-second:
		case <-time.After(10 * time.Second):
			t.Fatal("the second batch is not read while the first is in use")
		}
		time.Sleep(20 * time.Millisecond)
		assert.LessOrEqual(t, set.reads.Load(), int32(6), "no more than one batch is read ahead")
	}
}

func TestBatchesKeepsItsOrder(t *testing.T) {
	order := []int{0, 1, 2, 3, 4, 5}
	var got []int
	for b, err := range Batches(&fakeSet{clips: 6}, Train, 1, order) {
		require.NoError(t, err)
		got = append(got, b.Clips...)
		clear(order) // the slice is the caller's to use again
	}
	assert.Equal(t, []int{0, 1, 2, 3, 4, 5}, got)
}

func TestBatchesEarlyBreak(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, stopAt := range []int{1, 2, 3} {
		set := &fakeSet{clips: 100, before: func(int) { time.Sleep(time.Millisecond) }}
		n := 0
		for _, err := range Batches(set, Train, 4, Order(100, 1, 1)) {
			require.NoError(t, err)
			if n++; n == stopAt {
				break
			}
		}
		assert.Zero(t, set.inside.Load(), "the set is still read after the loop")
		reads := set.reads.Load()
		assert.LessOrEqual(t, reads, int32(4*(stopAt+1)))
		time.Sleep(5 * time.Millisecond)
		assert.Equal(t, reads, set.reads.Load())
	}
	noLeaks(t, before)
}

func TestBatchesPanicInLoop(t *testing.T) {
	before := runtime.NumGoroutine()
	assert.PanicsWithValue(t, "caller", func() {
		for range Batches(&fakeSet{clips: 100}, Train, 4, Order(100, 1, 1)) {
			panic("caller")
		}
	})
	noLeaks(t, before)
}

// noLeaks waits for goroutines that are over but not yet gone.
func noLeaks(t *testing.T, before int) {
	t.Helper()
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, there were %d", runtime.NumGoroutine(), before)
}

func TestBatchesReadError(t *testing.T) {
	before := runtime.NumGoroutine()
	fail := errors.New("clip is gone")
	set := &fakeSet{clips: 20, fail: fail, failAt: 7}
	var clips []int
	var errs []error
	for b, err := range Batches(set, Train, 3, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}) {
		if err != nil {
			assert.Nil(t, b)
			errs = append(errs, err)
			continue
		}
		clips = append(clips, b.Clips...)
	}
	assert.Equal(t, []int{0, 1, 2, 3, 4, 5}, clips)
	require.Len(t, errs, 1)
	assert.ErrorIs(t, errs[0], fail)
	assert.Equal(t, int32(8), set.reads.Load(), "nothing is read after the error")
	noLeaks(t, before)
}

func TestBatchesArguments(t *testing.T) {
	for _, test := range []struct {
		set   Set
		size  int
		order []int
		want  string
	}{
		{&fakeSet{}, 0, []int{1}, "datasets: batch size is 0, want at least 1"},
		{&fakeSet{}, -3, []int{1}, "datasets: batch size is -3, want at least 1"},
		{&fakeSet{}, math.MaxInt, []int{1}, fmt.Sprintf("datasets: a batch of %d·3·2·2 values from fake does not fit in memory, use a batch size below %[1]d", math.MaxInt)},
		{&fakeSet{shape: []int{2, 0}}, 1, []int{1}, "datasets: fake has clips of shape 3·2·0, every size must be positive"},
		{&fakeSet{shape: []int{math.MaxInt, math.MaxInt}}, 1, []int{1}, fmt.Sprintf("datasets: a batch of 1·3·%d·%[1]d values from fake does not fit in memory, use a batch size below 1", math.MaxInt)},
	} {
		n := 0
		for b, err := range Batches(test.set, Train, test.size, test.order) {
			n++
			assert.Nil(t, b)
			assert.EqualError(t, err, test.want)
		}
		assert.Equal(t, 1, n)
	}
}
