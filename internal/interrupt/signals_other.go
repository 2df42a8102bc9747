//go:build !unix

package interrupt

import (
	"os"
	"syscall"
)

func signals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

func ignorePipe() {}
