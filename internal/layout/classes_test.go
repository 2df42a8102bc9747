package layout

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// plantOdd is plant where the file system keeps the names of folders as they are.
func plantOdd(t *testing.T, root string, paths ...string) {
	for _, p := range paths {
		class := filepath.Dir(p)
		if os.MkdirAll(filepath.Join(root, class), 0o777) != nil {
			t.Skip("this file system has no such names")
		}
		all, err := os.ReadDir(root)
		require.NoError(t, err)
		if !slices.ContainsFunc(all, func(e os.DirEntry) bool { return e.Name() == class }) {
			t.Skip("this file system spells names otherwise")
		}
	}
	plant(t, root, paths...)
}

func TestClassNames(t *testing.T) {
	for _, test := range []struct{ name, class, want string }{
		{"escape sequence", "\x1b[31mred", `the name "\x1b[31mred" has control characters`},
		{"line break", "a\nb", `the name "a\nb" has control characters`},
		{"latin 1", "caf\xe9", `the name "caf\xe9" is not UTF-8`},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			plantOdd(t, root, "run/1.mp4", test.class+"/1.mp4")
			_, err := Folder(root)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, root)
		})
	}
	root := t.TempDir()
	plantOdd(t, root, "caf\u00e9/1.mp4", "cafe\u0301/1.mp4")
	_, err := Folder(root)
	require.ErrorContains(t, err, `classes[1] is "caf\u00e9", as classes[0] is, "cafe\u0301"`)
}

// A copy on a file system that decomposes letters is the same set: its classes have the
// same numbers, its clips the same order, and the same ones are tested.
func TestDecomposedCopy(t *testing.T) {
	plantSet := func(accent string) *Listing {
		root := t.TempDir()
		for _, class := range []string{"ez", accent, "f"} {
			for k := range 5 {
				plantOdd(t, root, class+"/"+accent+strconv.Itoa(k)+".mp4")
			}
		}
		l, err := Folder(root)
		require.NoError(t, err)
		return l
	}
	one, other := plantSet("\u00e9"), plantSet("e\u0301")
	require.Equal(t, []string{"ez", "f", "\u00e9"}, one.Classes)
	require.Equal(t, []string{"ez", "f", "e\u0301"}, other.Classes)
	for k, c := range one.Clips {
		require.Equal(t, c.Class, other.Clips[k].Class)
		require.Equal(t, filepath.Base(c.Path)[len("\u00e9"):], filepath.Base(other.Clips[k].Path)[len("e\u0301"):])
	}
	train, test, err := one.Cut("random")
	require.NoError(t, err)
	train2, test2, err := other.Cut("random")
	require.NoError(t, err)
	require.Equal(t, train, train2)
	require.Equal(t, test, test2)
}
