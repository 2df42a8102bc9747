package durable

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	stderrors "errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/gofrs/flock"
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

// ReadFile returns the content of the file at path, which may also be a pipe. It returns an error,
// before it takes memory for them, when there are more than most bytes.
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

// Rename is os.Rename that waits a while for others to let go of what is moved.
func Rename(from, to string) error {
	return patiently(held, func() error { return os.Rename(from, to) })
}

// removeAll is os.RemoveAll that waits as long.
func removeAll(path string) error { return patiently(held, func() error { return os.RemoveAll(path) }) }

// patiently repeats what failed because another program held a file, as a virus scanner or a reader does
// on Windows: after waits that double, of two seconds in all. Any other error it returns at once.
func patiently(held func(error) bool, try func() error) error {
	const longest = 1024 * time.Millisecond
	for wait := time.Millisecond; ; wait *= 2 {
		err := try()
		if err == nil || !held(err) || wait > longest {
			return err
		}
		time.Sleep(wait)
	}
}

// held reports whether another program may have caused the error, by having a file
// open. Only Windows minds, with the errors 5, access denied, and those of sharing and locks.
func held(err error) bool {
	var code syscall.Errno
	return runtime.GOOS == "windows" && errors.As(err, &code) && (code == 5 || code == 32 || code == 33)
}

// Lock locks the file at path until the lock is closed or the process ends, and reports whether it
// could: false where another process has it and keeps it. One that was killed has a second to end.
func Lock(path string) (_ *flock.Flock, locked bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	lock := flock.New(path)
	locked, err = lock.TryLockContext(ctx, 20*time.Millisecond)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	return lock, locked, err
}
