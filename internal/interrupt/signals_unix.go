//go:build unix

package interrupt

import (
	"os"
	"os/signal"
	"syscall"
)

// Signals returns those that ask a command to finish what it is doing: Ctrl-C, SIGTERM, and
// the terminal's end, unless nohup ignores it.
func Signals() []os.Signal {
	all := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		all = append(all, syscall.SIGHUP)
	}
	return all
}

func ignorePipe() { signal.Ignore(syscall.SIGPIPE) }
