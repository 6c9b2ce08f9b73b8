//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// stopSignals ask a command to finish what it is in, keep it and end. A scheduler
// sends those after the first; after them the work is to go on elsewhere.
var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1}

// ignoreClosedPipes makes writing to a pipe that nobody reads an error and not
// the end of the process.
func ignoreClosedPipes() { signal.Ignore(syscall.SIGPIPE) }
