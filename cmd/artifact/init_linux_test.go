package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// asInit makes cmd PID 1 of a namespace, as a container does.
func asInit(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID}
	if os.Getuid() != 0 {
		own := func(id int) []syscall.SysProcIDMap { return []syscall.SysProcIDMap{{HostID: id, Size: 1}} }
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings, cmd.SysProcAttr.GidMappings = own(os.Getuid()), own(os.Getgid())
	}
	if err := cmd.Start(); errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSPC) {
		t.Skip("no namespaces here:", err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
}

// TestInit checks the exit code after a signal as PID 1 of a container, which
// does not die of a signal that it sends itself.
func TestInit(t *testing.T) {
	t.Parallel()
	for name, sig := range stopping {
		check := func(t *testing.T, cmd *exec.Cmd, times int) {
			t.Helper()
			for range times {
				_ = cmd.Process.Signal(sig)
			}
			_ = cmd.Wait()
			if got, want := cmd.ProcessState.ExitCode(), 128+int(sig); got != want { // and no signal's end, which is -1
				t.Errorf("exit %d, want %d", got, want)
			}
		}
		for times, way := range []string{"once", "twice"} {
			t.Run("get/"+name+"/"+way, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				server, reached := halfOf(t, strings.Repeat("x", 500_000))
				cmd := call{args: []string{"get", "k", "-o", "new"}, dir: dir, env: server.env()}.command(t)
				asInit(t, cmd)
				await(t, reached)
				check(t, cmd, 1+times)
				empty(t, dir)
			})
		}
		for kind, command := range map[string][]string{"serve": nil, "command": {"--", "sh", "-c", "echo; exec sleep 100"}} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				reader, writer := pipe(t)
				cmd := call{args: append([]string{"serve", "--dir", filepath.Join(t.TempDir(), "cache")}, command...)}.command(t)
				cmd.Stdout = writer
				asInit(t, cmd)
				writer.Close()
				_ = reader.SetReadDeadline(time.Now().Add(patience))
				if _, err := bufio.NewReader(reader).ReadString('\n'); err != nil {
					t.Fatal(err)
				}
				check(t, cmd, 1)
			})
		}
	}
}
