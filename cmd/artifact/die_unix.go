//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// dieOf ends the process with a signal, so that a shell's loop around it ends
// too. It returns where that is impossible: PID 1 of a container does not die of
// a signal that it sends itself.
func dieOf(sig syscall.Signal) {
	if os.Getpid() == 1 {
		return
	}
	signal.Reset(sig)
	if syscall.Kill(os.Getpid(), sig) == nil {
		time.Sleep(time.Second) // until the signal arrives
	}
}
