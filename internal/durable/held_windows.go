package durable

import (
	"syscall"

	"github.com/pkg/errors"
)

// held reports whether another program may have caused the error, by having a file
// open.
func held(err error) bool {
	const sharingViolation, lockViolation = syscall.Errno(32), syscall.Errno(33)
	return errors.Is(err, syscall.ERROR_ACCESS_DENIED) || errors.Is(err, sharingViolation) || errors.Is(err, lockViolation)
}
