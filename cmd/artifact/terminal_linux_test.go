package main

import (
	"bufio"
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
	outside, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	t.Cleanup(func() { outside.Close() })
	mustDo(t, unix.IoctlSetPointerInt(int(outside.Fd()), unix.TIOCSPTLCK, 0))
	number := must(unix.IoctlGetInt(int(outside.Fd()), unix.TIOCGPTN))(t)
	inside = must(os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0))(t)
	t.Cleanup(func() { inside.Close() })
	mustDo(t, unix.IoctlSetWinsize(int(outside.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}))
	return outside, inside
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
