package cmdline

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	require.Equal(t, Program("train"), Other("train"), "the go command started this test")
}

// A built program names itself as it was called, and the one beside it.
func TestBuilt(t *testing.T) {
	dir := t.TempDir()
	self, err := os.ReadFile(executable(t))
	require.NoError(t, err)
	program := filepath.Join(dir, "compare")
	require.NoError(t, os.WriteFile(program, self, 0o700))
	said := func() string {
		cmd := exec.Command(program)
		cmd.Env = append(os.Environ(), saysNames+"=1")
		out, err := cmd.Output()
		require.NoError(t, err)
		return string(out)
	}
	require.Equal(t, program+"\ngo run github.com/tensorzoo/tensorzoo/cmd/train\n", said())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "train"), nil, 0o700))
	require.Equal(t, program+"\n"+filepath.Join(dir, "train")+"\n", said())
}

// saysNames is a variable that makes the test binary say how it was started.
const saysNames = "TENSORZOO_TEST_NAMES"

func TestMain(m *testing.M) {
	if os.Getenv(saysNames) != "" {
		fmt.Printf("%s\n%s\n", Program("compare"), Other("train"))
		return
	}
	os.Exit(m.Run())
}

func executable(t *testing.T) string {
	path, err := os.Executable()
	require.NoError(t, err)
	return path
}
