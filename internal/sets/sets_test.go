package sets

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets/video"
)

func TestFrames(t *testing.T) {
	for data, frames := range map[string]bool{
		"actions": true, "folder:clips": true, "ucf11:clips": true, "hmdb51:clips": true, "youtube:clips": true,
		"npz:a.npz,b.npz": false, "features:clips": false, "mnist:clips": false, "fashion:clips": false, "no such set": false,
	} {
		assert.Equal(t, frames, Frames(data), data)
	}
}

// Options that a kind does not have, and sets that there are not.
func TestOpenErrors(t *testing.T) {
	t.Chdir(t.TempDir())
	size := Options{Options: video.Options{Height: 3, Width: 4}}
	for _, test := range []struct {
		data string
		opt  Options
		want string
	}{
		{"npz:a.npz,b.npz", size, "datasets: npz:a.npz,b.npz is not scaled to 4x3; leave the size out (-size)"},
		{"features:x", size, "datasets: features:x is not scaled to 4x3; leave the size out (-size)"},
		{"mnist:x", size, "datasets: mnist:x is not scaled to 4x3; leave the size out (-size)"},
		{"fashion:x", size, "datasets: fashion:x is not scaled to 4x3; leave the size out (-size)"},
		{"actions", Options{Sequence: "rows"}, `datasets: actions has no sequences "rows"; mnist:DIR and fashion:DIR have`},
		{"npz:a.npz", Options{Sequence: "rows"}, `datasets: npz:a.npz has no sequences "rows"; mnist:DIR and fashion:DIR have`},
		{"features:x", Options{Sequence: "rows"}, `datasets: features:x has no sequences "rows"; mnist:DIR and fashion:DIR have`},
		{"folder:x", Options{Sequence: "rows"}, `datasets: folder:x has no sequences "rows"; mnist:DIR and fashion:DIR have`},
		{"mnist:x", Options{Sequence: "row"}, `datasets: mnist:x: there is no sequence "row"; want rows, bands:4 or another divisor of 28, pixels, or digits:10 or another number`},
		{"mnist", Options{}, `datasets: no set is called "mnist"; did you mean "mnist:DIR"? (known: actions, npz:TRAIN.npz,TEST.npz, fashion:DIR, features:DIR, folder:DIR, hmdb51:DIR, mnist:DIR, ucf11:DIR, youtube:DIR)`},
		{"npz:none.npz", Options{}, `datasets: npz:none.npz has no training file to measure the normalisation on; want npz:TRAIN.npz,TEST.npz, or a checkpoint or a split such as fold:1/5`},
		{"ucf101", Options{}, `datasets: no set is called "ucf101"; did you mean "ucf11"? (known: actions, npz:TRAIN.npz,TEST.npz, fashion:DIR, features:DIR, folder:DIR, hmdb51:DIR, mnist:DIR, ucf11:DIR, youtube:DIR)`},
	} {
		_, err := Open(t.Context(), test.data, test.opt)
		require.EqualError(t, err, test.want)
	}
}

// The sets that are opened with options of their own, and those that have none.
func TestOpen(t *testing.T) {
	opt := Options{Options: video.Options{Height: 12, Width: 16}}
	opt.Split = "few-subjects"
	set, err := Open(t.Context(), "actions", opt)
	require.NoError(t, err)
	require.Equal(t, "actions (few-subjects)", set.Name())
	require.Equal(t, []int{12, 16, 3}, set.StepShape())

	const golden = "../../datasets/npz/testdata/float32-"
	set, err = Open(t.Context(), "npz:"+golden+"train.npz,"+golden+"test.npz", Options{})
	require.NoError(t, err)
	require.NoError(t, set.Close())
}

func TestApart(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.MkdirAll(filepath.Join("clips", "a"), 0o777))
	require.NoError(t, os.Symlink(filepath.Join("clips", "a"), "link"))
	for _, test := range []struct {
		data, out string
		refused   bool
	}{
		{"folder:clips", "clips", true},
		{"folder:clips", "clips/", true},
		{"ucf11:clips", "clips/a/run", true},
		{"features:./clips", "clips/new/run", true},
		{"folder:clips", "link/run", true},
		{"folder:.", "runs/MODEL", true},
		{"folder:clips", "clips-run", false},
		{"folder:clips", "../run", false},
		{"folder:clips/a", "clips/b", false},
		{"folder:missing", "missing/run", false},
		{"mnist:clips", "clips/run", false},
		{"npz:clips", "clips", false},
		{"actions", "clips", false},
	} {
		err := Apart(test.data, test.out)
		if !test.refused {
			require.NoError(t, err, "%v", test)
			continue
		}
		require.EqualError(t, err, "-out "+test.out+" is in the folder of -data "+test.data+", where the next run would take it for clips; give a folder elsewhere")
	}
}
