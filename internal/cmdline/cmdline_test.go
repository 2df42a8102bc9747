package cmdline

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/errors"
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

// What the go command started is started by it again, as the folder that the user is in
// allows.
func TestProgram(t *testing.T) {
	if !strings.Contains(executable(t), "go-build") {
		t.Skip("the go command did not start this test")
	}
	module, err := filepath.Abs("../..")
	require.NoError(t, err)
	elsewhere, tool := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(tool, "go.mod"), []byte("module mine\n\ntool github.com/tensorzoo/tensorzoo/cmd/train\n"), 0o600))
	for dir, want := range map[string]string{
		module: "go run ./cmd/train", elsewhere: "go run github.com/tensorzoo/tensorzoo/cmd/train", tool: "go tool train",
	} {
		t.Chdir(dir)
		require.Equal(t, want, Program("train"))
		require.Equal(t, want, Other("train"))
	}
}

// Help names the program as it was started, and lists the flags.
func TestParse(t *testing.T) {
	var out bytes.Buffer
	fs := flag.NewFlagSet("train", flag.ContinueOnError)
	fs.Int("epochs", 8, "passes over the clips")
	helped, err := Parse(fs, []string{"-h"}, "go run ./cmd/train -x\n", &out)
	require.NoError(t, err)
	require.True(t, helped)
	require.Equal(t, Program("train")+" -x\n  -epochs int\n    \tpasses over the clips (default 8)\n", out.String())
	helped, err = Parse(fs, []string{"-epochs", "x"}, "", &out)
	require.False(t, helped)
	require.EqualError(t, err, "train: -epochs is x; want a whole number")
	require.Equal(t, 2, ExitCode(err))
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
