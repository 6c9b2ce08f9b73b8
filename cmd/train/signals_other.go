//go:build !unix

package main

import (
	"os"
	"syscall"
)

// stopSignals ask a command to finish what it is in, keep it and end.
var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}

// ignoreClosedPipes has nothing to do: closed pipes send no signal here.
func ignoreClosedPipes() {}
