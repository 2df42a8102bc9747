//go:build unix

package compare

import (
	"syscall"
	"time"
)

// ProcessorTime is what this process has taken of all cores so far; 0 where the system
// does not say.
func ProcessorTime() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
