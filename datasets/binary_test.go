package datasets_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A program has the kinds of sets that it imports, and no others: the frames of the
// actions, 2.9 MB, are in those that import them alone.
func TestProgramsCarryWhatTheyImport(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil || testing.Short() {
		t.Skip("takes a compiler, and seconds")
	}
	frames, err := os.ReadFile("actions/frames-64x48-idx5-ubyte.gz")
	require.NoError(t, err)
	for imports, carries := range map[string]bool{"train datasets/npz": false, "datasets/actions": true} {
		source := "package main\n"
		for _, path := range bytes.Fields([]byte(imports)) {
			source += fmt.Sprintf("import _ %q\n", "github.com/tensorzoo/tensorzoo/"+string(path))
		}
		file := filepath.Join(t.TempDir(), "main.go")
		require.NoError(t, os.WriteFile(file, []byte(source+"func main() {}\n"), 0o666))
		program := filepath.Join(filepath.Dir(file), "program")
		out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", program, file).CombinedOutput()
		require.NoError(t, err, string(out))
		built, err := os.ReadFile(program)
		require.NoError(t, err)
		require.Equal(t, carries, bytes.Contains(built, frames), imports)
		t.Logf("%s: %d bytes", imports, len(built))
	}
}
