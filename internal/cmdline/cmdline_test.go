package cmdline

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/internal/names"
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

// Control characters are written so that no terminal acts on them.
func TestQuoteControl(t *testing.T) {
	require.Equal(t, `$'runs/\033[2J it\047s\012'`, Quote("runs/\x1b[2J it's\n"))
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOf(rapid.RuneFrom([]rune("a0 '\"\\$`é\x1b\n\r\x7f\u009b\u202e"))).Draw(t, "word") + rapid.SampledFrom([]string{"", "\xe9"}).Draw(t, "byte")
		quoted := Quote(word)
		require.Equal(t, names.Line(quoted), quoted)
		out, err := exec.Command(shell, "-c", "printf %s "+quoted).Output()
		require.NoError(t, err)
		require.Equal(t, word, string(out))
	})
}

func TestProgram(t *testing.T) {
	require.NotEmpty(t, Program("train"))
}
