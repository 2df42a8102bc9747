// Package interrupt handles the signals that ask a command to stop.
package interrupt

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// The numbers that Unix has for the end of the terminal and for writing to nobody. Not
// every system has names for them, or sends them.
const hangup, pipe = syscall.Signal(1), syscall.Signal(13)

// Signals returns those that ask a command to finish what it is doing, as far as the system
// has them: Ctrl-C, SIGTERM, and the terminal's end, unless nohup ignores it.
func Signals() []os.Signal {
	all := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(hangup) {
		all = append(all, hangup)
	}
	return all
}

// Context returns a context that is done when the first of the Signals comes. The next
// one ends the process as if nobody listened.
func Context() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	came := make(chan os.Signal, 1)
	signal.Notify(came, Signals()...)
	go func() {
		<-came
		// What reads our output may be gone by the same signal. Writing to it must not end
		// the process before its work is saved.
		signal.Ignore(pipe)
		signal.Stop(came)
		cancel()
	}()
	return ctx
}
