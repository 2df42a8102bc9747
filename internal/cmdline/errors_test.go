package cmdline

import (
	"context"
	"flag"
	"path/filepath"
	"testing"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"
)

func TestExitCode(t *testing.T) {
	for _, test := range []struct {
		err  error
		code int
	}{
		{nil, 0}, {errors.New("a disk is full"), 1}, {Usagef("-x is %d", 3), 2}, {errors.Wrap(Usage{Err: context.DeadlineExceeded}, "train"), 2},
		{Interrupted("stopped"), 130}, {errors.Wrap(context.Canceled, "stopped"), 130}, {Usage{Err: context.Canceled}, 130},
	} {
		require.Equal(t, test.code, ExitCode(test.err), "%v", test.err)
	}
	require.EqualError(t, Usagef("-x is %d", 3), "-x is 3")
	require.EqualError(t, Interrupted("stopped"), "stopped")
}

func TestIsFolder(t *testing.T) {
	require.True(t, IsFolder(t.TempDir()))
	require.False(t, IsFolder("errors_test.go"))
	require.False(t, IsFolder(filepath.Join(t.TempDir(), "none")))
}

func TestGiven(t *testing.T) {
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	fs.Int("a", 1, "")
	fs.Int("b", 1, "")
	require.NoError(t, fs.Parse([]string{"-a", "1"}))
	require.True(t, Given(fs, "a"))
	require.False(t, Given(fs, "b"))
	for field, want := range map[string]string{"MaxGradNorm": "clip", "Dir": "out", "LearningRate": "lr", "A": "a", "None": "None"} {
		require.Equal(t, want, Field(fs, field))
	}
}
