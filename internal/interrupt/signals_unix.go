//go:build unix

package interrupt

import (
	"os"
	"os/signal"
	"syscall"
)

func signals() []os.Signal {
	all := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		all = append(all, syscall.SIGHUP)
	}
	return all
}

func ignorePipe() { signal.Ignore(syscall.SIGPIPE) }
