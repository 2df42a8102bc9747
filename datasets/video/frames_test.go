package video

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/internal/clipfiles"
	"github.com/tensorzoo/tensorzoo/internal/clipcache"
)

// still writes a clip of one light frame.
func still(t *testing.T, dir string) {
	require.NoError(t, os.MkdirAll(dir, 0o777))
	picture := image.NewGray(image.Rect(0, 0, 8, 6))
	for k := range picture.Pix {
		picture.Pix[k] = 200
	}
	var file bytes.Buffer
	require.NoError(t, png.Encode(&file, picture))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "1.png"), file.Bytes(), 0o666))
}

// A cache that was filled by other rules of decoding is not believed.
func TestCacheOfOtherRules(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	for _, name := range []string{"a/1", "a/2", "b/1", "b/2"} {
		still(t, filepath.Join(root, filepath.FromSlash(name)))
	}
	cache, err := clipcache.Open(dir, 0)
	require.NoError(t, err)
	paths, err := filepath.Glob(filepath.Join(root, "*", "*"))
	require.NoError(t, err)
	old := make([]byte, 4*3*3)
	for _, path := range paths {
		stamp, err := clipcache.Stamp(path)
		require.NoError(t, err)
		key, err := clipcache.Key(path, stamp, fmt.Sprintf("4x3x3 1 random %x", clipfiles.Seed(path))) // of the first rules
		require.NoError(t, err)
		require.NoError(t, cache.Put(key, old, 1))
	}
	s, err := Open(t.Context(), "folder:"+root, Options{Options: datasets.Options{Normalise: "none"}, Width: 4, Height: 3, Steps: 1, Cache: dir})
	require.NoError(t, err)
	defer s.Close()
	x := make([]float32, 4*3*3)
	for i := range s.Clips(datasets.Train) {
		_, _, err = s.Read(datasets.Train, i, x)
		require.NoError(t, err)
		for _, v := range x {
			require.EqualValues(t, 200, v)
		}
	}
}

// A pipe among the clips, or among the frames of one, is a damaged clip: nobody waits
// for it.
func TestPipesAreDamagedClips(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are none")
	}
	film(t, filepath.Join(t.TempDir(), "clip.avi"), 1) // skips without ffmpeg
	root := t.TempDir()
	for _, name := range []string{"a/1", "a/2", "b/1", "b/2"} {
		still(t, filepath.Join(root, filepath.FromSlash(name)))
	}
	pipes := []string{filepath.Join(root, "a", "3.mp4"), filepath.Join(root, "b", "2", "0.png")}
	for _, path := range pipes {
		require.NoError(t, exec.Command("mkfifo", path).Run())
	}
	reported := map[string]string{}
	s, err := Open(t.Context(), "folder:"+root, Options{Options: datasets.Options{Normalise: "none"}, Width: 4, Height: 3, Cache: t.TempDir(), MaxBad: 1, OnBad: func(path string, err error) { reported[path] = err.Error() }})
	require.NoError(t, err)
	defer s.Close()
	x := make([]float32, s.Steps()*4*3*3)
	for _, p := range []datasets.Part{datasets.Train, datasets.Test} {
		for i := range s.Clips(p) {
			if _, _, err := s.Read(p, i, x); err != nil {
				require.True(t, clipfiles.Skipped(err), err)
			}
		}
	}
	require.Equal(t, map[string]string{pipes[0]: "not a regular file, want a video", filepath.Dir(pipes[1]): "0.png: not a regular file"}, reported)
}
