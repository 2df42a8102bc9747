package durable

import (
	"context"
	"time"

	"github.com/gofrs/flock"
	"github.com/pkg/errors"
)

// lockPatience is how long a process that was killed may hold its locks while it ends.
const lockPatience = time.Second

// Lock locks the file at path until the lock is closed or the process ends, and reports
// whether it could: false where another process has it and keeps it.
func Lock(path string) (_ *flock.Flock, locked bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), lockPatience)
	defer cancel()
	lock := flock.New(path)
	locked, err = lock.TryLockContext(ctx, 20*time.Millisecond)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	return lock, locked, err
}
