// Package interrupt is how a command is asked to stop: the signals, and what they end.
package interrupt

import (
	"context"
	"os"
	"os/signal"
)

// Signals are those that ask a command to finish what it is at, as far as the system
// has them: Ctrl-C, SIGTERM, and the terminal's end, unless nohup has it ignored.
func Signals() []os.Signal { return signals() }

// Context is done when the first of the Signals comes. The next one ends the process
// as if nobody listened.
func Context() context.Context {
	ctx, stop := signal.NotifyContext(context.Background(), Signals()...)
	context.AfterFunc(ctx, func() {
		// What reads our output may have gone with the same signal. Writing to it must
		// not end the process before its work is saved.
		ignorePipe()
		stop()
	})
	return ctx
}
