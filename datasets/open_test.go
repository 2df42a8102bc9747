package datasets

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// allKinds ends the error for a name that is not a set's.
const allKinds = "(known: actions, npz:TRAIN.npz,TEST.npz, fashion:DIR, features:DIR, folder:DIR, hmdb51:DIR, mnist:DIR, ucf11:DIR, youtube:DIR)"

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/a.npz", nil, 0o600))
	for _, test := range []struct {
		name string
		opt  Options
		want string
	}{
		{"ucf101", Options{}, `datasets: no set is called "ucf101"; did you mean "ucf11"? ` + allKinds},
		{"", Options{}, `datasets: no set is called "" ` + allKinds},
		{"acton", Options{}, `datasets: no set is called "acton"; did you mean "actions"? ` + allKinds},
		{"Actions", Options{}, `datasets: no set is called "Actions"; did you mean "actions"? ` + allKinds},
		{"clips", Options{}, `datasets: no set is called "clips" ` + allKinds},
		{"floder:clips", Options{}, `datasets: no set is called "floder:clips"; did you mean "folder"? ` + allKinds},
		{"films:clips", Options{}, `datasets: no set is called "films:clips" ` + allKinds},
		{"npy:a.npz,b.npz", Options{}, `datasets: no set is called "npy:a.npz,b.npz"; did you mean "npz"? ` + allKinds},
		{"npz", Options{}, `datasets: no set is called "npz"; did you mean "npz:TRAIN.npz,TEST.npz"? ` + allKinds},
		{dir, Options{}, fmt.Sprintf("datasets: no set is called %q; did you mean %q? ", dir, "folder:"+dir) + allKinds},
		{dir + "/a.npz", Options{}, fmt.Sprintf("datasets: no set is called %q; did you mean %q? ", dir+"/a.npz", "npz:"+dir+"/a.npz") + allKinds},
		{dir + "/a.npz," + dir + "/b.npz", Options{}, "datasets: " + dir + "/b.npz: no such file; a set in files is npz:TRAIN.npz,TEST.npz"},
		{"mnist", Options{}, "datasets: mnist is a set in a folder; write mnist:FOLDER"},
		{"features", Options{}, "datasets: features is a set in a folder; write features:FOLDER"},
		{"actions", Options{Split: "few"}, `datasets: actions has no split "few"; did you mean "few-subjects"? (known: heldout-subjects, few-subjects, fold:2/5)`},
		{"actions", Options{Split: "held-out-subjects"}, `datasets: actions has no split "held-out-subjects"; did you mean "heldout-subjects"? (known: heldout-subjects, few-subjects, fold:2/5)`},
		{"actions", Options{Split: "random"}, `datasets: actions has no split "random" (known: heldout-subjects, few-subjects, fold:2/5)`},
		{"actions", Options{Width: 160}, "datasets: actions: Height 0 and Width 160: give both as positive numbers, or neither for the set's own size"},
		{"actions", Options{Height: -120, Width: -160}, "datasets: actions: Height -120 and Width -160: give both as positive numbers, or neither for the set's own size"},
		{"actions", Options{Height: 4097, Width: 160}, "datasets: actions: Height 4097 and Width 160: neither may exceed 4096"},
		{"actions", Options{Height: 120, Width: 1 << 30}, "datasets: actions: Height 120 and Width 1073741824: neither may exceed 4096"},
	} {
		t.Run(test.want, func(t *testing.T) {
			set, err := Open(test.name, test.opt)
			require.EqualError(t, err, test.want)
			assert.Nil(t, set)
		})
	}
}

// Everything that is offered opens, and what is not given has a default.
func TestOpenAll(t *testing.T) {
	assert.Contains(t, Names(), "actions")
	assert.Nil(t, Splits("no such set"))
	for _, name := range Names() {
		splits := Splits(name)
		require.NotEmpty(t, splits)
		for _, split := range splits {
			set, err := Open(name, Options{Split: split, Height: 30, Width: 40})
			require.NoError(t, err)
			assert.Equal(t, name+" ("+split+")", set.Name())
			assert.Equal(t, []int{30, 40, 3}, set.StepShape())
			assert.Positive(t, set.Clips(Train))
			assert.Positive(t, set.Clips(Test))
		}
		set, err := Open(name, Options{})
		require.NoError(t, err)
		assert.Equal(t, name+" ("+splits[0]+")", set.Name())
	}
}

// What a caller does to the lists it is given stays with the caller.
func TestListsAreCopies(t *testing.T) {
	set := open(t, Options{Split: heldoutSubjects})
	Names()[0], Splits("actions")[0], set.Classes()[0], set.StepShape()[0] = "x", "x", "x", -1
	assert.Equal(t, "actions", Names()[0])
	assert.Equal(t, heldoutSubjects, Splits("actions")[0])
	assert.Equal(t, "stance", set.Classes()[0])
	assert.Equal(t, 48, set.StepShape()[0])
}

func TestFrames(t *testing.T) {
	assert.True(t, Frames("actions"))
	assert.False(t, Frames("npz:a.npz,b.npz"))
	assert.False(t, Frames("no such set"))
}

func TestPartString(t *testing.T) {
	assert.Equal(t, "train", Train.String())
	assert.Equal(t, "test", Test.String())
	assert.Equal(t, "validation", Validation.String())
	assert.Equal(t, "Part(7)", Part(7).String())
}
