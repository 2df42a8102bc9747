package durable

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"
)

func text(name, content string) File {
	return File{Name: name, Write: func(w io.Writer) error { _, err := io.WriteString(w, content); return err }}
}

func failing(name string, after int) File {
	return File{Name: name, Write: func(w io.Writer) error {
		if _, err := io.WriteString(w, strings.Repeat("x", after)); err != nil {
			return err
		}
		return errors.New("disk on fire")
	}}
}

func names(t *testing.T, dir string) (list []string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func contents(t *testing.T, dir string) string {
	both, err := read(dir)
	require.NoError(t, err)
	return both
}

// read returns the contents of a and b.
func read(dir string) (both string, err error) {
	err = ReadDir(dir, func(f *Folder) error {
		a, err := f.File("a", 10)
		if err != nil {
			return err
		}
		b, err := f.File("b", 10)
		both = string(a) + " " + string(b)
		return err
	})
	return both, err
}

func TestWriteDir(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "deep", "d")
	require.False(t, Exists(dir))
	require.NoError(t, WriteDir(dir, text("a", "1"), text("b", "2")))
	require.True(t, Exists(dir))
	require.Equal(t, "1 2", contents(t, dir))
	require.NoError(t, WriteDir(dir+"/", text("a", "3"), text("b", "4"), text("c", "5")))
	require.Equal(t, "3 4", contents(t, dir))
	require.NoError(t, WriteDir(dir, text("a", "6"), text("b", "7")))
	require.Equal(t, []string{"SHA256SUMS", "a", "b"}, names(t, dir), "no file of the one before")
	require.Equal(t, []string{"d"}, names(t, filepath.Dir(dir)))
}

// A writer that fails, as on a full disk, changes nothing and leaves nothing.
func TestFailureChangesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	require.NoError(t, WriteDir(dir, text("a", "1"), text("b", "2")))
	for _, after := range []int{0, 10, 3 << 20} {
		require.EqualError(t, WriteDir(dir, text("a", "3"), failing("b", after)), "disk on fire")
		require.Equal(t, "1 2", contents(t, dir))
		require.Equal(t, []string{"d"}, names(t, filepath.Dir(dir)))

		file := filepath.Join(dir, "a")
		require.EqualError(t, WriteFile(file, failing("a", after).Write), "disk on fire")
		require.Equal(t, "1 2", contents(t, dir))
	}
	require.Error(t, WriteFile(dir, text("", "").Write), "dir is a folder")
	require.Equal(t, []string{"d"}, names(t, filepath.Dir(dir)))
}

// Whatever a kill left, the last complete folder is read, and the next one is
// written. The states are those between the steps of WriteDir.
func TestKilledAnywhere(t *testing.T) {
	for state, leave := range map[string]func(dir string) (want string){
		"half of the first": func(dir string) string {
			require.NoError(t, os.Mkdir(dir+".new", 0o777))
			require.NoError(t, os.WriteFile(dir+".new/a", []byte("3"), 0o666))
			return ""
		},
		"half of a later one": func(dir string) string {
			require.NoError(t, WriteDir(dir, text("a", "1"), text("b", "2")))
			require.NoError(t, os.Mkdir(dir+".new", 0o777))
			require.NoError(t, os.WriteFile(dir+".new/a", []byte("3"), 0o666))
			return "1 2"
		},
		"between the renames": func(dir string) string {
			require.NoError(t, WriteDir(dir+".new", text("a", "3"), text("b", "4")))
			require.NoError(t, WriteDir(dir+".old", text("a", "1"), text("b", "2")))
			return "1 2"
		},
		"before the old one goes": func(dir string) string {
			require.NoError(t, WriteDir(dir, text("a", "3"), text("b", "4")))
			require.NoError(t, WriteDir(dir+".old", text("a", "1"), text("b", "2")))
			return "3 4"
		},
		"half of the old one gone": func(dir string) string {
			require.NoError(t, WriteDir(dir, text("a", "3"), text("b", "4")))
			require.NoError(t, os.Mkdir(dir+".old", 0o777))
			return "3 4"
		},
	} {
		dir := filepath.Join(t.TempDir(), "d")
		want := leave(dir)
		require.Equal(t, want != "", Exists(dir), state)
		if want != "" {
			require.Equal(t, want, contents(t, dir), state)
		}
		require.NoError(t, WriteDir(dir, text("a", "5"), text("b", "6")), state)
		require.Equal(t, "5 6", contents(t, dir), state)
		require.Equal(t, []string{"d"}, names(t, filepath.Dir(dir)), state)
	}
}

