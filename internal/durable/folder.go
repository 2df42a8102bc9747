// Package durable writes files and folders so that a reader always finds the
// last complete one, even if the writer was killed or the disk was full.
//
// What is written stands next to its final place as NAME.new, synced to the disk, until it takes the
// place of NAME. A file does so in one rename. A folder needs two; between them the earlier one is
// NAME.old and the one to read. Where another program has a file open and the system minds, as Windows
// does, a rename is tried again for two seconds. A file SHA256SUMS in a folder, as sha256sum writes it,
// reveals damage.
package durable

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
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
	last := File{Sums, func(w io.Writer) error { _, err := sums.WriteTo(w); return err }}
	for _, f := range append(slices.Clip(files), last) {
		sum := sha256.New()
		err := writeFile(filepath.Join(dir, f.Name), func(w io.Writer) error { return f.Write(io.MultiWriter(w, sum)) })
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sum.Sum(nil), f.Name)
	}
	return syncDir(dir)
}

// Exists reports whether dir, or what a killed writer left of it, is there.
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

// Folder is a folder that ReadDir or ReadFS has open.
type Folder struct {
	fsys fs.FS
	path string // on disk, "" elsewhere
	sums map[string][sha256.Size]byte
}

// ReadDir calls read with the folder dir. While a run writes, the folder may be replaced
// under a reader: then read fails and is called again, with the new one. It returns
// read's error, or its own when there is no folder with a SHA256SUMS.
func ReadDir(dir string, read func(*Folder) error) error {
	const tries = 50
	for try := 1; ; try++ {
		exchanged, err := readOnce(dir, read)
		if err == nil || !exchanged || try == tries {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

// readOnce also reports whether an error may be because another folder is in the place of dir by now.
func readOnce(dir string, read func(*Folder) error) (exchanged bool, err error) {
	path := current(dir)
	var mine fs.FileInfo
	root, err := os.OpenRoot(path)
	if err == nil {
		defer root.Close() // only then may another folder take its inode
		mine, _ = root.Stat(".")
		err = (&Folder{fsys: root.FS(), path: path}).read(read)
	}
	now, _ := os.Stat(current(dir))
	return (mine != nil || now != nil) && !os.SameFile(mine, now), err
}

// ReadFS calls read with the folder that fsys is, which nobody may be writing.
func ReadFS(fsys fs.FS, read func(*Folder) error) error { return (&Folder{fsys: fsys}).read(read) }

func (f *Folder) read(read func(*Folder) error) (err error) {
	if f.sums, err = f.readSums(); err != nil {
		return err
	}
	return read(f)
}

// Has reports whether a file is listed in SHA256SUMS.
func (f *Folder) Has(name string) bool {
	_, ok := f.sums[name]
	return ok
}

// File returns the content of a file. It returns an error when it is missing, has more
// than most bytes, which is checked before any is read, or does not match its checksum.
func (f *Folder) File(name string, most int64) ([]byte, error) {
	want, ok := f.sums[name]
	if !ok {
		return nil, errors.Errorf("%s is not listed in %s", name, Sums)
	}
	data, err := f.content(name, most)
	if err != nil {
		return nil, err
	}
	if sha256.Sum256(data) != want {
		return nil, errors.Errorf("%s is not the file that was written: its checksum differs from %s", name, Sums)
	}
	return data, nil
}

// mostSums bounds SHA256SUMS, a line of which has less than 400 bytes.
const mostSums = 1 << 20

// readSums reads the lines of sha256sum, also of its binary mode, which marks names
// with a *, and with the line ends of Windows.
func (f *Folder) readSums() (map[string][sha256.Size]byte, error) {
	data, err := f.content(Sums, mostSums)
	if err != nil {
		return nil, err
	}
	sums := map[string][sha256.Size]byte{}
	for n, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		digits, name, ok := strings.Cut(strings.TrimSuffix(line, "\r"), " ")
		marked := ok && name != "" && (name[0] == ' ' || name[0] == '*')
		sum, err := hex.DecodeString(digits)
		if !marked || err != nil || len(sum) != sha256.Size || sums[name[1:]] != [sha256.Size]byte{} {
			return nil, errors.Errorf("%s is damaged: line %d is no checksum of a file", Sums, n+1)
		}
		sums[name[1:]] = [sha256.Size]byte(sum)
	}
	return sums, nil
}

// content reads a regular file: a pipe or a device would have no end. A link may
// lead out of the folder, as in the cache of a model hub; checksums decide.
func (f *Folder) content(name string, most int64) ([]byte, error) {
	fsys := f.fsys
	info, err := fs.Lstat(fsys, name)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if f.path != "" {
			fsys = os.DirFS(f.path)
		}
		info, err = fs.Stat(fsys, name)
	}
	if err != nil {
		return nil, reason(name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.Errorf("%s is not a file", name)
	}
	file, err := fsys.Open(name)
	if err != nil {
		return nil, reason(name, err)
	}
	defer file.Close()
	data, err := readAll(file, name, most)
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
