package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// elapsed matches what varies in a summary.
var elapsed = regexp.MustCompile(` in [0-9][0-9.a-zµ]*( \([^)]*/s\))?\n`)

// systemWords replaces wine's error texts by those of Linux.
var systemWords = strings.NewReplacer("File not found.", "no such file or directory", "Invalid function.", "is a directory")

// exits is a program for stories, which know success and failure only: it runs
// a command and fails if that does not end with CODE. A code of 128+N asks for a
// command that died of signal N, which is what a shell makes of it. What differs
// from run to run in the command's standard error comes out as TIME and SERVER.
func exits() {
	if len(os.Args) < 3 {
		fail("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fail("exits: %v", err)
	}
	cmd := exec.Command(os.Args[2], os.Args[3:]...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, &stderr
	err = cmd.Run()
	text := systemWords.Replace(elapsed.ReplaceAllString(stderr.String(), " in TIME\n"))
	if server := os.Getenv("SERVER"); server != "" {
		text = strings.ReplaceAll(text, strings.TrimPrefix(server, "http://"), "SERVER")
	}
	_, _ = os.Stderr.WriteString(text)
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