func TestDamageIsFound(t *testing.T) {
	for want, damage := range map[string]func(dir string) error{
		"a is not the file that was written: its checksum differs from SHA256SUMS": func(dir string) error { return os.WriteFile(dir+"/a", []byte("2"), 0o666) },
		"a: no such file":               func(dir string) error { return os.Remove(dir + "/a") },
		"SHA256SUMS: no such file":      func(dir string) error { return os.Remove(dir + "/SHA256SUMS") },
		"b is not listed in SHA256SUMS": func(dir string) error { return WriteDir(dir, text("a", "1")) },
		"SHA256SUMS is damaged: line 1": func(dir string) error { return os.WriteFile(dir+"/SHA256SUMS", nil, 0o666) },
		"SHA256SUMS is damaged: line 2": func(dir string) error { return mangle(dir+"/SHA256SUMS", 76) },
		"a is not a file":               func(dir string) error { return firstOf(os.Remove(dir+"/a"), os.Mkdir(dir+"/a", 0o777)) },
		"SHA256SUMS is damaged: line 3": func(dir string) error { return mangle(dir+"/SHA256SUMS", -1) },
		"d: no such file or directory":  os.RemoveAll,
		"SHA256SUMS is not a file": func(dir string) error {
			return firstOf(os.Remove(dir+"/SHA256SUMS"), os.Symlink("/dev/zero", dir+"/SHA256SUMS"))
		},
		"SHA256SUMS: it has 1048577 bytes; want at most 1048576": func(dir string) error { return os.Truncate(dir+"/SHA256SUMS", 1<<20+1) },
		"a: it has 11 bytes; want at most 10":                    func(dir string) error { return os.Truncate(dir+"/a", 11) },
		"b is not the file that was written: its checksum": func(dir string) error {
			other := filepath.Join(filepath.Dir(dir), "other")
			return firstOf(os.Remove(dir+"/b"), os.WriteFile(other, []byte("3"), 0o666), os.Symlink(other, dir+"/b"))
		},
		"b: no such file or directory": func(dir string) error {
			return firstOf(os.Remove(dir+"/b"), os.Symlink("../gone", dir+"/b"))
		},
		"b is not the file that was writte": func(dir string) error { return os.Truncate(dir+"/b", 0) },
	} {
		dir := filepath.Join(t.TempDir(), "d")
		require.NoError(t, WriteDir(dir, text("a", "1"), text("b", "2")))
		require.NoError(t, damage(dir))
		_, err := read(dir)
		require.ErrorContains(t, err, want)
	}
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// mangle cuts a file to a length, or writes its first line again at its end.
func mangle(path string, length int) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if length >= 0 {
		return os.WriteFile(path, data[:length], 0o666)
	}
	first, _, _ := strings.Cut(string(data), "\n")
	return os.WriteFile(path, []byte(string(data)+first+"\n"), 0o666)
}

// A reader finds one whole folder or another while they are exchanged.
func TestReadWhileWriting(t *testing.T) {
	t.Parallel() // it waits for the disk
	dir := filepath.Join(t.TempDir(), "d")
	require.NoError(t, WriteDir(dir, text("a", "0"), text("b", "0")))
	done := make(chan error, 1)
	go func() {
		for k := range 50 {
			if err := WriteDir(dir, text("a", fmt.Sprint(k)), text("b", fmt.Sprint(k))); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	reads := 0
	for {
		select {
		case err := <-done:
			require.NoError(t, err)
			require.Positive(t, reads)
			return
		default:
			both, err := read(dir)
			require.NoError(t, err)
			a, b, _ := strings.Cut(both, " ")
			require.Equal(t, a, b)
			reads++
		}
	}
}

// A folder of links is one as the caches of model hubs and git-annex have it, and
// other programs write the checksums in their own ways.
func TestLinksAndOtherSums(t *testing.T) {
	for name, change := range map[string]func(sums string) string{
		"as written":      func(sums string) string { return sums },
		"binary mode":     func(sums string) string { return strings.ReplaceAll(sums, "  ", " *") },
		"line ends CR LF": func(sums string) string { return strings.ReplaceAll(sums, "\n", "\r\n") },
		"both":            func(sums string) string { return strings.NewReplacer("  ", " *", "\n", "\r\n").Replace(sums) },
		"capitals":        func(sums string) string { return strings.ToUpper(sums[:64]) + sums[64:] },
	} {
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			dir, blobs := filepath.Join(top, "d"), filepath.Join(top, "blobs")
			require.NoError(t, WriteDir(blobs, text("a", "1"), text("b", "2")))
			sums, err := os.ReadFile(filepath.Join(blobs, Sums))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(blobs, Sums), []byte(change(string(sums))), 0o666))
			require.NoError(t, os.Mkdir(dir, 0o777))
			for _, file := range names(t, blobs) {
				require.NoError(t, os.Symlink(filepath.Join("..", "blobs", file), filepath.Join(dir, file)))
			}
			require.Equal(t, "1 2", contents(t, dir))
			require.NoError(t, os.Symlink("d", filepath.Join(top, "link")))
			require.Equal(t, "1 2", contents(t, filepath.Join(top, "link")))
		})
	}
}

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(path, []byte("12345"), 0o666))
	data, err := ReadFile(path, 5)
	require.NoError(t, err)
	require.Equal(t, "12345", string(data))
	_, err = ReadFile(path, 4)
	require.EqualError(t, err, "read "+path+": it has 5 bytes; want at most 4")
	_, err = ReadFile(path+"2", 5)
	require.ErrorIs(t, err, os.ErrNotExist)
	if _, err := os.Stat("/dev/zero"); err == nil { // has no size and no end
		_, err = ReadFile("/dev/zero", 5)
		require.EqualError(t, err, "read /dev/zero: it has more than 5 bytes")
	}
}
