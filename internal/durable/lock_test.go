package durable

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLock(t *testing.T) {
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
