package cmdline

import (
	"errors"
	"flag"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHint(t *testing.T) {
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Int("epochs", 1, "")
	fs.Int("batch", 1, "")
	require.Equal(t, []string{"batch", "epochs"}, Names(fs))
	require.Contains(t, Hint(fs, fs.Parse([]string{"-epocks", "2"})), `did you mean "epochs"`)
	require.Empty(t, Hint(fs, fs.Parse([]string{"-epochs", "x"})))
	require.Empty(t, Hint(fs, errors.New("other")))
}
