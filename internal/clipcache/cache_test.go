package clipcache

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// name makes a key of a short text.
func name(text string) string { return fmt.Sprintf("%032x", text) }

func open(t testing.TB, dir string, limit int64) *Cache {
	c, err := Open(dir, limit)
	require.NoError(t, err)
	return c
}

func TestCache(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := open(t, t.TempDir(), 0)
		frames := rapid.SliceOf(rapid.Byte()).Draw(rt, "frames")
		count := rapid.IntRange(0, 1000).Draw(rt, "count")
		missing, _ := c.Count("k")
		require.Zero(rt, missing)
		require.NoError(rt, c.Put("k", frames, count))
		got, n := c.Get("k", 1<<20)
		require.True(rt, bytes.Equal(frames, got))
		require.Equal(rt, count, n)
		if len(frames) > 0 {
			got, _ = c.Get("k", int64(len(frames))-1)
			require.Nil(rt, got, "more than asked for")
		}
		n, size := c.Count("k")
		require.Equal(rt, count, n)
		require.EqualValues(rt, len(frames), size)

		// Any byte that changes, and any that is missing, is noticed.
		path := filepath.Join(c.dir, "k.clip")
		data, err := os.ReadFile(path)
		require.NoError(rt, err)
		damaged := bytes.Clone(data)
		damaged[rapid.IntRange(0, len(data)-1).Draw(rt, "at")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "flip"))
		require.NoError(rt, os.WriteFile(path, damaged, 0o600))
		got, n = c.Get("k", 1<<20)
		require.Nil(rt, got)
		require.Zero(rt, n)
		require.NoError(rt, os.WriteFile(path, data[:rapid.IntRange(0, len(data)-1).Draw(rt, "cut")], 0o600))
		got, _ = c.Get("k", 1<<20)
		require.Nil(rt, got)
	})
}

// A key changes with the video, with a frame of a folder and with the decoding.
func TestKey(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.avi")
	require.NoError(t, os.WriteFile(file, []byte("1"), 0o600))
	seen := map[string]bool{}
	name := func(path, how string) string {
		stamp, err := Stamp(path)
		require.NoError(t, err)
		key, err := Key(path, stamp, how)
		require.NoError(t, err)
		return key
	}
	fresh := func(path, how string) {
		key := name(path, how)
		require.False(t, seen[key])
		seen[key] = true
		require.Equal(t, key, name(path, how))
	}
	fresh(file, "small")
	fresh(file, "large")
	require.NoError(t, os.WriteFile(file, []byte("12"), 0o600))
	fresh(file, "small")
	require.NoError(t, os.Chtimes(file, time.Time{}, time.Unix(1e9, 1)))
	fresh(file, "small")
	fresh(dir, "small")
	require.NoError(t, os.WriteFile(file, []byte("123"), 0o600))
	fresh(dir, "small")
	_, err := Stamp(filepath.Join(dir, "b.avi"))
	require.Error(t, err)
}

// The clips that were used last stay, and the folder stays within its limit.
func TestLimit(t *testing.T) {
	const clip = 1000
	c := open(t, t.TempDir(), 10*clip)
	for k := range 9 {
		require.NoError(t, c.Put(name(fmt.Sprint(k)), make([]byte, clip), 1))
		old := time.Now().Add(time.Duration(k-100) * time.Hour)
		require.NoError(t, os.Chtimes(c.path(name(fmt.Sprint(k))), old, old))
	}
	_, n := c.Get(name("0"), 1<<20) // the oldest is used again
	require.Equal(t, 1, n)
	require.NoError(t, c.Put(name("9"), make([]byte, clip), 1))
	for key, want := range map[string]int{"0": 1, "1": 0, "9": 1} {
		count, _ := c.Count(name(key))
		require.Equal(t, want, count, key)
	}
	size := int64(0)
	for _, f := range c.files() {
		size += f.Size()
	}
	require.Equal(t, c.size, size)
	require.LessOrEqual(t, size, int64(10*clip))
	require.Equal(t, size, open(t, c.dir, 0).size)
}

// Processes that share a folder, writing and reading the same clips, find whole
// ones or none.
func TestShared(t *testing.T) {
	dir := t.TempDir()
	var wait sync.WaitGroup
	for range 4 {
		c := open(t, dir, 60_000)
		wait.Go(func() {
			for k := range 300 {
				key, clip := name(fmt.Sprint(k%17)), bytes.Repeat([]byte{byte(k % 17)}, 5000)
				if got, n := c.Get(key, 1<<20); n > 0 && !bytes.Equal(got, clip) {
					t.Error("another clip")
				}
				if err := c.Put(key, clip, 7); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	left, err := filepath.Glob(filepath.Join(dir, "*.tmp"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestOpenErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Open(file, 0)
	require.ErrorContains(t, err, "cache: ")
	// What a killed process left goes; what is somebody else's stays.
	old, other := filepath.Join(filepath.Dir(file), name("x")+"-123.tmp"), filepath.Join(filepath.Dir(file), "x.tmp")
	for _, path := range []string{old, other} {
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)))
	}
	open(t, filepath.Dir(file), 0)
	require.NoFileExists(t, old)
	require.FileExists(t, other)
}
