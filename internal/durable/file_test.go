package durable

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"
)

// A rename that a scanner holds up succeeds as soon as it lets go; one that nothing
// holds up fails once; patience ends.
func TestPatience(t *testing.T) {
	t.Parallel() // it waits
	busy, gone := errors.New("in use"), errors.New("no such file")
	held := func(err error) bool { return errors.Is(err, busy) }
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	require.NoError(t, os.WriteFile(from, []byte("1"), 0o666))
	tries := 0
	require.NoError(t, patiently(held, func() error {
		if tries++; tries <= 3 {
			return errors.Wrap(busy, "rename")
		}
		return os.Rename(from, to)
	}))
	require.Equal(t, 4, tries)
	require.FileExists(t, to)

	tries = 0
	require.Equal(t, gone, patiently(held, func() error { tries++; return gone }))
	require.Equal(t, 1, tries)

	if testing.Short() {
		return
	}
	tries = 0
	require.Equal(t, busy, patiently(held, func() error { tries++; return busy }))
	require.Equal(t, 12, tries, "after waits of 1 ms to 1,024 ms")
}

func TestLock(t *testing.T) {
	t.Parallel() // it waits
	path := filepath.Join(t.TempDir(), ".lock")
	first, locked, err := Lock(path)
	require.NoError(t, err)
	require.True(t, locked)
	_, locked, err = Lock(path)
	require.NoError(t, err)
	require.False(t, locked, "another has it")

	// One that gives it up a moment later is waited for.
	time.AfterFunc(100*time.Millisecond, func() { first.Close() })
	second, locked, err := Lock(path)
	require.NoError(t, err)
	require.True(t, locked)
	require.NoError(t, second.Close())

	_, _, err = Lock(filepath.Join(path, "no", "folder"))
	require.Error(t, err)
}
