package durable

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The folder that a reader has open cannot be moved, until it is closed.
func TestHeld(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	require.NoError(t, WriteDir(dir, text("a", "1")))
	f, err := os.Open(filepath.Join(dir, "a"))
	require.NoError(t, err)
	err = os.Rename(dir, dir+".old")
	require.True(t, err != nil && held(err), err)
	require.NoError(t, f.Close())
	require.NoError(t, Rename(dir, dir+".old"))
}
