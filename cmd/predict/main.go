// Command predict says what clips show, by a model that cmd/train has trained.
//
//	go run ./cmd/predict -checkpoint runs/ht-lstm clip.mp4
//	go run ./cmd/predict -checkpoint runs/ht-lstm -json clips
//	camera | go run ./cmd/predict -checkpoint runs/ht-lstm -follow -
//	go run ./cmd/predict -checkpoint runs/ht-lstm -annotate out.mp4 clip.mp4
//
// See -h for all flags.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/pkg/errors"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals...)
	go func() {
		<-ctx.Done()
		stop() // the next signal ends the process as if nobody listened
	}()
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	switch {
	case err == nil:
		return
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "predict: interrupted")
		os.Exit(130) // as shells report an interrupt
	}
	fmt.Fprintln(os.Stderr, err)
	var u usage
	if errors.As(err, &u) {
		os.Exit(2)
	}
	os.Exit(1)
}
