package sets

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

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
