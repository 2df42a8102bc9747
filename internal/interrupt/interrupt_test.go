//go:build unix

package interrupt

import (
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// The terminal's end asks to stop, unless it is ignored, as by nohup.
func TestHangup(t *testing.T) {
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("nohup")
	}
	require.Contains(t, Signals(), syscall.SIGHUP)
	ctx := Context()
	require.NoError(t, ctx.Err())
	require.NoError(t, syscall.Kill(syscall.Getpid(), syscall.SIGHUP))
	<-ctx.Done()
	require.True(t, signal.Ignored(syscall.SIGPIPE))

	signal.Ignore(syscall.SIGHUP)
	defer signal.Reset(syscall.SIGHUP)
	require.NotContains(t, Signals(), syscall.SIGHUP)
	require.Contains(t, Signals(), syscall.SIGTERM)
}
