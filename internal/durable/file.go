package durable

import (
	"bufio"
	"bytes"
	"cmp"
	stderrors "errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"

	"github.com/pkg/errors"
)

// WriteFile makes the file at path hold what write writes. It is written as
// path.new first: on an error, or when the process is killed, path is as it was.
func WriteFile(path string, write func(io.Writer) error) error {
	next := path + ".new"
	err := writeFile(next, write)
	if err == nil {
		err = Rename(next, path)
	}
	if err != nil {
		os.Remove(next) // the error at hand matters more than one about tidying up
		return err
	}
	return syncDir(filepath.Dir(path))
}

// ReadFile returns the content of the file at path, which may also be a pipe. It
// returns an error, before it takes memory for them, when there are more than
// most bytes.
func ReadFile(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readAll(file, path, most)
}

// readAll reads an open file.
func readAll(file fs.File, path string, most int64) ([]byte, error) {
	most = min(most, math.MaxInt-bytes.MinRead) // of this machine
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > most {
		return nil, tooLarge(path, "it has %d bytes; want at most %d", info.Size(), most)
	}
	var data bytes.Buffer
	data.Grow(int(info.Size()) + bytes.MinRead)                            // which sees the end without growing
	if _, err := data.ReadFrom(io.LimitReader(file, most+1)); err != nil { // a pipe has no size
		return nil, err
	}
	if int64(data.Len()) > most {
		return nil, tooLarge(path, "it has more than %d bytes", most)
	}
	return data.Bytes(), nil
}

// tooLarge names the file as errors of package os do.
func tooLarge(path, format string, args ...any) error {
	return &fs.PathError{Op: "read", Path: path, Err: errors.Errorf(format, args...)}
}

// writeFile writes a file and waits until the disk has it.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close() // the second time on success, which does nothing
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(w); err != nil {
		return err
	}
	return cmp.Or(w.Flush(), f.Sync(), f.Close())
}

// syncDir makes renames in dir last through a loss of power.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // which has no such call
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, stderrors.ErrUnsupported) && !errors.Is(err, os.ErrInvalid) {
		return err // some file systems have no sync for folders
	}
	return nil
}
