//go:build js || wasip1

package main

import "os"

// stopSignals end the program; WebAssembly knows no other.
var stopSignals = []os.Signal{os.Interrupt}
