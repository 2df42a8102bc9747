package durable

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"
)

// Sums is the name of the file with the checksums of the others.
const Sums = "SHA256SUMS"

// File is a file of a folder to write.
type File struct {
	Name  string // without a path
	Write func(io.Writer) error
}

// WriteDir makes dir hold exactly these files and SHA256SUMS, which lists their
// checksums. On an error ReadDir finds what it found before.
func WriteDir(dir string, files ...File) error {
	dir = filepath.Clean(dir)
	next, old := dir+".new", dir+".old"
	if err := removeAll(next); err != nil { // what a killed writer left
		return err
	}
	if err := fill(next, files); err != nil {
		removeAll(next) // the error at hand matters more than one about tidying up
		return err
	}
	if _, err := os.Lstat(dir); err == nil {
		if err := removeAll(old); err != nil {
			return err
		}
		if err := Rename(dir, old); err != nil {
			return err
		}
	}
	if err := Rename(next, dir); err != nil {
		Rename(old, dir) // where this fails too, old is where readers look
		return err
	}
	if err := syncDir(filepath.Dir(dir)); err != nil {
		return err
	}
	return removeAll(old)
}

func fill(dir string, files []File) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	var sums bytes.Buffer
	for _, f := range files {
		sum := sha256.New()
		err := writeFile(filepath.Join(dir, f.Name), func(w io.Writer) error { return f.Write(io.MultiWriter(w, sum)) })
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sum.Sum(nil), f.Name)
	}
	err := writeFile(filepath.Join(dir, Sums), func(w io.Writer) error { _, err := w.Write(sums.Bytes()); return err })
	if err != nil {
		return err
	}
	return syncDir(dir)
}

// Exists tells whether dir, or what a killed writer left of it, is there.
func Exists(dir string) bool {
	_, err := os.Stat(current(dir))
	return err == nil
}

// current is where the last complete folder is.
func current(dir string) string {
	dir = filepath.Clean(dir)
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(dir + ".old"); err == nil {
			return dir + ".old"
		}
	}
	return dir
}

// ReadDir returns the contents of the named files of dir, of all that it holds
// without names. It returns an error when one is missing, or is not the one whose
// checksum was written. While a run writes, the folder may be exchanged under a
// reader: then it reads the new one. All files are of one folder.
func ReadDir(dir string, names ...string) (map[string][]byte, error) {
	const tries = 50
	for try := 1; ; try++ {
		files, exchanged, err := readOnce(dir, names)
		if err == nil || !exchanged || try == tries {
			return files, err
		}
		time.Sleep(time.Millisecond)
	}
}

// readOnce also tells whether an error may be because another folder is in the
// place of dir by now.
func readOnce(dir string, names []string) (files map[string][]byte, exchanged bool, err error) {
	root, err := os.OpenRoot(current(dir))
	if err != nil {
		_, err2 := os.Stat(current(dir)) // it may have been there before or be there now
		return nil, err2 == nil, err
	}
	defer root.Close()
	if files, err = readFiles(root, names); err == nil {
		return files, false, nil
	}
	mine, err1 := root.Stat(".")
	now, err2 := os.Stat(current(dir))
	return nil, err1 != nil || err2 != nil || !os.SameFile(mine, now), err
}

func readFiles(root *os.Root, names []string) (map[string][]byte, error) {
	sums, err := readSums(root)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(sums))
	}
	files := map[string][]byte{}
	for _, name := range names {
		want, ok := sums[name]
		if !ok {
			return nil, errors.Errorf("%s is not listed in %s", name, Sums)
		}
		data, err := readFile(root, name)
		if err != nil {
			return nil, err
		}
		if sha256.Sum256(data) != want {
			return nil, errors.Errorf("%s is not the file that was written: its checksum differs from %s", name, Sums)
		}
		files[name] = data
	}
	return files, nil
}

func readSums(root *os.Root) (map[string][sha256.Size]byte, error) {
	data, err := readFile(root, Sums)
	if err != nil {
		return nil, err
	}
	sums := map[string][sha256.Size]byte{}
	for n, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		digits, name, ok := strings.Cut(line, "  ")
		sum, err := hex.DecodeString(digits)
		if !ok || err != nil || len(sum) != sha256.Size || sums[name] != [sha256.Size]byte{} {
			return nil, errors.Errorf("%s is damaged: line %d is no checksum of a file", Sums, n+1)
		}
		sums[name] = [sha256.Size]byte(sum)
	}
	return sums, nil
}

// readFile reads a regular file: a pipe or a device would have no end.
func readFile(root *os.Root, name string) ([]byte, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, reason(name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.Errorf("%s is not a file", name)
	}
	data, err := root.ReadFile(name)
	return data, reason(name, err)
}

// reason drops the system call from an error, which os.Root names in its own way.
func reason(name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return errors.Wrap(err, name)
}
