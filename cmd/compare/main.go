// Command compare sets models side by side: what they learn, under one protocol,
// and what they cost.
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

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/interrupt"
)

func main() {
	err := run(interrupt.Context(), os.Args[1:], os.Stdout, os.Stderr)
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, err)
	if errors.Is(err, context.Canceled) {
		os.Exit(130) // as shells report an interrupt
	}
	var u usage
	if errors.As(err, &u) {
		os.Exit(2)
	}
	os.Exit(1)
}
