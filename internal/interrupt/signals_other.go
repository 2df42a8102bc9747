//go:build !unix

package interrupt

import (
	"os"
	"syscall"
)

// Signals returns those that ask a command to finish what it is doing, as far as the system
// has them.
func Signals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

func ignorePipe() {}
