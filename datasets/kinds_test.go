package datasets_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/actions"
	"github.com/tensorzoo/tensorzoo/datasets/features"
	"github.com/tensorzoo/tensorzoo/datasets/idx"
	"github.com/tensorzoo/tensorzoo/datasets/npz"
	"github.com/tensorzoo/tensorzoo/datasets/video"
)

// allKinds ends the error for a name that is not a set's.
const allKinds = "(known: actions, counting:NAME, npz:TRAIN.npz,TEST.npz, fashion:DIR, features:DIR, folder:DIR, hmdb51:DIR, mnist:DIR, ucf11:DIR, youtube:DIR)"

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir) // where no folder is called as a kind is
	require.NoError(t, os.WriteFile(dir+"/a.npz", nil, 0o600))
	for _, test := range []struct {
		name string
		opt  datasets.Options
		want string
	}{
		{"ucf101", datasets.Options{}, `datasets: no set is called "ucf101"; did you mean "ucf11"? ` + allKinds},
		{"", datasets.Options{}, `datasets: no set is called "" ` + allKinds},
		{"acton", datasets.Options{}, `datasets: no set is called "acton"; did you mean "actions"? ` + allKinds},
		{"Actions", datasets.Options{}, `datasets: no set is called "Actions"; did you mean "actions"? ` + allKinds},
		{"clips", datasets.Options{}, `datasets: no set is called "clips" ` + allKinds},
		{"floder:clips", datasets.Options{}, `datasets: no set is called "floder:clips"; did you mean "folder"? ` + allKinds},
		{"films:clips", datasets.Options{}, `datasets: no set is called "films:clips" ` + allKinds},
		{"npy:a.npz,b.npz", datasets.Options{}, `datasets: no set is called "npy:a.npz,b.npz"; did you mean "npz"? ` + allKinds},
		{"npz", datasets.Options{}, `datasets: no set is called "npz"; did you mean "npz:TRAIN.npz,TEST.npz"? ` + allKinds},
		{dir + "/a.npz", datasets.Options{}, fmt.Sprintf("datasets: no set is called %q ", dir+"/a.npz") + allKinds},
		{"mnist", datasets.Options{}, `datasets: no set is called "mnist"; did you mean "mnist:DIR"? ` + allKinds},
		{"features", datasets.Options{}, `datasets: no set is called "features"; did you mean "features:DIR"? ` + allKinds},
		{"actions", datasets.Options{Split: "few"}, `datasets: actions has no split "few"; did you mean "few-subjects"? (known: heldout-subjects, few-subjects, fold:2/5)`},
		{"actions", datasets.Options{Split: "held-out-subjects"}, `datasets: actions has no split "held-out-subjects"; did you mean "heldout-subjects"? (known: heldout-subjects, few-subjects, fold:2/5)`},
		{"actions", datasets.Options{Split: "random"}, `datasets: actions has no split "random" (known: heldout-subjects, few-subjects, fold:2/5)`},
	} {
		t.Run(test.want, func(t *testing.T) {
			set, err := datasets.Open(test.name, test.opt)
			require.EqualError(t, err, test.want)
			assert.Nil(t, set)
		})
	}
}

// Every kind that the error names is registered once, whatever its options are.
func TestRegister(t *testing.T) {
	assert.Equal(t, allKinds, "(known: "+strings.Join(datasets.Patterns(), ", ")+")")
	datasets.Patterns()[0] = "x"
	assert.Equal(t, "actions", datasets.Patterns()[0])
	assert.PanicsWithValue(t, "datasets: the kind npz is registered twice", func() { datasets.Register(datasets.Kind{Pattern: "npz:FILE"}) })
}

// A fold of the actions holds whole subjects, and all eight classes as often.
func TestFoldActions(t *testing.T) {
	set, err := datasets.Open("actions", datasets.Options{Split: "few-subjects"})
	require.NoError(t, err)
	prints := map[string]bool{}
	for fold := range 4 {
		f, err := datasets.Fold(set, 4, fold, 1)
		require.NoError(t, err)
		require.Equal(t, 192, f.Clips(datasets.Train))
		require.Equal(t, 64, f.Clips(datasets.Test))
		require.Equal(t, fmt.Sprintf("actions (few-subjects), fold %d of 4 of its training part", fold+1), f.Name())
		require.Equal(t, set.Normalisation(), f.Normalisation())
		subjects := map[string]bool{}
		for i := range f.Clips(datasets.Test) {
			subjects[f.Group(datasets.Test, i)] = true
		}
		require.Len(t, subjects, 1)
		prints[f.Fingerprint()] = true
	}
	require.Len(t, prints, 4)
	_, err = datasets.Fold(set, 5, 0, 1)
	require.ErrorContains(t, err, "4 training groups cannot be cut into 5 folds")
}

// The rest of a set comes through, and closing reaches the files.
func TestHoldoutOfNPZ(t *testing.T) {
	set, err := datasets.Open("npz:npz/testdata/uint8-train.npz,npz/testdata/uint8-test.npz", datasets.Options{})
	require.NoError(t, err)
	held, err := datasets.Holdout(set, 0.3, 1)
	require.NoError(t, err)
	assert.Equal(t, 3, held.Clips(datasets.Validation))
	other, err := datasets.Holdout(set, 0.3, 2)
	require.NoError(t, err)
	assert.Contains(t, held.Fingerprint(), set.Fingerprint())
	assert.NotEqual(t, held.Fingerprint(), other.Fingerprint(), "other clips are held out")
	assert.Equal(t, set.Normalisation(), held.Normalisation())
	require.NoError(t, held.Close())
	_, _, err = held.Read(datasets.Validation, 0, make([]float32, 4*24))
	assert.ErrorContains(t, err, "file already closed")
}

