package layout

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Videos in and below a folder, folders of frames, and what links lead to; pictures
// beside videos are not a clip, and a link that leads back ends there.
func TestFind(t *testing.T) {
	root := t.TempDir()
	for _, path := range []string{"a/1.avi", "a/poster.jpg", "b/frames/2.png", "b/frames/10.png", "b/notes.txt", "c/deep/2.MP4", "c/cover.png", ".hidden/3.avi", "d/x.npy"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(path)), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(root, path), nil, 0o666))
	}
	elsewhere := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(elsewhere, "4.mkv"), nil, 0o666))
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(root, "e")))
	require.NoError(t, os.Symlink(root, filepath.Join(elsewhere, "back")))
	got, err := Find(root, false)
	require.NoError(t, err)
	want := []string{"a/1.avi", "b/frames", "c/deep/2.MP4", "e/4.mkv"}
	for k := range want {
		want[k] = filepath.Join(root, want[k])
	}
	require.Equal(t, want, got)
	got, err = Find(filepath.Join(root, "b", "frames"), false)
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(root, "b", "frames")}, got)
	got, err = Find(root, true)
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(root, "d", "x.npy")}, got)
	_, err = Find(filepath.Join(root, "d"), false)
	require.ErrorContains(t, err, "no file ends like a video")
	_, err = Find(filepath.Join(root, "a"), true)
	require.ErrorContains(t, err, "no file ends like an array of numpy")
}
