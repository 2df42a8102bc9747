// Package interrupt handles the signals that ask a command to stop.
package interrupt

import (
	"context"
	"os"
	"os/signal"
)

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
		ignorePipe()
		signal.Stop(came)
		cancel()
	}()
	return ctx
}
