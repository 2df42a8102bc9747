package datasets

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOpenErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		opt  Options
		want string
	}{
		{"ucf101", Options{}, `datasets: no set is called "ucf101" (known: actions)`},
		{"", Options{}, `datasets: no set is called "" (known: actions)`},
		{"acton", Options{}, `datasets: no set is called "acton"; did you mean "actions"? (known: actions)`},
		{"Actions", Options{}, `datasets: no set is called "Actions"; did you mean "actions"? (known: actions)`},
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
