// Command compare compares models: what they learn, under one protocol, and what they
// cost.
//
//	go run ./cmd/compare -models lstm,ht-lstm -seeds 5 -out report
//	go run ./cmd/compare -cost
//	go run ./cmd/compare -cost -models ht-lstm,tt-lstm -threads 1 -json
//	go run ./cmd/compare -growth DIR
//
// See -h for all flags.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/interrupt"
	"github.com/tensorzoo/tensorzoo/internal/names"
)

func main() {
	err := run(listen(os.Args[1:]), os.Args[1:], os.Stdout, os.Stderr)
	if err == nil {
		return
	}
	for text := range strings.SplitSeq(err.Error(), "\n") { // a panic in a child process has many lines
		fmt.Fprintln(os.Stderr, names.Line(text))
	}
	if errors.Is(err, context.Canceled) {
		os.Exit(130) // as shells report an interrupt
	}
	var u usage
	if errors.As(err, &u) {
		os.Exit(2)
	}
	os.Exit(1)
}

// listen returns what ends when the process is asked to stop. One that trains for
// another gets a terminal's signals twice, from there and from the other: it takes them
// as one, and saves its work.
func listen(args []string) context.Context {
	if !slices.Equal(args, []string{"-job"}) {
		return interrupt.Context()
	}
	ctx, _ := signal.NotifyContext(context.Background(), interrupt.Signals()...)
	return ctx
}
