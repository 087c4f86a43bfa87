package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// exits is a program for stories, which know success and failure only: it runs
// a command with its own streams and fails where that does not end with CODE.
// A code of 128+N asks for a command that died of signal N, which is what a
// shell makes of it.
func exits() {
	if len(os.Args) < 3 {
		fail("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fail("exits: %v", err)
	}
	cmd := exec.Command(os.Args[2], os.Args[3:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	if ended := (*exec.ExitError)(nil); err != nil && !errors.As(err, &ended) {
		fail("exits: %v", err)
	}
	if got := shellCode(cmd.ProcessState); got != want {
		fail("exits: the command ended with %d, not with %d", got, want)
	}
	os.Exit(0)
}

func shellCode(ended *os.ProcessState) int {
	if status, ok := ended.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return ended.ExitCode()
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}
