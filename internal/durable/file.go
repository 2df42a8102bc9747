package durable

import (
	"bufio"
	stderrors "errors"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/pkg/errors"
)

// WriteFile makes the file at path hold what write writes. It is written as
// path.new first: on an error, or when the process is killed, path is as it was.
func WriteFile(path string, write func(io.Writer) error) error {
	next := path + ".new"
	if err := writeFile(next, write); err != nil {
		os.Remove(next) // the error at hand matters more than one about tidying up
		return err
	}
	if err := Rename(next, path); err != nil {
		os.Remove(next)
		return err
	}
	return syncDir(filepath.Dir(path))
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
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
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
