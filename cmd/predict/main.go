// Command predict says what clips show, with a model that cmd/train has trained.
//
//	go run ./cmd/predict -checkpoint runs/ht-lstm clip.mp4
//	go run ./cmd/predict -checkpoint runs/ht-lstm -json clips
//	go run ./cmd/predict -checkpoint runs/mine -csv data.npz
//	camera | go run ./cmd/predict -checkpoint runs/ht-lstm -follow -
//	go run ./cmd/predict -checkpoint runs/ht-lstm -annotate out.mp4 clip.mp4
//
// See -h for all flags.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/interrupt"
	"github.com/tensorzoo/tensorzoo/internal/names"
)

func main() {
	err := run(interrupt.Context(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	if errors.Is(err, context.Canceled) {
		err = cmdline.Interrupted("predict: interrupted")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, names.Line(err.Error()))
	}
	os.Exit(cmdline.ExitCode(err))
}