// Whole groups are held out, and at least one.
func TestHoldoutOfGroups(t *testing.T) {
	set, err := datasets.Open("actions", datasets.Options{})
	require.NoError(t, err)
	for fraction, subjects := range map[float64]int{0.01: 1, 0.1: 1, 0.2: 2, 0.5: 6, 0.95: 11} {
		held, err := datasets.Holdout(set, fraction, 7)
		require.NoError(t, err)
		groups := func(p datasets.Part) map[string]bool {
			all := map[string]bool{}
			for i := range held.Clips(p) {
				all[held.Group(p, i)] = true
			}
			return all
		}
		in, out := groups(datasets.Train), groups(datasets.Validation)
		require.Len(t, out, subjects, fraction)
		require.Len(t, in, 12-subjects)
		for g := range out {
			require.NotContains(t, in, g)
		}
		require.Equal(t, 64*subjects, held.Clips(datasets.Validation))
	}
	_, err = datasets.Holdout(set, 0.99, 7)
	require.ErrorContains(t, err, "leaves 0 to train on")
}

// The cuts of the actions as they were drawn first, by their fingerprints: a change
// means that published results cannot be repeated. A fold of what a validation part
// was cut out of holds whole subjects.
func TestCutsOfActionsStay(t *testing.T) {
	set, err := datasets.Open("actions", datasets.Options{Split: "few-subjects"})
	require.NoError(t, err)
	for seed, want := range []string{"-heldec4d2a98", "-held506d6c2f", "-helde3c5cc54"} {
		held, err := datasets.Holdout(set, 0.25, uint64(seed))
		require.NoError(t, err)
		require.Equal(t, set.Fingerprint()+want, held.Fingerprint())
	}
	for seed, want := range []string{"-fold506d6c2f", "-fold5fe58ae3", "-folde3c5cc54"} {
		fold, err := datasets.Fold(set, 4, seed, uint64(seed))
		require.NoError(t, err)
		require.Equal(t, set.Fingerprint()+want, fold.Fingerprint())
	}
	held, err := datasets.Holdout(set, 0.25, 1)
	require.NoError(t, err)
	fold, err := datasets.Fold(held, 3, 0, 1)
	require.NoError(t, err)
	require.Equal(t, 64, fold.Clips(datasets.Test))
	for i := range fold.Clips(datasets.Test) {
		require.Equal(t, fold.Group(datasets.Test, 0), fold.Group(datasets.Test, i))
	}
	_, err = datasets.Fold(held, 4, 0, 1)
	require.ErrorContains(t, err, "3 training groups cannot be cut into 4 folds")
}

// Two loops over one set at a time, as in training with validation.
func TestBatchesTogether(t *testing.T) {
	set, err := actions.Open(actions.Options{Height: 24, Width: 32})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for _, part := range []datasets.Part{datasets.Train, datasets.Test} {
		wg.Go(func() {
			n := 0
			for b, err := range datasets.Batches(set, part, 16, datasets.Order(100, 3, 0)) {
				if !assert.NoError(t, err) {
					return
				}
				n += b.Len
			}
			assert.Equal(t, 100, n)
		})
	}
	wg.Wait()
}

// Clips and room that are not there, of a set of frames.
func TestBatchesOfActions(t *testing.T) {
	set, err := actions.Open(actions.Options{Height: 120, Width: 160})
	require.NoError(t, err)
	for _, test := range []struct {
		size  int
		order []int
		want  string
	}{
		{2, []int{0, 768}, "datasets: actions (heldout-subjects) has no train clip 768, it has 768"},
		{100_000, []int{0}, "datasets: a batch of 100000·6·120·160·3 values from actions (heldout-subjects) does not fit in memory, use a batch size below 100000"},
	} {
		n := 0
		for b, err := range datasets.Batches(set, datasets.Train, test.size, test.order) {
			n++
			assert.Nil(t, b)
			assert.EqualError(t, err, test.want)
		}
		assert.Equal(t, 1, n)
	}
}

// A kind opens its own sets, and says so of others.
func TestKindsOpenTheirOwn(t *testing.T) {
	const name = "films:clips"
	for want, open := range map[string]func() (datasets.Set, error){
		"no set in npz files; want npz:TRAIN.npz,TEST.npz": func() (datasets.Set, error) { return npz.Open(name, datasets.Options{}) },
		"no set of pictures; want mnist:DIR":               func() (datasets.Set, error) { return idx.Open(name, idx.Options{Sequence: "digits:3"}) },
		"no set of videos; want folder:DIR":                func() (datasets.Set, error) { return video.Open(t.Context(), name, video.Options{}) },
		"no set of features; want features:DIR":            func() (datasets.Set, error) { return features.Open(t.Context(), name, features.Options{}) },
	} {
		set, err := open()
		require.ErrorContains(t, err, "datasets: "+name+": this is "+want)
		require.Nil(t, set)
	}
}
