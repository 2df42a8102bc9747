// Command train fits a tensor-decomposed recurrent classifier to a data set and
// prints how well it does and how small it is.
//
//	go run ./cmd/train -model ht-lstm
//	go run ./cmd/train -spec my.json -data npz:train.npz,test.npz -out runs/mine
//	go run ./cmd/train -resume runs/mine
//	go run ./cmd/train -eval runs/mine
//	go run ./cmd/train -list
//	go run ./cmd/train -suggest -features 57600 -hidden 256 -budget 2000
//
// See -h for all flags.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/interrupt"
	"github.com/tensorzoo/tensorzoo/internal/names"
)

func main() {
	// Tensors are large and hold no pointers: collecting often is cheap, and
	// keeps the memory of a step from standing twice.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(20)
	}
	err := run(interrupt.Context(), os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, names.Line(err.Error()))
	}
	os.Exit(cmdline.ExitCode(err))
}
