package regular

import (
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// Only a regular file is opened, also by way of a link, and nothing blocks.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	plain, link := filepath.Join(dir, "plain"), filepath.Join(dir, "link")
	require.NoError(t, os.WriteFile(plain, []byte("text"), 0o600))
	if runtime.GOOS != "windows" { // where links take a privilege
		require.NoError(t, os.Symlink(plain, link))
		file, err := Open(link)
		require.NoError(t, err)
		require.NoError(t, file.Close())
	}
	file, err := Open(plain)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	info, err := Check(plain)
	require.NoError(t, err)
	require.EqualValues(t, 4, info.Size())

	_, err = Open(filepath.Join(dir, "missing"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = Open(dir)
	require.ErrorIs(t, err, ErrNot)
	if runtime.GOOS == "windows" {
		return
	}
	fifo, socket := filepath.Join(dir, "fifo"), filepath.Join(dir, "socket")
	require.NoError(t, exec.Command("mkfifo", fifo).Run())
	listener, err := net.Listen("unix", socket)
	require.NoError(t, err)
	defer listener.Close()
	for _, path := range []string{fifo, socket, os.DevNull} {
		_, err = Open(path)
		require.ErrorIs(t, err, ErrNot, path)
	}
}
