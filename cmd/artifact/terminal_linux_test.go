package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal: what a program writes to the second file is
// read from the first.
func terminal(t *testing.T, columns uint16) (outside, inside *os.File) {
	t.Helper()
	outside, inside, err := openTerminal(columns)
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	t.Cleanup(func() { outside.Close(); inside.Close() })
	return outside, inside
}

func openTerminal(columns uint16) (outside, inside *os.File, err error) {
	outside, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	fd := int(outside.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	err = errors.Join(err, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0),
		unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}))
	if err == nil {
		inside, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	return outside, inside, err
}

// runOnTerminal is a program for stories:
//
//	terminal [-stdin] KEYS COMMAND...
//
// It runs the command with a terminal of its own, which with -stdin is standard
// input too, types the text of the file KEYS and Ctrl-D, and writes what the
// terminal shows to the file screen. (testscript's ttyout can miss the last words.)
func runOnTerminal() {
	args, onStdin := os.Args[1:], false
	if args[0] == "-stdin" {
		args, onStdin = args[1:], true
	}
	keys, err := os.ReadFile(args[0])
	if err != nil {
		fail("terminal: %v", err)
	}
	outside, inside, err := openTerminal(80)
	if err != nil {
		fail("terminal: %v", err)
	}
	cmd := exec.Command(args[1], args[2:]...)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = os.Stdout, os.Stderr, []*os.File{inside}
	if onStdin {
		cmd.Stdin = inside
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3} // the extra file
	if err := cmd.Start(); err != nil {
		fail("terminal: %v", err)
	}
	inside.Close()
	go func() { _, _ = outside.Write(append(keys, 4)) }()
	shown, _ := io.ReadAll(outside) // until EIO, when no process has the terminal open
	if err := errors.Join(cmd.Wait(), os.WriteFile("screen", shown, 0o600)); err != nil {
		fail("terminal: %v", err)
	}
	os.Exit(0)
}

// watch runs a program on a terminal, calls then as soon as its output contains a
// text, and returns all output.
func watch(t *testing.T, columns uint16, c call, text string, then func(keyboard io.Writer)) (shown string, code int) {
	t.Helper()
	cmd := c.command(t)
	outside, inside := terminal(t, columns)
	cmd.Stdout, cmd.Stderr = inside, inside
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 2} // standard error
	mustDo(t, cmd.Start())
	inside.Close()
	var all strings.Builder
	found := false
	for buffer := make([]byte, 4096); ; {
		n, err := outside.Read(buffer)
		all.Write(buffer[:n])
		if !found && strings.Contains(all.String(), text) {
			found = true
			then(outside)
		}
		if err != nil { // EIO, when the program has ended
			break
		}
	}
	_ = cmd.Wait()
	if !found {
		then(outside) // a server may wait for it
		t.Errorf("no %q was shown", text)
	}
	return all.String(), shellCode(cmd.ProcessState)
}

// TestServedInterrupts checks that an interrupt from the keyboard, which the
// command gets itself, is not forwarded, but a later signal is.
func TestServedInterrupts(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip(err)
	}
	const script = `trap 'echo interrupted' INT; trap 'echo asked; exit 3' USR1; echo ready; while :; do sleep 0.01; done`
	cmd := call{args: []string{"serve", "--", "setsid", "bash", "-c", script}}.command(t)
	outside, inside := terminal(t, 80)
	reader, writer := pipe(t)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = inside, writer, inside
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	mustDo(t, cmd.Start())
	writer.Close()
	_ = reader.SetReadDeadline(time.Now().Add(patience))
	lines := bufio.NewReader(reader)
	if _, err := lines.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if _, err := outside.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	// The echo comes when the signal was sent.
	if echo, err := bufio.NewReader(outside).ReadString('C'); err != nil || echo != "^C" {
		t.Fatalf("%q, %v", echo, err)
	}
	mustDo(t, cmd.Process.Signal(syscall.SIGUSR1))
	rest, _ := io.ReadAll(lines)
	_ = cmd.Wait()
	if got := shellCode(cmd.ProcessState); got != 3 || string(rest) != "asked\n" {
		t.Errorf("exit %d, %q", got, rest)
	}
}
