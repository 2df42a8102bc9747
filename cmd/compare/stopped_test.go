//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/internal/interrupt"
)

// Whatever stops it, a comparison ends in one line that says what is kept and how to go
// on, and the runs under way have saved their work.
func TestStopped(t *testing.T) {
	program, err := os.Executable()
	require.NoError(t, err)
	models, _, _ := strings.Cut(specs(t), ",")
	for _, s := range interrupt.Signals() { // under nohup the end of the terminal is none
		dir := t.TempDir()
		var said bytes.Buffer
		cmd := exec.Command(program, "-models", models, "-out", dir, "-split", "few-subjects", "-epochs", "100000", "-rates", "1e-3", "-seeds", "2", "-jobs", "1")
		cmd.Env, cmd.Stderr = append(os.Environ(), asCommand+"=1"), &said
		require.NoError(t, cmd.Start())
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		saved := func() bool {
			found, err := filepath.Glob(filepath.Join(dir, "runs", "tt", "*", "checkpoints", "last"))
			return err == nil && len(found) > 0
		}
		require.Eventually(t, saved, time.Minute, 10*time.Millisecond)
		require.NoError(t, cmd.Process.Signal(s))
		require.Error(t, <-ended)
		require.Equal(t, 130, cmd.ProcessState.ExitCode(), said.String())
		require.True(t, saved())
		require.Regexp(t, `^compare: stopped; 0 of 2 runs have ended and are kept in `+dir+`, those under way from their last checkpoint; go on with: \S+ .*-out `+dir+`.*\n$`, said.String())
	}
}
