package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A run of videos that was started without -steps goes on with the default given.
func TestStepsOfARun(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, configFile), []byte(`{"data": "folder:x", "steps": ""}`), 0o600))
	f, _, err := parse([]string{"-resume", dir, "-steps", "6"}, io.Discard)
	require.NoError(t, err)
	require.EqualValues(t, 6, f.video.Steps)
	_, _, err = parse([]string{"-resume", dir, "-steps", "7"}, io.Discard)
	require.ErrorContains(t, err, "-steps is 7, but the run in "+dir+" was started with ")
}
