package cmdline

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What is quoted is one word for a shell, the one that it was.
func TestQuote(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	require.Equal(t, "runs/ht-lstm", Quote("runs/ht-lstm"))
	require.Equal(t, "''", Quote(""))
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOf(rapid.RuneFrom([]rune("az09 '\"`\\$#~!{}()[]*?&|;<>é,.:/-"))).Draw(t, "word")
		out, err := exec.Command(shell, "-c", "printf %s "+Quote(word)).Output()
		require.NoError(t, err)
		require.Equal(t, word, string(out))
	})
}

func TestProgram(t *testing.T) {
	require.NotEmpty(t, Program("train"))
}
