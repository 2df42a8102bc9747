package durable

import (
	"os"
	"time"
)

// Rename is os.Rename that waits a while for others to let go of what is moved.
func Rename(from, to string) error {
	return patiently(held, func() error { return os.Rename(from, to) })
}

// removeAll is os.RemoveAll that waits as long.
func removeAll(path string) error { return patiently(held, func() error { return os.RemoveAll(path) }) }

// patiently repeats what failed because another program held a file, as a virus
// scanner or a reader does on Windows: after waits that double, of two seconds in all.
// Any other error it returns at once.
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
