package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSignalsLeaveBehind interrupts what cannot be interrupted: reading a list
// without a writer, and writing results without a reader.
func TestSignalsLeaveBehind(t *testing.T) {
	t.Parallel()
	for name, sig := range stopping {
		for command, args := range map[string][]string{
			"input":  {"put", "fifo"},
			"put":    {"put", "--files-from", "fifo"},
			"verify": {"verify", "-c", "fifo"},
			"key":    {"put", "--signature-key-file", "fifo", "file"},
		} {
			t.Run(command+"/"+name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				writeFile(t, filepath.Join(dir, "file"), hello)
				fifo := filepath.Join(dir, "fifo")
				mustDo(t, syscall.Mkfifo(fifo, 0o600))
				running := start(t, call{args: args, dir: dir, env: record(t, nil).env()}.command(t))
				until(t, func() bool { return waitsIn(t, running, unix.SYS_OPENAT) })
				send(t, running, sig)
				running.end(t, outcome{code: 128 + int(sig)})
			})
		}
		t.Run("writing/"+name, func(t *testing.T) {
			t.Parallel()
			_, full := pipe(t)
			// Of which the results go to a terminal more than a pipe holds.
			cmd := call{args: []string{"put", "--dry-run", "--files-from", "-"}, stdin: strings.NewReader(strings.Repeat("/dev/null\n", 5000))}.command(t)
			cmd.Stdout = full
			mustDo(t, cmd.Start())
			running := &started{Cmd: cmd}
			until(t, func() bool { return waitsIn(t, running, unix.SYS_WRITE) })
			send(t, running, sig)
			running.end(t, outcome{code: 128 + int(sig)})
		})
	}
}

// waitsIn reports whether a thread of the program is in a system call.
func waitsIn(t *testing.T, running *started, number int) bool {
	t.Helper()
	calls := must(filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", running.Process.Pid)))(t)
	return slices.ContainsFunc(calls, func(call string) bool {
		text, _ := os.ReadFile(call) // the thread may be gone
		return strings.HasPrefix(string(text), fmt.Sprintf("%d ", number))
	})
}
