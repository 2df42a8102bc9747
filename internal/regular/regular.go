// Package regular opens the files that data is read from. A pipe would block whoever
// opens it until somebody writes, and a device or a socket has no end.
package regular

import (
	"io/fs"
	"os"

	"github.com/pkg/errors"
)

// ErrNot is the error for something that is there but is not a regular file. The caller
// names the file, and says what it should be.
var ErrNot = errors.New("not a regular file")

// Check returns the file info of a regular file, following links. It returns ErrNot for a
// folder, a pipe, a device or a socket, and the system's error when there is no such
// file.
func Check(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, ErrNot
	}
	return info, err
}

// Open opens a regular file for reading. Its errors are those of Check and the
// system's. The caller closes it.
func Open(path string) (*os.File, error) {
	if _, err := Check(path); err != nil {
		return nil, err
	}
	return os.Open(path)
}
