//go:build !js && !wasip1

package main

import (
	"os"
	"syscall"
)

// stopSignals end the program as an interrupt does.
var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}
